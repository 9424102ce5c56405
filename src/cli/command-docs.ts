import { argumentNames, type Command, mandatoryWords } from './command.ts';
import { COMMANDS } from './commands.ts';

const HEAD = `# The command line

Written by \`scripts/generate-cli-docs.ts\` from the same data as \`--help\`. From a checkout, \`npm run --silent reeve -- ARGS\`
runs it without a build.

Every command takes \`--json\` (one JSON value on standard output), \`--socket PATH\` and \`--admin-socket PATH\` (the sockets of the
daemon; by default those of the system service, and without one the user's own). With only one of the two given, the admin socket
is \`admin.sock\` beside the other, and the admin socket answers what the other one would. Results go to standard output, troubles and
hints to standard error, with \`--json\` too; a command that failed has no result. Colours appear only on a terminal and without \`NO_COLOR\`.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 denied (\`check\`) or decided otherwise (\`diff\`), 4 daemon unavailable.
`;

/** The reference page of all commands. */
export function commandDocs(): string {
  return [HEAD, ...COMMANDS.map(section)].join('\n');
}

function section(command: Command): string {
  const { path, summary, description, examples } = command;
  const options = command.options ?? [];
  const usage = ['reeve', ...path, ...argumentNames(command), ...mandatoryWords(command)];
  const rows = [
    ...(command.arguments ?? []).map((argument) => [argument.name, argument.description] as const),
    ...options.map((option) => [option.flags, option.description] as const),
  ];
  return [
    `## reeve ${path.join(' ')}`,
    '',
    `\`${usage.join(' ')}\`: ${summary}.`,
    ...(description === undefined ? [] : ['', description]),
    ...(rows.length === 0
      ? []
      : ['', '| argument | meaning |', '| --- | --- |', ...rows.map(([name, text]) => `| \`${name}\` | ${text} |`)]),
    '',
    '```sh',
    ...examples,
    '```',
    '',
  ].join('\n');
}

import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf } from '../../base/coded-error.ts';
import { shown } from '../../base/shown.ts';
import { VERSION } from '../../daemon/version.ts';
import type { BugReport } from '../../diagnosis/bugreport/gather.ts';
import { CliError } from '../cli-error.ts';
import { type CliContext, type Command, type CommandInput, flag, textOption } from '../command.ts';
import { CONFIG_OPTION } from '../daemon-configuration.ts';
import { doctorOptions } from '../doctor-options.ts';
import { Prompt } from '../prompt.ts';

const MOST_DECISIONS = 1_000;

export const bugreport: Command = {
  path: ['bugreport'],
  summary: 'gather what a report of a problem needs, without secrets, into one file that you can read first',
  description:
    'says what would be inside, and asks before it writes. secrets are left out by what they are and by how they look; the ' +
    'names of this machine, its user (under sudo also who ran it), its organisation and its policy server are replaced, unless ' +
    'you keep them; a user name of one or two characters stays outside of paths, and so do words such as `root`, `reeve` and ' +
    '`node`. decisions are inside only if you ask for them. nothing is sent anywhere. exit code: 0, 1 nothing was written.',
  options: [
    {
      flags: '--output <file>',
      description: 'where it goes (default: reeve-bugreport-TIME.txt in the current directory)',
    },
    { flags: '--decisions <count>', description: 'put the last decisions in, with hosts and paths' },
    { flags: '--with-names', description: 'keep the names of machine, user, organisation and policy server' },
    { flags: '--online', description: 'let the doctor fetch the policy, too' },
    { flags: '--list', description: 'say what would be inside, and write nothing' },
    { flags: '--yes', description: 'do not ask' },
    CONFIG_OPTION,
  ],
  examples: ['reeve bugreport', 'sudo reeve bugreport --decisions 50 --yes', 'reeve bugreport --list'],
  async run(context, input) {
    const decisions = decisionsOf(input);
    const doctor = await doctorOptions(context, input, input.options['online'] !== true);
    const { gather } = await import('../../diagnosis/bugreport/gather.ts');
    const report = await gather({ doctor, decisions, withNames: flag(input, 'withNames'), invoker: context.invoker });
    const { output } = context;
    if (flag(input, 'list')) {
      output.result({ file: null, ...contentsOf(report) }, () => contentLines(report));
      return 0;
    }
    const time = new Date().toISOString().replaceAll(/[:-]/g, '').slice(0, 15);
    const file = resolve(context.cwd, textOption(input, 'output') ?? `reeve-bugreport-${time}.txt`);
    await agree(context, input, report);
    write(file, reportText(report));
    output.result({ file, ...contentsOf(report) }, () => [`wrote ${file}: read it before you pass it on`]);
    return 0;
  },
};

function decisionsOf(input: CommandInput): number {
  const text = textOption(input, 'decisions') ?? '0';
  const count = /^\d{1,4}$/.test(text) ? Number(text) : -1;
  if (count >= 0 && count <= MOST_DECISIONS) return count;
  throw new CliError('usage', `--decisions must be from 0 to ${MOST_DECISIONS}`);
}

async function agree({ output, stdin }: CliContext, input: CommandInput, report: BugReport): Promise<void> {
  if (flag(input, 'yes')) return;
  for (const line of contentLines(report)) output.note(line);
  if (!('isTTY' in stdin) || stdin.isTTY !== true) {
    throw new CliError(
      'usage',
      'there is no terminal to ask',
      'say `--yes` to write it, or `--list` to see what is inside',
    );
  }
  const prompt = new Prompt(output, stdin);
  try {
    if (!(await prompt.confirm('Write this?', 'y'))) throw new CliError('failed', 'nothing was written');
  } finally {
    prompt.close();
  }
}

function contentsOf({ sections, redacted }: BugReport): object {
  return {
    sections: sections.map(({ name, what, text }) => ({ name, what, bytes: Buffer.byteLength(text) })),
    redacted,
  };
}

function contentLines({ sections, redacted }: BugReport): readonly string[] {
  return [
    'inside:',
    ...sections.map(({ name, what, text }) => `  ${name.padEnd(14)} ${what} (${Buffer.byteLength(text)} bytes)`),
    `${redacted} places are redacted`,
  ];
}

function reportText(report: BugReport): string {
  const parts = report.sections.map(({ name, text }) => `==== ${name} ====\n${text.trimEnd()}\n`);
  return [`reeve ${VERSION}, bug report of ${new Date().toISOString()}`, ...contentLines(report), '', ...parts].join(
    '\n',
  );
}

/** For its owner only, and never over another file. */
function write(file: string, text: string): void {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    throw new CliError('failed', `cannot write ${shown(file)} (${code})`, 'name another file with --output FILE');
  }
}

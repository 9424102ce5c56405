import { Command as Commander, CommanderError, Option } from 'commander';
import { CliError, type ExitCode } from './cli-error.ts';
import type { CliContext, Command } from './command.ts';
import { COMMANDS, GROUPS } from './commands.ts';

/** Makes the context once the global options are known. */
export type ContextFor = (json: boolean) => CliContext;

const INTRODUCTION = `reeve enforces a policy on this machine: a daemon pulls it from your organisation, keeps it, and answers on a socket whether a sandboxed agent may connect to a host or touch a path.`;

const FIRST_STEPS = `
Start here:
  reeve daemon --config /etc/reeve/reeve.yaml    run the daemon
  reeve check network api.example.com            ask it what it would answer
  reeve explain path ~/.ssh                      ask it why
  reeve COMMAND --help                           examples of every command

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 denied (check), 4 daemon unavailable.`;

/** The whole command line. `run` resolves with the exit code of the command that was named. */
export function createProgram(contextFor: ContextFor): {
  readonly run: (argv: readonly string[]) => Promise<ExitCode>;
  readonly root: Commander;
} {
  let exitCode: ExitCode = 0;
  const root = configured(new Commander('reeve'))
    .description(INTRODUCTION)
    .option('--json', 'one JSON value on standard output, for programs')
    .option('--socket <path>', 'decide socket of the daemon (default: the system’s, else your own)')
    .option('--admin-socket <path>', 'admin socket of the daemon')
    .addHelpText('after', FIRST_STEPS);
  for (const command of COMMANDS) {
    parentOf(root, command.path).addCommand(
      leaf(command, async (args, options) => {
        exitCode = await command.run(contextFor(options['json'] === true), { args, options });
      }),
    );
  }
  const run = async (argv: readonly string[]): Promise<ExitCode> => {
    try {
      await root.parseAsync(argv, { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      return translated(error, argv);
    }
    return exitCode;
  };
  return { run, root };
}

function configured(command: Commander): Commander {
  return command
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureOutput({ writeErr: () => undefined });
}

/** The group that a command belongs to, made when its first command is. */
function parentOf(root: Commander, path: readonly string[]): Commander {
  return path.slice(0, -1).reduce((parent, name, depth) => {
    const found = parent.commands.find((command) => command.name() === name);
    if (found !== undefined) return found;
    const group = GROUPS.find((known) => known.path.join(' ') === path.slice(0, depth + 1).join(' '));
    const made = configured(new Commander(name)).description(group?.summary ?? '');
    parent.addCommand(made);
    return made;
  }, root);
}

function leaf(
  command: Command,
  run: (args: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>,
): Commander {
  const made = configured(new Commander(command.path.at(-1))).summary(command.summary);
  made.description(
    command.description === undefined ? command.summary : `${command.summary}.\n\n${command.description}`,
  );
  for (const argument of command.arguments ?? []) made.argument(argument.name, argument.description);
  for (const { flags, description, mandatory = false } of command.options ?? []) {
    made.addOption(new Option(flags, description).makeOptionMandatory(mandatory));
  }
  made.addHelpText('after', `\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  made.action(() => run(made.args, made.optsWithGlobals()));
  return made;
}

/** Commander's words in ours: `error: unknown command 'chek'\n(Did you mean check?)`. */
function translated(error: CommanderError, argv: readonly string[]): ExitCode {
  if (error.code === 'commander.helpDisplayed') return 0;
  if (error.code === 'commander.help') {
    const line = ['reeve', ...argv].join(' ');
    throw new CliError('usage', `\`${line}\` needs a command`, `see \`${line} --help\``);
  }
  const [first = '', suggestion] = error.message.split('\n');
  const meant = /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? '')?.[1];
  const message = first.replace(/^error: /, '').replaceAll("'", '`');
  const hints = meant === undefined ? [] : [`did you mean \`${meant}\`?`];
  throw new CliError('usage', message, ...hints, 'see `reeve --help`');
}

import { Command as Commander, CommanderError, Option } from 'commander';
import { VERSION } from '../daemon/version.ts';
import { EXIT_CODES, GLOBAL_OPTIONS, INTRODUCTION } from './about.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import { argumentNames, type CliContext, type Command, mandatoryWords, type OptionSpec } from './command.ts';
import { COMMANDS, GROUPS } from './commands.ts';

export interface ProgramOptions {
  /** Makes the context once the global options are known. */
  readonly contextFor: (json: boolean) => CliContext;
  /** Takes the text of --help. */
  readonly writeHelp: (text: string) => void;
}

const FIRST_STEPS = `
Start here:
  reeve init                             set this machine up, and install the service
  reeve doctor                           see whether everything works
  reeve check network api.example.com    ask what the daemon would answer
  reeve explain path ~/.ssh              ask it why
  reeve COMMAND --help                   examples of every command

Exit codes: ${EXIT_CODES}`;

export interface Program {
  /** Resolves with the exit code of the command that was named; rejects with what it threw, or a `CliError`. */
  readonly run: (argv: readonly string[]) => Promise<ExitCode>;
}

/** The whole command line, made from the table of commands. */
export function createProgram({ contextFor, writeHelp }: ProgramOptions): Program {
  let exitCode: ExitCode = 0;
  const root = exitingAs(new Commander('reeve'), [])
    .version(`reeve ${VERSION}`, '--version', 'show the version')
    .configureHelp({ showGlobalOptions: true })
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureOutput({ writeOut: writeHelp, writeErr: () => undefined })
    .description(INTRODUCTION)
    .addHelpText('after', FIRST_STEPS);
  for (const { flags, description } of GLOBAL_OPTIONS) root.option(flags, description);
  for (const command of COMMANDS) {
    addLeaf(parentOf(root, command.path), command, async (args, options) => {
      exitCode = await command.run(contextFor(options['json'] === true), { args, options });
    });
  }
  const run = async (argv: readonly string[]): Promise<ExitCode> => {
    try {
      await root.parseAsync(argv, { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      return 0;
    }
    return exitCode;
  };
  return { run };
}

/** The group that a command belongs to, made when its first command is. */
function parentOf(root: Commander, path: readonly string[]): Commander {
  return path.slice(0, -1).reduce((parent, name, depth) => {
    const found = parent.commands.find((command) => command.name() === name);
    if (found !== undefined) return found;
    const group = GROUPS.find((known) => known.path.join(' ') === path.slice(0, depth + 1).join(' '));
    const made = exitingAs(new Commander(name).copyInheritedSettings(parent), path.slice(0, depth + 1))
      .helpCommand(false)
      .description(group?.summary ?? '');
    parent.addCommand(made);
    return made;
  }, root);
}

function addLeaf(
  parent: Commander,
  command: Command,
  run: (args: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>,
): void {
  const { path, summary, description, examples } = command;
  const made = exitingAs(new Commander(path.at(-1)).copyInheritedSettings(parent), path).summary(summary);
  made.description(description === undefined ? summary : `${summary}.\n\n${description}`);
  for (const argument of command.arguments ?? []) made.argument(argument.name, argument.description);
  for (const option of command.options ?? []) {
    made.addOption(optionOf(option));
  }
  const mandatory = mandatoryWords(command);
  if (mandatory.length > 0) made.usage([...argumentNames(command), ...mandatory, '[options]'].join(' '));
  made.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
  made.action(() => run(made.args, made.optsWithGlobals()));
  parent.addCommand(made);
}

function optionOf({ flags, description, mandatory = false, repeatable = false }: OptionSpec): Option {
  const option = new Option(flags, description).makeOptionMandatory(mandatory);
  // a variadic option would swallow the arguments behind it
  const collect = (value: string, earlier: unknown): readonly unknown[] =>
    Array.isArray(earlier) ? [...(earlier as readonly unknown[]), value] : [value];
  return repeatable ? option.argParser(collect) : option;
}

/** Where commander would end the process: it throws, and what it says is about this command. */
function exitingAs(command: Commander, path: readonly string[]): Commander {
  return command.exitOverride((error) => {
    // help and the version were asked for and are written
    throw error.exitCode === 0 ? error : translated(error, ['reeve', ...path].join(' '));
  });
}

/** Commander's words in ours: `error: unknown command 'chek'\n(Did you mean check?)`. */
function translated(error: CommanderError, line: string): CliError {
  const help = `see \`${line} --help\``;
  if (error.code === 'commander.help') return new CliError('usage', `\`${line}\` needs a command`, help);
  const [first = '', suggestion] = error.message.split('\n');
  const meant = /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? '')?.[1];
  const message = first
    .replace(/^error: /, '')
    .replace(/^(too many arguments) for .*\. Expected (\d+) arguments? but got (\d+): .*$/s, '$1: $3 instead of $2')
    .replaceAll("'", '`');
  return new CliError('usage', message, ...(meant === undefined ? [] : [`did you mean \`${meant}\`?`]), help);
}

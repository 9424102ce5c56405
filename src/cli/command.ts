import type { Readable } from 'node:stream';
import { CliError, type ExitCode } from './cli-error.ts';
import type { Output } from './output.ts';

/** What a command works with; everything of the process that it may touch. */
export interface CliContext {
  readonly output: Output;
  readonly stdin: Readable;
  readonly cwd: string;
  /** Standing by for SIGINT or SIGTERM; resolves with the first. */
  readonly stopped: () => Promise<string>;
  /** Has something undone when the process ends, also by SIGINT, SIGTERM or SIGHUP, until what it returns is called. */
  readonly beforeEnd: (undo: () => void) => () => void;
  /** Whose command this is under sudo, as it says; null = nobody else's. */
  readonly invoker: string | null;
}

export interface CommandInput {
  readonly args: readonly string[];
  /** By commander's names: `--admin-socket` is `adminSocket`. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface ArgumentSpec {
  /** `<name>`, `[name]`, `<name...>`. */
  readonly name: string;
  readonly description: string;
  /** Everything that it may be, where that is known. */
  readonly choices?: readonly string[];
}

export interface OptionSpec {
  /** `--name`, `--no-name`, `--name <value>`. */
  readonly flags: string;
  readonly description: string;
  readonly mandatory?: boolean;
  /** May be given more than once; the values are an array. */
  readonly repeatable?: boolean;
  /** Every value there is; shells complete them. */
  readonly choices?: readonly string[];
}

/** One command: data, and what it does. */
export interface Command {
  /** `['check', 'network']` is `reeve check network`. */
  readonly path: readonly string[];
  /** One line, lower case. */
  readonly summary: string;
  /** What else a person should know before using it. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly string[];
  readonly run: (context: CliContext, input: CommandInput) => Promise<ExitCode>;
}

/** A command that only holds others; parents come before their children. */
export interface CommandGroup {
  readonly path: readonly string[];
  readonly summary: string;
}

/** The words of a usage line that nobody can leave out. */
export function argumentNames(command: Command): readonly string[] {
  return (command.arguments ?? []).map((argument) => argument.name);
}

export function mandatoryWords(command: Command): readonly string[] {
  return (command.options ?? []).flatMap((option) => (option.mandatory === true ? [option.flags] : []));
}

/** The value of `--name <value>`, or undefined. */
export function textOption(input: CommandInput, name: string): string | undefined {
  const value = input.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The values of a repeatable option. */
export function textsOption(input: CommandInput, name: string): readonly string[] {
  const value = input.options[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function flag(input: CommandInput, name: string): boolean {
  return input.options[name] === true;
}

/** The first argument; commander has already refused a command line without it. */
export function firstArgument(input: CommandInput): string {
  const [first] = input.args;
  if (first === undefined) throw new CliError('usage', 'an argument is missing', 'see the same command with --help');
  return first;
}

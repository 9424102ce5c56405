import { GLOBAL_OPTIONS } from '../about.ts';
import type { Command, CommandGroup, OptionSpec } from '../command.ts';

/** What may be written behind a name: nothing, a file of this machine, one of few, or something that nobody can guess. */
export type ValueKind = 'none' | 'file' | 'choice' | 'other';

export interface CompletedOption {
  /** With its dashes. */
  readonly name: string;
  readonly value: ValueKind;
  /** All of its values, where it takes one of few. */
  readonly choices: readonly string[];
  readonly description: string;
}

/** One place on the command line: what may follow there. */
export interface CompletionNode {
  /** `check network`; '' = behind `reeve` itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** Values that its argument takes. */
  readonly choices: readonly string[];
  /** Its arguments may be files. */
  readonly files: boolean;
}

const HELP: CompletedOption = { name: '--help', value: 'none', choices: [], description: 'show this help' };
const VERSION: CompletedOption = { name: '--version', value: 'none', choices: [], description: 'show the version' };

/** Every place at which a shell can complete, the root first. */
export function completionTree(
  commands: readonly Command[],
  groups: readonly CommandGroup[],
): readonly CompletionNode[] {
  const everywhere = [...GLOBAL_OPTIONS.map(optionOf), HELP];
  const below = (path: readonly string[]): CompletionNode['commands'] =>
    [...groups, ...commands]
      .filter((one) => one.path.length === path.length + 1 && path.every((word, index) => one.path[index] === word))
      .map(({ path: words, summary }) => ({ name: words.at(-1) ?? '', description: summary }));
  const inner = [[], ...groups.map(({ path }) => path)].map(
    (path): CompletionNode => ({
      path: path.join(' '),
      commands: below(path),
      options: path.length === 0 ? [...everywhere, VERSION] : everywhere,
      choices: [],
      files: false,
    }),
  );
  // a command may hold others: `log` and `log verify`
  return [...inner, ...commands.map((command) => ({ ...leafOf(command, everywhere), commands: below(command.path) }))];
}

function leafOf(command: Command, everywhere: readonly CompletedOption[]): Omit<CompletionNode, 'commands'> {
  const given = command.arguments ?? [];
  const choices = given.flatMap((argument) => argument.choices ?? []);
  return {
    path: command.path.join(' '),
    options: [...(command.options ?? []).map(optionOf), ...everywhere],
    choices,
    files: given.length > 0 && choices.length === 0,
  };
}

const OF_FILES = /<[^>]*(?:file|path|directory)[^>]*>/;

function optionOf({ flags, description, choices = [] }: OptionSpec): CompletedOption {
  const [name = ''] = flags.split(' ');
  return { name, value: choices.length > 0 ? 'choice' : valueOf(flags), choices, description };
}

function valueOf(flags: string): ValueKind {
  if (OF_FILES.test(flags)) return 'file';
  return flags.includes('<') ? 'other' : 'none';
}

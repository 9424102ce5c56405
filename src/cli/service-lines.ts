import type { FileStep } from '../service/file-plan.ts';
import type { ServiceCommand } from '../service/systemd.ts';
import type { Output } from './output.ts';

const ACTION_TEXT: Readonly<Record<FileStep['action'], string>> = {
  create: 'new',
  replace: 'changed',
  keep: 'as it was',
};

/** One line a file. */
export function fileLines(output: Output, files: readonly FileStep[]): readonly string[] {
  return output.table(
    ['FILE', 'STATE'],
    files.map(({ action, path }) => [path, ACTION_TEXT[action]]),
  );
}

/** One line a command; none where there is nothing to run. */
export function commandLines(output: Output, commands: readonly ServiceCommand[]): readonly string[] {
  if (commands.length === 0) return [];
  return [
    '',
    ...output.table(
      ['COMMAND', 'PURPOSE'],
      commands.map(({ argv, purpose }) => [argv.join(' '), purpose]),
    ),
    '',
  ];
}

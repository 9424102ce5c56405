import { CliError } from '../cli-error.ts';
import { type Command, type CommandGroup, firstArgument } from '../command.ts';
import { bashCompletion } from '../completion/bash.ts';
import { type CompletionNode, completionTree } from '../completion/completion-tree.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';

const SHELLS: Readonly<Record<string, (nodes: readonly CompletionNode[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `table`: every command, this one included; read when it is asked for. */
export function completionCommand(table: {
  readonly commands: () => readonly Command[];
  readonly groups: readonly CommandGroup[];
}): Command {
  const names = Object.keys(SHELLS);
  return {
    path: ['completion'],
    summary: 'print what makes a shell complete commands and options',
    description:
      'bash: put `source <(reeve completion bash)` into ~/.bashrc. zsh: the same behind `compinit` in ~/.zshrc, or as a ' +
      'file `_reeve` in a directory of `fpath`. fish: write it to ~/.config/fish/completions/reeve.fish.',
    arguments: [{ name: '<shell>', description: names.join(', '), choices: names }],
    examples: [
      'source <(reeve completion bash)',
      'reeve completion zsh > ~/.zfunc/_reeve',
      'reeve completion fish > ~/.config/fish/completions/reeve.fish',
    ],
    run({ output }, input) {
      const shell = firstArgument(input);
      const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (write === undefined)
        throw new CliError('usage', `\`${shell}\` is no shell`, `use one of ${names.join(', ')}`);
      const script = write(completionTree(table.commands(), table.groups));
      output.result({ shell, script }, () => [script.trimEnd()]);
      return Promise.resolve(0);
    },
  };
}

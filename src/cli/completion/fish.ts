import type { CompletedOption, CompletionNode } from './completion-tree.ts';

export function fishCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `# fish completion for reeve, written by \`reeve completion fish\`
set -g __reeve_commands ${paths.join(' ')}

function __reeve_at --description 'whether the words so far name this command'
    set -l at
    for word in (commandline -opc)[2..-1]
        if contains -- (string join -- ' ' $at $word) $__reeve_commands
            set at (string join -- ' ' $at $word)
        end
    end
    test "$at" = "$argv"
end

complete -c reeve -f
${nodes.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, options, choices, files }: CompletionNode): readonly string[] {
  const start = `complete -c reeve -n ${quoted(`__reeve_at ${quoted(path)}`)}`;
  return [
    ...commands.map(({ name, description }) => `${start} -a ${name} -d ${quoted(description)}`),
    ...(choices.length === 0 ? [] : [`${start} -a ${quoted(choices.join(' '))}`]),
    ...(files ? [`${start} -F`] : []),
    ...options.map((option) => `${start} ${optionText(option)}`),
  ];
}

function optionText({ name, value, choices, description }: CompletedOption): string {
  const takes = { none: '', file: ' -r -F', choice: ` -x -a ${quoted(choices.join(' '))}`, other: ' -x' }[value];
  return `-l ${name.slice(2)}${takes} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

import type { CompletedOption, CompletionNode } from './completion-tree.ts';

/** As a function in \`fpath\`, or sourced once \`compinit\` has run. */
export function zshCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `#compdef reeve
# zsh completion for reeve, written by \`reeve completion zsh\`
_reeve() {
  local at='' next='' previous="\${words[CURRENT-1]}"
  local -a known commands options among files others
  local -i i takes_files=0
  known=(${paths.join(' ')})
  for ((i = 2; i < CURRENT; i++)); do
    next="\${at:+$at }\${words[i]}"
    if (( \${known[(Ie)$next]} )); then at="$next"; fi
  done
  case "$at" in
${nodes.map(caseOf).join('\n')}
  esac
  if (( \${files[(Ie)$previous]} )); then _files; return; fi
  if (( \${#among} )); then _describe -t values 'value' among; return; fi
  if (( \${others[(Ie)$previous]} )); then _message 'a value'; return; fi
  (( \${#commands} )) && _describe -t commands 'command' commands
  [[ "\${words[CURRENT]}" == -* ]] && _describe -t options 'option' options
  (( takes_files )) && _files
  return 0
}
if [[ "\${funcstack[1]}" == _reeve ]]; then _reeve "$@"; else compdef _reeve reeve; fi
`;
}

function caseOf({ path, commands, options, choices, files }: CompletionNode): string {
  const words = [...commands, ...choices.map((name) => ({ name, description: '' }))];
  const described = (list: readonly { readonly name: string; readonly description: string }[]): string =>
    list.map(({ name, description }) => quoted(description === '' ? name : `${name}:${description}`)).join(' ');
  const valued = (kind: CompletedOption['value']): string =>
    options.flatMap(({ name, value }) => (value === kind ? [quoted(name)] : [])).join(' ');
  const chosen = options.flatMap(({ name, choices: values }) =>
    values.length === 0
      ? []
      : [`      if [[ "$previous" == ${name} ]]; then among=(${values.map(quoted).join(' ')}); fi\n`],
  );
  return `    ${quoted(path)})
      commands=(${described(words)})
      options=(${described(options)})
      files=(${valued('file')})
      others=(${valued('other')})
      takes_files=${files ? 1 : 0}
${chosen.join('')}      ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

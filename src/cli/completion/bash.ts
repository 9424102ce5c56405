import type { CompletionNode, ValueKind } from './completion-tree.ts';

/** For bash 3.2 and later, which macOS has, with or without the package bash-completion. */
export function bashCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# bash completion for reeve, written by \`reeve completion bash\`
_reeve() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' next='' words='' among='' others='' paths='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${paths.join(' | ')}) path="$next" ;;
    esac
  done
  case "$path" in
${nodes.map(caseOf).join('\n')}
  esac
  COMPREPLY=()
  case " $paths " in *" $prev "*) return 0 ;; esac
  if [ -n "$among" ]; then COMPREPLY=($(compgen -W "$among" -- "$cur")); compopt +o default +o bashdefault 2>/dev/null; return 0; fi
  case " $others " in *" $prev "*) compopt +o default +o bashdefault 2>/dev/null; return 0 ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  # without a match, readline completes files: only where a file is an argument
  if [ -z "$files" ]; then compopt +o default +o bashdefault 2>/dev/null; fi
  return 0
}
complete -o bashdefault -o default -F _reeve reeve
`;
}

function caseOf({ path, commands, options, choices, files }: CompletionNode): string {
  const words = [...commands, ...options].map(({ name }) => name);
  const valued = (kind: ValueKind): string =>
    options.flatMap(({ name, value }) => (value === kind ? [name] : [])).join(' ');
  const sets = [
    `words='${[...choices, ...words].join(' ')}'`,
    `others='${valued('other')}'`,
    `paths='${valued('file')}'`,
    `files='${files ? 'yes' : ''}'`,
  ];
  const chosen = options.flatMap(({ name, choices: values }) =>
    values.length === 0 ? [] : [`${name}) among='${values.join(' ')}' ;;`],
  );
  if (chosen.length > 0) sets.push(`; case "$prev" in ${chosen.join(' ')} esac`);
  return `    '${path}') ${sets.join(' ')} ;;`;
}

const TABLE = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/;
const COMMAND = /^\s*command\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')/;

/**
 * The commands below `[[hooks.EVENT…]]` of a TOML file, by event: enough to see whether one asks reeve and how it ends.
 * What is written in another form is not seen, and then the agent counts as one that does not ask.
 */
export function tomlHooks(text: string): Readonly<Record<string, readonly { readonly command: string }[]>> {
  const hooks: Record<string, { command: string }[]> = {};
  let event: string | null = null;
  for (const line of text.split('\n')) {
    const table = TABLE.exec(line)?.[1];
    if (table !== undefined) event = /^hooks\.(\w+)/.exec(table)?.[1] ?? null;
    const [, quoted, literal] = COMMAND.exec(line) ?? [];
    const command = quoted?.replaceAll(/\\(.)/g, '$1') ?? literal;
    if (event !== null && command !== undefined) (hooks[event] ??= []).push({ command });
  }
  return hooks;
}

/** A segment of plain characters: nothing that a URL, a file system or a pattern would read as something else. */
const SEGMENT = '[A-Za-z0-9_][A-Za-z0-9._-]*';
const TARGET_PATH = new RegExp(`^(?:${SEGMENT}/){0,8}${SEGMENT}$`);
const PATTERN = new RegExp(`^(?:${SEGMENT}/){0,8}(?:${SEGMENT}|(?:${SEGMENT})?\\*[A-Za-z0-9._-]*)$`);
const MAX_CHARACTERS = 256;

/** Whether a target may be called so. */
export function isTargetPath(path: string): boolean {
  return path.length <= MAX_CHARACTERS && TARGET_PATH.test(path);
}

/**
 * Whether a delegation may be made by this pattern: literals, and one `*` in the last segment. The data model's matcher
 * knows negation, braces and more, by which a delegation would cover what nobody sees in it (tuf, trap 10).
 */
export function isTargetPattern(pattern: string): boolean {
  return pattern.length <= MAX_CHARACTERS && PATTERN.test(pattern);
}

/** Where a target lies below `targets/`: by its content, so that a publication in progress changes no file. */
export function consistentPath(path: string, sha256: string): string {
  const cut = path.lastIndexOf('/') + 1;
  return `${path.slice(0, cut)}${sha256}.${path.slice(cut)}`;
}

/** The operating systems whose path rules differ (Paths 4 and 8). */
export type Platform = 'linux' | 'darwin';

/** A path of a request, read. `reason` is for a person. */
export type PathReading =
  | {
      readonly kind: 'path';
      /** `//`, `.` and `..` resolved in the text. */
      readonly lexical: string;
      /** As sent, only `//` and `.` collapsed and a trailing `/` dropped: what a walk starts from. */
      readonly sent: string;
    }
  | { readonly kind: 'invalid'; readonly reason: string };

/** The longest path, in bytes of UTF-8 (Paths 1). */
export const MAX_PATH_BYTES = 4096;

/** Why the text is no path at all, or null (Paths 1). */
function pathFault(text: unknown): string | null {
  if (typeof text !== 'string') return 'a path must be a string';
  if (!text.startsWith('/')) return 'a path must be absolute: start it with `/`';
  if (text.includes('\0')) return 'a path must not contain NUL';
  if (!text.isWellFormed()) return 'a path must be valid Unicode: it holds half of a surrogate pair';
  return exceedsPathBytes(text) ? `a path must not exceed ${MAX_PATH_BYTES} bytes` : null;
}

/** Whether a string is too long for a path; one code unit is at most three bytes, so most are not measured. */
export function exceedsPathBytes(text: string): boolean {
  return text.length * 3 > MAX_PATH_BYTES && Buffer.byteLength(text) > MAX_PATH_BYTES;
}

/** The names between the slashes; `//` and `.` fall out, `..` stays (Paths 2). */
export function componentsOf(path: string): string[] {
  return path.split('/').filter((component) => component !== '' && component !== '.');
}

/** Adds one name to a path that is already resolved; `..` takes the last one away, and `/..` is `/`. */
export function pushComponent(stack: string[], component: string): void {
  if (component === '..') stack.pop();
  else stack.push(component);
}

/** Reads `path` of a request (Paths 1 and 2). Total. */
export function readPath(text: unknown): PathReading {
  const fault = pathFault(text);
  if (fault !== null) return { kind: 'invalid', reason: fault };
  const raw = text as string;
  if (isCollapsed(raw)) return { kind: 'path', lexical: raw, sent: raw };
  const components = componentsOf(raw);
  const stack: string[] = [];
  for (const component of components) pushComponent(stack, component);
  return { kind: 'path', lexical: `/${stack.join('/')}`, sent: `/${components.join('/')}` };
}

/** Whether `real` is what section 2 asks for: no `//`, `.`, `..` or trailing `/`; `/` itself is canonical. */
export function isCanonicalPath(text: string): boolean {
  return pathFault(text) === null && isCollapsed(text);
}

/** For an absolute path: nothing in it to collapse or to resolve. */
function isCollapsed(path: string): boolean {
  return path === '/' || !/\/(?:\.{0,2})(?:\/|$)/.test(path);
}

/** Whether a canonical path is the directory or lies below it. */
export function liesBelow(path: string, directory: string): boolean {
  if (directory === '/') return true;
  return path.startsWith(directory) && (path.length === directory.length || path[directory.length] === '/');
}

/** Links that the kernel resolves anew for each process: what the daemon sees there is not what the asker opens. */
const PROCESS_ENTRIES = new Set(['root', 'cwd', 'exe', 'fd', 'map_files', 'task']);
const DEVICE_ENTRIES = new Set(['fd', 'stdin', 'stdout', 'stderr']);
/** macOS: doors to a file by number, or past its links, under names that no rule could hold (Paths 8). */
const DARWIN_DOORS = new Set(['.vol', '.nofollow', '.resolve']);

/** Whether components whose `..` are resolved name such a place or something below it (Paths 4). */
export function isMagic(components: readonly string[], platform: Platform): boolean {
  const [first, second, third] = components;
  if (first === undefined) return false;
  // macOS folds case by default: any spelling of these names is refused.
  if (platform === 'darwin') {
    const root = first.toLowerCase();
    return (
      DARWIN_DOORS.has(root) || (root === 'dev' && second !== undefined && DEVICE_ENTRIES.has(second.toLowerCase()))
    );
  }
  if (second === undefined) return false;
  if (first === 'dev') return DEVICE_ENTRIES.has(second);
  return first === 'proc' && third !== undefined && isProcess(second) && PROCESS_ENTRIES.has(third);
}

function isProcess(name: string): boolean {
  return name === 'self' || name === 'thread-self' || /^[0-9]+$/.test(name);
}

/** A component that every such path on Linux has, or that could lead back to one. */
const MAYBE_MAGIC = /\/(?:proc|dev|\.\.)(?:\/|$)/;

/**
 * Whether the path leads through such a place, tested after each of its components with `..` resolved (Paths 4):
 * `/proc/self/cwd/../../etc` does, although its lexical form does not.
 */
export function leadsThroughMagic(path: string, platform: Platform = 'linux'): boolean {
  // almost every path leads nowhere near such a place
  if (platform === 'linux' && !MAYBE_MAGIC.test(path)) return false;
  const components = componentsOf(path);
  // What lies below a magic place is magic too, so without `..` the whole path tells as much as each step of it.
  if (!components.includes('..')) return isMagic(components, platform);
  const stack: string[] = [];
  return components.some((component) => {
    pushComponent(stack, component);
    return isMagic(stack, platform);
  });
}

/** Whether the subtree of a canonical path contains such a place: `/`, `/dev` and `/proc` do (Paths 4, `recursive`). */
export function subtreeHoldsMagic(path: string, platform: Platform = 'linux'): boolean {
  const components = componentsOf(path);
  const [first, second] = components;
  if (first === undefined || isMagic(components, platform)) return true;
  const root = platform === 'darwin' ? first.toLowerCase() : first;
  if (components.length === 1) return root === 'dev' || root === 'proc';
  return root === 'proc' && components.length === 2 && second !== undefined && isProcess(second);
}

/** Paths and path patterns for the reference evaluator (Paths 1–9), without a disk. */

export interface RefPath {
  readonly sent: readonly string[];
  readonly lexical: readonly string[];
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0') && Buffer.byteLength(text, 'utf8') <= 4096;
}

function resolveDots(segments: readonly string[]): readonly string[] {
  const done: string[] = [];
  for (const segment of segments) {
    if (segment === '..') done.pop();
    else done.push(segment);
  }
  return done;
}

/** Paths 1 and 2; null = invalid. */
export function readRefPath(raw: unknown): RefPath | null {
  if (typeof raw !== 'string' || !raw.startsWith('/') || !isText(raw)) return null;
  const sent = raw.split('/').filter((segment) => segment !== '' && segment !== '.');
  return { sent, lexical: resolveDots(sent) };
}

/** Section 2: `real` must be canonical; null = it is not. */
export function readRefReal(raw: unknown): readonly string[] | null {
  if (raw === '/') return [];
  if (typeof raw !== 'string' || !raw.startsWith('/') || !isText(raw)) return null;
  const segments = raw.slice(1).split('/');
  return segments.some((segment) => ['', '.', '..'].includes(segment)) ? null : segments;
}

export function showPath(segments: readonly string[]): string {
  return `/${segments.join('/')}`;
}

const MAGIC_BELOW_PROCESS = ['root', 'cwd', 'exe', 'fd', 'map_files', 'task'];
const MAGIC_DEVICES = ['fd', 'stdin', 'stdout', 'stderr'];

function isProcess(segment: string): boolean {
  return segment === 'self' || segment === 'thread-self' || /^[0-9]+$/.test(segment);
}

/** Paths 4: a path that is, or leads through, a magic link. */
function isMagic(segments: readonly string[]): boolean {
  const [first, second, third] = segments;
  if (first === 'dev') return second !== undefined && MAGIC_DEVICES.includes(second);
  if (first !== 'proc' || second === undefined || third === undefined) return false;
  return isProcess(second) && MAGIC_BELOW_PROCESS.includes(third);
}

/** Paths 4: tested after each component of the path as sent, `..` resolved. */
export function passesMagic(segments: readonly string[]): boolean {
  return segments.some((_, index) => isMagic(resolveDots(segments.slice(0, index + 1))));
}

/** Paths 4, recursive: the subtree contains a magic path. */
export function holdsMagic(segments: readonly string[]): boolean {
  const [first, second] = segments;
  if (segments.length === 0) return true;
  if (segments.length === 1) return first === 'dev' || first === 'proc';
  if (segments.length === 2)
    return (first === 'proc' && second !== undefined && isProcess(second)) || isMagic(segments);
  return isMagic(segments);
}

export interface RefPathPattern {
  readonly home: boolean;
  readonly segments: readonly string[];
}

export type RefPathReading =
  | { readonly kind: 'pattern'; readonly pattern: RefPathPattern }
  | { readonly kind: 'foreign' }
  /** `~other` and variables: refused when written. `deny` says what a deny of an org does. */
  | { readonly kind: 'variable'; readonly deny: RefPathPattern | null; readonly unknownPeer: boolean }
  | { readonly kind: 'bad' };

function isForeign(text: string): boolean {
  return /^[A-Za-z*]:/.test(text) || text.startsWith('\\\\') || text.startsWith('~\\');
}

function segmentsOf(text: string): readonly string[] | null {
  const segments = text.split('/').filter((segment) => segment !== '');
  return segments.includes('.') || segments.includes('..') ? null : segments;
}

function hasVariable(text: string): boolean {
  return /\$[A-Za-z_]/.test(text) || text.includes('${') || /%[A-Za-z_][A-Za-z0-9_()]*%/.test(text);
}

/** Paths 6: a deny that starts with `$HOME` or `${HOME}` counts as `~`; no other variable has a meaning. */
function readVariable(text: string): RefPathReading {
  for (const start of ['$HOME', '${HOME}']) {
    const rest = text.slice(start.length);
    if (text.startsWith(start) && (rest === '' || rest.startsWith('/')) && !hasVariable(rest)) {
      const segments = segmentsOf(rest);
      if (segments !== null) return { kind: 'variable', deny: { home: true, segments }, unknownPeer: false };
    }
  }
  return { kind: 'variable', deny: null, unknownPeer: false };
}

export function readRefPathPattern(raw: unknown): RefPathReading {
  if (typeof raw !== 'string' || raw === '' || !isText(raw)) return { kind: 'bad' };
  if (hasVariable(raw)) return readVariable(raw);
  if (isForeign(raw)) return { kind: 'foreign' };
  const text = raw === '**' ? '/**' : raw;
  if (text.startsWith('~')) {
    const [head, ...rest] = text.split('/');
    const segments = segmentsOf(rest.join('/'));
    if (segments === null) return { kind: 'bad' };
    const pattern = { home: true, segments };
    if (head !== '~') return { kind: 'variable', deny: pattern, unknownPeer: true };
    return { kind: 'pattern', pattern };
  }
  const segments = text.startsWith('/') ? segmentsOf(text) : null;
  return segments === null ? { kind: 'bad' } : { kind: 'pattern', pattern: { home: false, segments } };
}

/** A segment of a concrete pattern; `literal` is set for the segments of a home. */
export interface RefSegment {
  readonly text: string;
  readonly literal: boolean;
}

export function concrete(segments: readonly string[]): readonly RefSegment[] {
  return segments.map((text) => ({ text, literal: false }));
}

/** Paths 6: the home is inserted as literal segments. */
export function concreteAtHome(home: string, segments: readonly string[]): readonly RefSegment[] {
  const above = home.split('/').filter((segment) => segment !== '');
  return [...above.map((text) => ({ text, literal: true })), ...concrete(segments)];
}

/** Paths 5: only `*` is special inside a segment. */
function starMatches(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob.startsWith('*')) {
    return starMatches(glob.slice(1), text) || (text !== '' && starMatches(glob, text.slice(1)));
  }
  return text !== '' && glob.charAt(0) === text.charAt(0) && starMatches(glob.slice(1), text.slice(1));
}

function segmentMatches(segment: RefSegment, text: string): boolean {
  return segment.literal ? segment.text === text : starMatches(segment.text, text);
}

function isDeep(segment: RefSegment): boolean {
  return !segment.literal && segment.text === '**';
}

export function pathMatches(pattern: readonly RefSegment[], path: readonly string[]): boolean {
  const [segment, ...rest] = pattern;
  const [part, ...others] = path;
  if (segment === undefined) return part === undefined;
  if (isDeep(segment)) return pathMatches(rest, path) || (part !== undefined && pathMatches(pattern, others));
  return part !== undefined && segmentMatches(segment, part) && pathMatches(rest, others);
}

/** A name that no pattern spells out, not even in part: only a segment of stars matches it. */
const UNHEARD_OF = '\u0001';

/**
 * Paths 9: the pattern matches the path and everything below it. Whatever matches a name nobody wrote matches every
 * name, and a pattern of n segments has seen all it can see after n of them.
 */
export function covers(pattern: readonly RefSegment[], path: readonly string[]): boolean {
  const depths = Array.from({ length: pattern.length + 2 }, (_, depth) => depth);
  return depths.every((depth) => pathMatches(pattern, [...path, ...Array.from({ length: depth }, () => UNHEARD_OF)]));
}

/** Paths 9: the pattern matches the path or something below it. */
export function intersects(pattern: readonly RefSegment[], path: readonly string[]): boolean {
  const [segment, ...rest] = pattern;
  const [part, ...others] = path;
  if (part === undefined) return true;
  if (segment === undefined) return false;
  if (isDeep(segment)) return intersects(rest, path) || intersects(pattern, others);
  return segmentMatches(segment, part) && intersects(rest, others);
}

const WIDE_ROOTS =
  'bin boot dev etc home media mnt opt private proc root run sbin srv sys usr var Applications Library System Users Volumes'.split(
    ' ',
  );

/** Section 5, "narrow". */
export function isNarrowRefPath(pattern: RefPathPattern): boolean {
  const glob = pattern.segments.findIndex((segment) => segment.includes('*'));
  if (glob < 0) return true;
  const literal = pattern.segments.slice(0, glob);
  if ((pattern.home ? 1 : 0) + literal.length >= 2) return true;
  const [first] = literal;
  if (pattern.home || first === undefined) return false;
  return !WIDE_ROOTS.includes(first) && !first.startsWith('lib');
}

import { shown } from '../../base/shown.ts';
import { exceedsPathBytes, liesBelow, MAX_PATH_BYTES, readPath } from './path.ts';
import { readSegmentGlob, type SegmentGlob, segmentGlobText } from './segment-glob.ts';

/** One segment of a pattern: a name, a glob within a segment, or `**` (zero or more segments). */
export type PathSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'glob'; readonly glob: SegmentGlob }
  | { readonly kind: 'deep' };

/** A path of a rule, read. Plain data. */
export interface PathPattern {
  readonly segments: readonly PathSegment[];
  /** The segments start at a home directory; `withHome` says which (Paths 6). */
  readonly home: boolean;
}

export type PathPatternReading =
  | { readonly kind: 'pattern'; readonly pattern: PathPattern; readonly warnings: readonly string[] }
  /** Another platform's dialect: valid, and matches nothing here. */
  | { readonly kind: 'foreign'; readonly message: string }
  /** `~other`, `$NAME`, `${`, `%NAME%`: refused when written; as an org's deny it binds as `countsAs` (Paths 6). */
  | { readonly kind: 'variable'; readonly message: string; readonly countsAs: HomePattern | null }
  | { readonly kind: 'invalid'; readonly message: string };

/** A pattern below `~`: the asker's home, or as for an asker who is not known, every home. */
export interface HomePattern {
  readonly text: string;
  readonly anyHome: boolean;
}

const DEEP: PathSegment = { kind: 'deep' };

/** Segments from the first glob on. Each may cost a look at each segment of a path, so this bounds what one rule costs. */
const MAX_GLOB_SEGMENTS = 256;

/** Paths 6: these never stand for anything in a rule, wherever they are. */
const VARIABLE = /\$[A-Za-z_][A-Za-z0-9_]*|\$\{|%[A-Za-z_][A-Za-z0-9_()]*%/;
const HOME_VARIABLE = /^(?:\$HOME|\$\{HOME\})(?=\/|$)/;
/** `C:\…`, `C:/…`, `*:\…`, `\\wsl…`, `~\…`: none of them starts with `/`, so no path of ours reads as one. */
const WINDOWS = /^(?:[A-Za-z*]:(?:[\\/]|$)|\\\\|~\\)/;

/** Almost every path: visible ASCII without `$` and `%`, so that no text is at fault and no variable or drive in it. */
const ORDINARY = /^\/[ -#&-~]*$/;

/** Reads a path resource (Paths 5 and 6). Total; every message says what to write instead. */
export function readPathPattern(text: unknown): PathPatternReading {
  if (typeof text !== 'string') return invalid('a path must be a string');
  if (text.length <= MAX_PATH_BYTES && ORDINARY.test(text)) return readSegments(text);
  const fault = textFault(text);
  if (fault !== null) return invalid(fault);
  if (VARIABLE.test(text)) return variable(text);
  if (WINDOWS.test(text)) {
    return { kind: 'foreign', message: `${shown(text)} is a windows path: it matches nothing on this platform` };
  }
  if (text.startsWith('~') && text !== '~' && !text.startsWith('~/')) return otherHome(text);
  return text.startsWith('/') || text.startsWith('~') || text === '**' ? readSegments(text) : relative(text);
}

function invalid(message: string): PathPatternReading {
  return { kind: 'invalid', message };
}

function textFault(text: string): string | null {
  if (text === '') return 'a path must not be empty: write an absolute path, or `/**` for every path';
  if (text.includes('\0')) return `${shown(text)} contains NUL: remove it`;
  if (!text.isWellFormed()) return `${shown(text)} holds half of a surrogate pair: write valid unicode`;
  return exceedsPathBytes(text) ? `${shown(text)} is longer than ${MAX_PATH_BYTES} bytes: shorten it` : null;
}

function variable(text: string): PathPatternReading {
  const home = HOME_VARIABLE.exec(text)?.[0];
  const rest = home === undefined ? text : text.slice(home.length);
  const countsAs = home !== undefined && !VARIABLE.test(rest) ? { text: `~${rest}`, anyHome: false } : null;
  const instead = countsAs === null ? 'the path itself, or `~/…` for one below the home' : shown(countsAs.text);
  return { kind: 'variable', countsAs, message: `variables mean nothing in ${shown(text)}: write ${instead}` };
}

function otherHome(text: string): PathPatternReading {
  const name = text.split('/', 1)[0] ?? text;
  const message = `${shown(name)} is not expanded: write that home as an absolute path, or \`~/…\` for one's own`;
  return { kind: 'variable', countsAs: { text: `~${text.slice(name.length)}`, anyHome: true }, message };
}

function relative(text: string): PathPatternReading {
  if (text.startsWith('!')) return invalid(`${shown(text)} is no path: negation does not exist, write a deny rule`);
  if (text.startsWith('**/')) return invalid(`${shown(text)} is relative: write ${shown(`/${text}`)}`);
  if (text.startsWith('*')) return invalid(`${shown(text)} is relative: write ${shown(`/**/${text}`)}`);
  if (text.includes('://')) return invalid(`${shown(text)} is a url: write an absolute path`);
  const bare = text.replace(/^(?:\.{1,2}\/+)+/, '');
  return invalid(
    `${shown(text)} is relative: write an absolute path such as ${shown(`/${bare}`)} or ${shown(`~/${bare}`)}`,
  );
}

function readSegments(text: string): PathPatternReading {
  const home = text.startsWith('~');
  const segments: PathSegment[] = [];
  const warnings: string[] = [];
  let firstGlob = -1;
  for (const name of (home ? text.slice(1) : text).split('/')) {
    if (name === '') continue;
    if (name === '.' || name === '..')
      return invalid(`${shown(text)} holds a \`${name}\` segment: write the path it leads to`);
    const segment = readSegment(name);
    if (firstGlob < 0 && segment.kind !== 'literal') firstGlob = segments.length;
    if (segment.kind === 'glob' && name.includes('**')) warnings.push(doubledStar(name));
    segments.push(segment);
  }
  if (firstGlob >= 0 && segments.length - firstGlob > MAX_GLOB_SEGMENTS) {
    return invalid(
      `${shown(text)} has more than ${MAX_GLOB_SEGMENTS} segments from its first glob on: write a shorter one`,
    );
  }
  return { kind: 'pattern', pattern: { segments, home }, warnings };
}

function doubledStar(name: string): string {
  return `\`**\` inside a segment is \`*\`: write ${shown(name.replace(/\*+/g, '*'))} for ${shown(name)}`;
}

function readSegment(name: string): PathSegment {
  if (name === '**') return DEEP;
  return name.includes('*') ? { kind: 'glob', glob: readSegmentGlob(name) } : { kind: 'literal', text: name };
}

function literal(text: string): PathSegment {
  return { kind: 'literal', text };
}

/** The literal segments of an absolute path. */
function literalSegments(path: string): PathSegment[] {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map(literal);
}

/**
 * The pattern below one home, which is inserted as literal segments whatever its name holds (Paths 6). A home that is no
 * absolute path is nowhere: the pattern then matches no path.
 */
export function withHome(pattern: PathPattern, home: string): PathPattern {
  if (!pattern.home) return pattern;
  const reading = readPath(home);
  const base = reading.kind === 'path' ? literalSegments(reading.lexical) : [literal('')];
  return { segments: [...base, ...pattern.segments], home: false };
}

/** `/root`, `/home/*` and `/Users/*`: where homes are on most machines. */
const COMMON_HOMES: readonly (readonly PathSegment[])[] = [
  [literal('root')],
  [literal('home'), readSegment('*')],
  [literal('Users'), readSegment('*')],
];

/** The pattern below the places where homes usually are: what a `~` deny covers for a peer that is not known (Paths 6). */
export function withCommonHomes(pattern: PathPattern): readonly PathPattern[] {
  if (!pattern.home) return [pattern];
  return COMMON_HOMES.map((base) => ({ segments: [...base, ...pattern.segments], home: false }));
}

/** The names before the first glob. */
export function literalNames(pattern: PathPattern): string[] {
  const names: string[] = [];
  for (const segment of pattern.segments) {
    if (segment.kind !== 'literal') break;
    names.push(segment.text);
  }
  return names;
}

/** The path before the first glob, which may lead through links (Paths 7); null where there is none to follow. */
export function literalPrefix(pattern: PathPattern): string | null {
  if (pattern.home) return null;
  const names = literalNames(pattern);
  // '' is the segment of a home that is nowhere.
  return names.length === 0 || names.includes('') ? null : `/${names.join('/')}`;
}

/** The pattern with its literal prefix `from` replaced by where that leads (Paths 7); unchanged if it does not start so. */
export function withPrefix(pattern: PathPattern, from: string, to: string): PathPattern {
  const prefix = literalPrefix(pattern);
  if (prefix === null || !liesBelow(prefix, from)) return pattern;
  const rest = pattern.segments.slice(literalSegments(from).length);
  return { segments: [...literalSegments(to), ...rest], home: false };
}

/** The pattern as a rule would write it. */
export function pathPatternText(pattern: PathPattern): string {
  const names = pattern.segments.map((segment) => {
    if (segment.kind === 'deep') return '**';
    return segment.kind === 'literal' ? segment.text : segmentGlobText(segment.glob);
  });
  return names.length === 0 && pattern.home ? '~' : `${pattern.home ? '~' : ''}/${names.join('/')}`;
}

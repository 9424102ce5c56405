import { CodedError } from '../base/coded-error.ts';

export type BundleErrorCode = 'not_json' | 'too_deep';

/** A value that is no bundle content. */
export class BundleError extends CodedError<BundleErrorCode> {}

const MAX_DEPTH = 64;

/** What `JSON.stringify` has to be asked about; every other text it only puts in quotes. */
const TO_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Lists whose order says nothing, by the name of the member that holds them. */
export interface Unordered {
  readonly sets: ReadonlySet<string>;
  /** Members below which every list keeps its order. */
  readonly except: ReadonlySet<string>;
}

const ORDERED: Unordered = { sets: new Set(), except: new Set() };

/**
 * The one text of a JSON value: no white space, members sorted by UTF-16 code units (as RFC 8785 does), numbers and
 * strings as `JSON.stringify` writes them. Members whose value is `undefined` do not exist; the items of an unordered
 * list are sorted by their own texts.
 */
export function canonicalJson(value: unknown, unordered: Unordered = ORDERED): string {
  return write({ unordered, shapes: [], ordered: null }, value, 0);
}

interface Writer {
  readonly unordered: Unordered;
  /** The members of the object written last, by depth: thousands of rules in a row have the same. */
  readonly shapes: (Shape | undefined)[];
  /** For what lies below an exception. */
  ordered: Writer | null;
}

interface Shape {
  /** In the order of the object. */
  readonly names: readonly string[];
  readonly sorted: readonly Member[];
}

interface Member {
  readonly name: string;
  /** The name as it is written, with its colon. */
  readonly head: string;
  readonly isSet: boolean;
  readonly excepted: boolean;
}

function write(writer: Writer, value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new BundleError('too_deep', `a value is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${textsOf(writer, value, depth).join(',')}]`;
  if (typeof value === 'object' && value !== null) return writeObject(writer, value as Record<string, unknown>, depth);
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    return JSON.stringify(value);
  }
  throw new BundleError('not_json', `a ${typeof value} has no place in a bundle`);
}

function quoted(text: string): string {
  return TO_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function textsOf(writer: Writer, items: readonly unknown[], depth: number): string[] {
  return items.map((item) => write(writer, item, depth + 1));
}

function writeObject(writer: Writer, value: Readonly<Record<string, unknown>>, depth: number): string {
  // joined once at the end: texts that are still in pieces are slow to sort
  const pieces: string[] = [];
  let before = '{';
  for (const member of shapeOf(writer, Object.keys(value), depth).sorted) {
    const content = value[member.name];
    if (content === undefined) continue;
    pieces.push(before, member.head, writeMember(writer, member, content, depth + 1));
    before = ',';
  }
  return pieces.length === 0 ? '{}' : `${pieces.join('')}}`;
}

function writeMember(writer: Writer, { isSet, excepted }: Member, content: unknown, depth: number): string {
  if (excepted) {
    writer.ordered ??= { unordered: ORDERED, shapes: [], ordered: null };
    return write(writer.ordered, content, depth);
  }
  if (!isSet || !Array.isArray(content) || content.length < 2) return write(writer, content, depth);
  // without a comparison of ours, `sort` goes by UTF-16 code units
  return `[${textsOf(writer, content, depth).sort().join(',')}]`;
}

function shapeOf({ unordered, shapes }: Writer, names: readonly string[], depth: number): Shape {
  const last = shapes[depth];
  if (last !== undefined && areSame(last.names, names)) return last;
  const sorted = [...names].sort().map((name) => ({
    name,
    head: `${quoted(name)}:`,
    isSet: unordered.sets.has(name),
    excepted: unordered.except.has(name),
  }));
  const shape = { names, sorted };
  shapes[depth] = shape;
  return shape;
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

import { CodedError } from '../base/coded-error.ts';

export type BundleErrorCode = 'not_json' | 'too_deep';

/** A value that is no bundle content. */
export class BundleError extends CodedError<BundleErrorCode> {}

const MAX_DEPTH = 64;

/**
 * The one text of a JSON value: no white space, members sorted by UTF-16 code units (as RFC 8785 does), numbers and
 * strings as `JSON.stringify` writes them. Members whose value is `undefined` do not exist.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new BundleError('too_deep', `a value is nested deeper than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  if (typeof value === 'object') return writeObject(value, depth);
  throw new BundleError('not_json', `a ${typeof value} has no place in a bundle`);
}

function writeObject(value: object, depth: number): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${write(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}

import type { ByteQueue } from './byte-queue.ts';
import { MAX_HEAD_BYTES } from './limits.ts';

/** Name in lower case; the value's bytes as Latin-1, without the white space around it. */
export type HeaderField = readonly [name: string, value: string];

export interface RequestHead {
  readonly method: string;
  /** Without query, never percent-decoded; null for a target that names no path (`*`, an authority). */
  readonly path: string | null;
  readonly minor: 0 | 1;
  /** In order, all but `Content-Length`: that belongs to one request, the rest is what a client says every time. */
  readonly fields: readonly HeaderField[];
}

/** A head as it was read: with its text as Latin-1, blank line included, and every value of `Content-Length`. */
export interface WholeHead {
  readonly kind: 'head';
  readonly head: RequestHead;
  readonly lengths: readonly string[];
  readonly text: string;
}

export type HeadReading =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'malformed'; readonly message: string }
  | WholeHead;

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads request heads strictly (RFC 9112): CR LF only, no folded lines, no blank before a colon.
 *
 * Not node:http: that parses every pipelined request of a chunk at once and before anybody can say stop, so neither
 * the memory nor the turn of a connection would have a bound. A differential test holds the two against each other.
 */
export class HeadReader {
  /** How far the input was looked through; it is taken out when the head is whole. */
  #scanned = 0;
  #lineStart = 0;
  /** Where the request line begins. RFC 9112, 2.2: empty lines before it are ignored (the head's limit bounds them). */
  #start = 0;

  /** Part of a head was seen. */
  get begun(): boolean {
    return this.#scanned > 0;
  }

  /** After anything but `incomplete` it begins anew. */
  read(input: ByteQueue): HeadReading {
    const end = Math.min(input.length, MAX_HEAD_BYTES);
    for (let at = this.#scanned; at < end; at += 1) {
      if (input.at(at) !== LF) continue;
      if (at === this.#lineStart || input.at(at - 1) !== CR) {
        return this.#restart(malformed('lines must end with CR LF'));
      }
      const isEmpty = at === this.#lineStart + 1;
      this.#lineStart = at + 1;
      if (!isEmpty) continue;
      if (this.#start < at - 1) return this.#take(input, at + 1);
      this.#start = at + 1;
    }
    if (input.length > MAX_HEAD_BYTES) return this.#restart({ kind: 'too_large' });
    this.#scanned = end;
    return { kind: 'incomplete' };
  }

  #take(input: ByteQueue, end: number): HeadReading {
    const text = input.take(end).toString('latin1', this.#start);
    return this.#restart(parseHead(text));
  }

  #restart(reading: HeadReading): HeadReading {
    this.#scanned = 0;
    this.#lineStart = 0;
    this.#start = 0;
    return reading;
  }
}

function malformed(message: string): HeadReading {
  return { kind: 'malformed', message };
}

/** `text`: lines that end with CR LF, the last one alone empty. */
function parseHead(text: string): HeadReading {
  let lineEnd = text.indexOf('\r\n');
  const [, method, target, minor] = REQUEST_LINE.exec(text.slice(0, lineEnd)) ?? [];
  if (method === undefined || target === undefined) return malformed('the request line is malformed');
  if (target.includes('#')) return malformed('the request target holds a fragment');
  const fields: HeaderField[] = [];
  const lengths: string[] = [];
  for (let start = lineEnd + 2; start < text.length - 2; start = lineEnd + 2) {
    lineEnd = text.indexOf('\r\n', start);
    const field = parseField(text.slice(start, lineEnd));
    if (field === null) return malformed('a header field is malformed');
    if (field[0] === 'content-length') lengths.push(field[1]);
    else fields.push(field);
  }
  return { kind: 'head', head: { method, path: pathOf(target), minor: minor === '0' ? 0 : 1, fields }, lengths, text };
}

/** One `name: value` line; null for anything else, a folded line included. */
export function parseField(line: string): HeaderField | null {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1);
  if (colon === -1 || !FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) return null;
  return [name.toLowerCase(), trimmed(value)];
}

/** Without the blanks and tabs around it; `trim` would take Latin-1's other spaces as well. */
function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Query ignored; absolute-form accepted, its authority ignored (api, "HTTP/1.1 + JSON"). */
function pathOf(target: string): string | null {
  const rest = target.startsWith('/') ? target : target.replace(ABSOLUTE_FORM, '');
  const query = rest.indexOf('?');
  const path = query === -1 ? rest : rest.slice(0, query);
  if (path === '' && rest !== target) return '/';
  return path.startsWith('/') ? path : null;
}

const NONE: readonly string[] = [];

/** Every value of a field but `Content-Length`, in order. */
export function valuesOf(head: RequestHead, name: string): readonly string[] {
  let values: string[] | null = null;
  for (const field of head.fields) if (field[0] === name) (values ??= []).push(field[1]);
  return values ?? NONE;
}

/** Whether a comma-separated header names `token`. */
export function hasToken(head: RequestHead, name: string, token: string): boolean {
  return valuesOf(head, name).some((value) => value.split(',').some((part) => part.trim().toLowerCase() === token));
}

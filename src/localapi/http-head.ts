import type { ByteQueue } from './byte-queue.ts';
import { MAX_HEAD_BYTES } from './limits.ts';

/** Name in lower case; the value's bytes as Latin-1, without the white space around it. */
export type HeaderField = readonly [name: string, value: string];

export interface RequestHead {
  readonly method: string;
  /** Without query, never percent-decoded; null for a target that names no path (`*`, an authority). */
  readonly path: string | null;
  readonly minor: 0 | 1;
  readonly fields: readonly HeaderField[];
}

export type HeadReading =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'head'; readonly head: RequestHead };

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/**
 * Reads request heads line by line, strictly (RFC 9112): CR LF only, no folded lines, no blank before a colon.
 *
 * Not node:http: that parses every pipelined request of a chunk at once and before anybody can say stop, so neither
 * the memory nor the turn of a connection would have a bound. A differential test holds the two against each other.
 */
export class HeadReader {
  #lines: string[] = [];
  #bytes = 0;

  /** Uses up the lines that are there. After anything but `incomplete` it begins anew. */
  read(input: ByteQueue): HeadReading {
    for (;;) {
      const length = input.indexOfNewline();
      const used = this.#bytes + (length === -1 ? input.length : length + 1);
      if (used > MAX_HEAD_BYTES) return this.#restart({ kind: 'too_large' });
      if (length === -1) return { kind: 'incomplete' };
      const line = input.take(length + 1).toString('latin1', 0, length);
      this.#bytes = used;
      if (!line.endsWith('\r')) return this.#restart(malformed('lines must end with CR LF'));
      const text = line.slice(0, -1);
      if (text !== '') this.#lines.push(text);
      // RFC 9112, 2.2: empty lines before the request line are ignored (the head's limit bounds them)
      else if (this.#lines.length > 0) return this.#restart(parseHead(this.#lines));
    }
  }

  #restart(reading: HeadReading): HeadReading {
    this.#lines = [];
    this.#bytes = 0;
    return reading;
  }
}

function malformed(message: string): HeadReading {
  return { kind: 'malformed', message };
}

function parseHead(lines: readonly string[]): HeadReading {
  const [requestLine = '', ...fieldLines] = lines;
  const [, method, target, minor] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === undefined || target === undefined) return malformed('the request line is malformed');
  if (target.includes('#')) return malformed('the request target holds a fragment');
  const fields: HeaderField[] = [];
  for (const line of fieldLines) {
    const field = parseField(line);
    if (field === null) return malformed('a header field is malformed');
    fields.push(field);
  }
  return { kind: 'head', head: { method, path: pathOf(target), minor: minor === '0' ? 0 : 1, fields } };
}

/** One `name: value` line; null for anything else, a folded line included. */
export function parseField(line: string): HeaderField | null {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1);
  if (colon === -1 || !FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) return null;
  return [name.toLowerCase(), value.replace(/^[\t ]+|[\t ]+$/g, '')];
}

/** Query ignored; absolute-form accepted, its authority ignored (api, "HTTP/1.1 + JSON"). */
function pathOf(target: string): string | null {
  const rest = target.replace(ABSOLUTE_FORM, '');
  const [path = ''] = rest.split('?', 1);
  if (path === '' && rest !== target) return '/';
  return path.startsWith('/') ? path : null;
}

export function valuesOf(head: RequestHead, name: string): readonly string[] {
  return head.fields.filter(([field]) => field === name).map(([, value]) => value);
}

/** Whether a comma-separated header names `token`. */
export function hasToken(head: RequestHead, name: string, token: string): boolean {
  return valuesOf(head, name).some((value) => value.split(',').some((part) => part.trim().toLowerCase() === token));
}

import type { ByteQueue } from './byte-queue.ts';
import { parseField, valuesOf, type WholeHead } from './http-head.ts';
import { MAX_HEAD_BYTES } from './limits.ts';

/** How a request's body is delimited. */
export type BodyFraming =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Where the next request begins cannot be known: 400 and close. */
  | { readonly kind: 'malformed'; readonly message: string };

export function bodyFraming({ head, lengths }: WholeHead): BodyFraming {
  const codings = valuesOf(head, 'transfer-encoding');
  if (codings.length === 0) return lengthFraming(lengths);
  if (lengths.length > 0) return malformed('`Transfer-Encoding` beside `Content-Length`');
  if (head.minor === 0) return malformed('`Transfer-Encoding` in HTTP/1.0');
  if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
    return malformed('the only transfer coding is `chunked`');
  }
  return { kind: 'chunked' };
}

function lengthFraming(lengths: readonly string[]): BodyFraming {
  const [text = '0', ...others] = lengths;
  if (others.length > 0) return malformed('`Content-Length` is repeated');
  if (!/^\d{1,15}$/.test(text)) return malformed('`Content-Length` must be a number of bytes');
  return { kind: 'length', length: Number(text) };
}

function malformed(message: string): BodyFraming {
  return { kind: 'malformed', message };
}

/** A body whose end is known to be findable. */
export type KnownFraming = Exclude<BodyFraming, { kind: 'malformed' }>;

export type BodyProgress = 'incomplete' | 'complete' | 'too_large' | 'malformed';

const MAX_CHUNK_LINE_BYTES = 256;
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e]*)?$/;

/** Takes one body out of the input, counting while it arrives. `keep: false` reads it only to get past it. */
export class BodyReader {
  readonly #limit: number;
  readonly #keep: boolean;
  readonly #chunked: boolean;
  #state: 'data' | 'size' | 'data-end' | 'trailer' = 'data';
  /** Bytes still to come of the body, or of this chunk. */
  #left: number;
  #size = 0;
  #trailerBytes = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(framing: KnownFraming, limit: number, keep: boolean) {
    this.#limit = limit;
    this.#keep = keep;
    this.#chunked = framing.kind === 'chunked';
    this.#left = framing.kind === 'length' ? framing.length : 0;
    if (this.#chunked) this.#state = 'size';
  }

  /** The body so far; valid until `read` is called again. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  read(input: ByteQueue): BodyProgress {
    if (!this.#chunked) {
      if (this.#size + this.#left > this.#limit) return 'too_large';
      this.#takeData(input);
      return this.#left === 0 ? 'complete' : 'incomplete';
    }
    for (;;) {
      const progress = this.#state === 'data' ? this.#chunkData(input) : this.#chunkLine(input);
      if (progress !== null) return progress;
    }
  }

  #takeData(input: ByteQueue): void {
    const count = Math.min(this.#left, input.length);
    const data = input.take(count);
    this.#left -= count;
    if (this.#keep) this.#append(data);
    this.#size += count;
  }

  /** Doubles, so that a body in tiny chunks costs neither copies nor objects without bound. */
  #append(data: Buffer): void {
    const needed = this.#size + data.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(2 * this.#bytes.length, needed)));
      this.#bytes.copy(grown, 0, 0, this.#size);
      this.#bytes = grown;
    }
    data.copy(this.#bytes, this.#size);
  }

  /** null: go on. */
  #chunkData(input: ByteQueue): BodyProgress | null {
    if (this.#size + this.#left > this.#limit) return 'too_large';
    this.#takeData(input);
    if (this.#left > 0) return 'incomplete';
    this.#state = 'data-end';
    return null;
  }

  #chunkLine(input: ByteQueue): BodyProgress | null {
    const length = input.indexOfNewline();
    const maximum = this.#state === 'trailer' ? MAX_HEAD_BYTES : MAX_CHUNK_LINE_BYTES;
    if ((length === -1 ? input.length : length) > maximum) return 'malformed';
    if (length === -1) return 'incomplete';
    const raw = input.take(length + 1).toString('latin1', 0, length);
    if (!raw.endsWith('\r')) return 'malformed';
    return this.#useLine(raw.slice(0, -1));
  }

  #useLine(line: string): BodyProgress | null {
    if (this.#state === 'data-end') {
      this.#state = 'size';
      return line === '' ? null : 'malformed';
    }
    if (this.#state === 'trailer') {
      this.#trailerBytes += line.length;
      if (line === '') return 'complete';
      return parseField(line) === null || this.#trailerBytes > MAX_HEAD_BYTES ? 'malformed' : null;
    }
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) return 'malformed';
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
    return null;
  }
}

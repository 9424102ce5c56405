import type { ByteQueue } from './byte-queue.ts';
import type { KnownFraming } from './http-body.ts';
import type { WholeHead } from './http-head.ts';

/** Beyond this a head is read anew each time: what a connection may remember is bounded. */
const MAX_KNOWN_HEAD_BYTES = 1_024;
const MAX_KNOWN_FIELDS = 32;

/** As `bodyFraming` takes it: a number above that is read, and refused, the long way. */
const MAX_LENGTH_DIGITS = 15;
const LENGTH_FIELD = /\r\ncontent-length:[\t ]*(?=(\d{1,15})[\t ]*\r\n)/i;

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * The bytes of a head that was read and found right, but for the digits of its `Content-Length`. A client that keeps a
 * connection says the same again and again; what is the same to the byte reads the same (RFC 9112 knows no state
 * between heads), so that only the length is read anew.
 */
export class KnownHead {
  /** All of it, or what stands before the digits. */
  readonly #before: Buffer;
  /** What stands behind the digits; null where the head has none. */
  readonly #after: Buffer | null;
  /** Of a head without `Content-Length`. */
  readonly #framing: KnownFraming;

  private constructor(text: string, framing: KnownFraming) {
    const field = LENGTH_FIELD.exec(text);
    const digits = field?.[1] ?? '';
    const start = field === null ? text.length : field.index + field[0].length;
    this.#before = Buffer.from(text.slice(0, start), 'latin1');
    this.#after = field === null ? null : Buffer.from(text.slice(start + digits.length), 'latin1');
    this.#framing = framing;
  }

  /** `framing`: that of this very head. null where it is not worth remembering. */
  static of({ head, text }: WholeHead, framing: KnownFraming): KnownHead | null {
    return text.length > MAX_KNOWN_HEAD_BYTES || head.fields.length > MAX_KNOWN_FIELDS
      ? null
      : new KnownHead(text, framing);
  }

  /** Takes the same head out of the input; null, and nothing taken, where another one or only part of it is there. */
  take(input: ByteQueue): KnownFraming | null {
    const before = this.#before.length;
    if (!standsAt(input, 0, this.#before)) return null;
    if (this.#after === null) {
      input.skip(before);
      return this.#framing;
    }
    let length = 0;
    let at = before;
    for (const most = Math.min(input.length, before + MAX_LENGTH_DIGITS); at < most; at += 1) {
      const byte = input.at(at);
      if (byte < DIGIT_0 || byte > DIGIT_9) break;
      length = 10 * length + byte - DIGIT_0;
    }
    if (at === before || !standsAt(input, at, this.#after)) return null;
    input.skip(at + this.#after.length);
    return { kind: 'length', length };
  }
}

function standsAt(input: ByteQueue, offset: number, bytes: Buffer): boolean {
  if (input.length < offset + bytes.length) return false;
  for (let index = 0; index < bytes.length; index += 1) {
    if (input.at(offset + index) !== bytes[index]) return false;
  }
  return true;
}

import type { Members } from './authzen-envelope.ts';

/** The members that an object may have here. */
type Shape = readonly Member[];

interface Member {
  readonly name: string;
  /** Of an object; null = a value that holds no object. */
  readonly inner: Shape | null;
}

function shapeOf(names: string): Shape {
  return names.split(' ').map((name) => ({ name, inner: null }));
}

const ENTITY = shapeOf('type id');
const EVALUATION: Shape = [
  { name: 'subject', inner: [...ENTITY, { name: 'properties', inner: shapeOf('sandbox agent user process') }] },
  { name: 'action', inner: [...shapeOf('name'), { name: 'properties', inner: shapeOf('recursive') }] },
  {
    name: 'resource',
    inner: [...ENTITY, { name: 'properties', inner: shapeOf('host port ip path real resolved recursive') }],
  },
];

const [QUOTE, COMMA, COLON, OPEN, CLOSE] = [0x22, 0x2c, 0x3a, 0x7b, 0x7d] as const;
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d] as const;
const [SPACE, BACKSLASH, ZERO, NINE] = [0x20, 0x5c, 0x30, 0x39] as const;
/** A number of more digits may be larger than a double tells from the next one. */
const MAX_DIGITS = 15;

/**
 * The JSON of an evaluation request as nearly every client writes it: known members, each once, with strings without
 * escapes, whole numbers, flags and lists of strings, and nothing between them but a space. Anything else, a mistake
 * too, is null, and the strict JSON reader's to judge: a test holds that both read the same wherever this one reads
 * anything. What it means is nobody's business here. `text` is ASCII.
 */
export function readPlainEvaluation(text: string): Members | null {
  const reader = new PlainReader(text);
  const value = reader.readObject(EVALUATION);
  return reader.isAtEnd ? value : null;
}

class PlainReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  readObject(shape: Shape): Members | null {
    if (!this.#take(OPEN)) return null;
    const object: Record<string, unknown> = {};
    if (this.#take(CLOSE)) return object;
    let seen = 0;
    for (;;) {
      const index = this.#takeName(shape);
      const member = shape[index];
      const bit = 1 << index;
      if (member === undefined || (seen & bit) !== 0) return null;
      seen |= bit;
      const value = member.inner === null ? this.#readValue() : this.readObject(member.inner);
      if (value === null) return null;
      object[member.name] = value;
      if (this.#take(CLOSE)) return object;
      if (!this.#take(COMMA)) return null;
      this.#take(SPACE);
    }
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at += 1;
    return true;
  }

  /** Reads up to the value of a member; which of the shape's it is, or -1. */
  #takeName(shape: Shape): number {
    if (!this.#take(QUOTE)) return -1;
    for (let index = 0; index < shape.length; index += 1) {
      const name = shape[index]?.name ?? '';
      const end = this.#at + name.length;
      if (this.#text.charCodeAt(end) !== QUOTE || !this.#text.startsWith(name, this.#at)) continue;
      this.#at = end + 1;
      if (!this.#take(COLON)) return -1;
      this.#take(SPACE);
      return index;
    }
    return -1;
  }

  #readValue(): unknown {
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#readString();
    if (code >= ZERO && code <= NINE) return this.#readNumber();
    return code === OPEN_LIST ? this.#readStrings() : this.#readFlag();
  }

  #readString(): string | null {
    if (!this.#take(QUOTE)) return null;
    const start = this.#at;
    let end = start;
    for (let code = this.#text.charCodeAt(end); code !== QUOTE; code = this.#text.charCodeAt(end)) {
      // what is not a character of a JSON string, and the end of the text, which is not a number
      if (code === BACKSLASH || !(code >= SPACE)) return null;
      end += 1;
    }
    this.#at = end + 1;
    return this.#text.slice(start, end);
  }

  #readNumber(): number | null {
    const start = this.#at;
    let value = 0;
    for (let digit = this.#digit(); digit >= 0 && digit <= 9; digit = this.#digit()) {
      value = 10 * value + digit;
      this.#at += 1;
    }
    const digits = this.#at - start;
    const leadingZero = digits > 1 && this.#text.charCodeAt(start) === ZERO;
    return leadingZero || digits > MAX_DIGITS ? null : value;
  }

  #digit(): number {
    return this.#text.charCodeAt(this.#at) - ZERO;
  }

  #readStrings(): readonly string[] | null {
    this.#take(OPEN_LIST);
    const strings: string[] = [];
    if (this.#take(CLOSE_LIST)) return strings;
    for (;;) {
      const text = this.#readString();
      if (text === null) return null;
      strings.push(text);
      if (this.#take(CLOSE_LIST)) return strings;
      if (!this.#take(COMMA)) return null;
      this.#take(SPACE);
    }
  }

  #readFlag(): boolean | null {
    const value = this.#text.startsWith('true', this.#at);
    if (!value && !this.#text.startsWith('false', this.#at)) return null;
    this.#at += value ? 4 : 5;
    return value;
  }
}

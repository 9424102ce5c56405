import { occupy, tableSize } from './hash-slots.ts';
import { type TextTable, TextTableBuilder, textIn } from './text-table.ts';

/**
 * Distinct texts by number, found by their characters: an open hash table over one run of UTF-8. Typed arrays only, so
 * that it crosses threads as it is.
 */
export interface TextSet extends TextTable {
  /** A power of two; a text's number + 1, or 0. */
  readonly slots: Uint32Array;
  readonly hashes: Uint32Array;
}

/** No text of the set; numbers are small. */
export const NOT_FOUND = -1;

export const HASH_START = 0x811c9dc5;

/** Takes one more UTF-16 code unit, from the end of a text to its beginning: the suffixes of a name come out on the way. */
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

/** The low bits choose the slot, and the last steps alone would leave them much alike. */
export function hashEnd(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function hashOf(text: string): number {
  let hash = HASH_START;
  for (let at = text.length - 1; at >= 0; at -= 1) hash = hashStep(hash, text.charCodeAt(at));
  return hashEnd(hash);
}

/** The number of `text.slice(from, to)`, whose hash is known; `NOT_FOUND` if it is none of the set. */
// eslint-disable-next-line max-params -- every request passes here, and an object for the part would be made each time
export function findText(set: TextSet, text: string, from: number, to: number, hash: number): number {
  const { slots, hashes } = set;
  const mask = slots.length - 1;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const number = (slots[slot] ?? 0) - 1;
    if (number < 0) return NOT_FOUND;
    if (hashes[number] === hash && isText(set, number, text, from, to)) return number;
  }
}

// eslint-disable-next-line max-params -- the same
function isText({ starts, bytes }: TextSet, number: number, text: string, from: number, to: number): boolean {
  const start = starts[number] ?? 0;
  const end = starts[number + 1] ?? 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    // beyond ASCII characters and bytes do not go one to one
    if (byte > 0x7f) return textIn(bytes, start, end) === text.slice(from, to);
    if (text.charCodeAt(from + at - start) !== byte) return false;
  }
  return end - start === to - from;
}

/** Gives each distinct text a number, in the order in which they come. */
export class TextSetBuilder {
  readonly #numbers = new Map<string, number>();

  /** The text's number, new or not. */
  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }

  get size(): number {
    return this.#numbers.size;
  }

  build(): TextSet {
    const count = this.#numbers.size;
    const slots = new Uint32Array(tableSize(count));
    const hashes = new Uint32Array(count);
    const writer = new TextTableBuilder();
    let number = 0;
    for (const text of this.#numbers.keys()) {
      const hash = hashOf(text);
      hashes[number] = hash;
      writer.add(text);
      occupy(slots, hash, number);
      number += 1;
    }
    return { slots, hashes, ...writer.build() };
  }
}

import type { Address } from '../resource/address.ts';
import type { Words } from '../resource/ip-words.ts';
import { Column } from './column.ts';
import type { Hits } from './hits.ts';
import { type Postings, PostingsBuilder } from './postings.ts';

/**
 * Prefixes of one family, laid out as the ranges that their ends cut the addresses into. Each range knows the innermost
 * prefix around it and each prefix the next one outwards, so one binary search finds all of them, however many lengths
 * there are.
 */
export interface PrefixRanges {
  /** Words of an address: one for IPv4, four for IPv6. */
  readonly width: number;
  /** First address of each range, ascending, `width` words each; the first range begins at zero. */
  readonly firsts: Uint32Array;
  /** The innermost prefix around each range + 1; 0 = none. */
  readonly innermost: Uint32Array;
  /** The next prefix outwards + 1; 0 = none. */
  readonly outer: Uint32Array;
  /** Targets by prefix. */
  readonly postings: Postings;
}

/** By family. */
export interface AddressIndex {
  readonly v4: PrefixRanges;
  readonly v6: PrefixRanges;
}

export class AddressIndexBuilder {
  readonly #v4 = new RangesBuilder(1);
  readonly #v6 = new RangesBuilder(4);

  /** A prefix of a rule; an address is one of full length. */
  add(words: Words, length: number, target: number): void {
    (words.length === 1 ? this.#v4 : this.#v6).add(words, length, target);
  }

  build(): AddressIndex {
    return { v4: this.#v4.build(), v6: this.#v6.build() };
  }
}

/** Adds the targets whose address or prefix holds this address. */
export function collectAddress(index: AddressIndex, { family, words }: Address, hits: Hits): void {
  const ranges = family === 4 ? index.v4 : index.v6;
  const { innermost, outer, postings } = ranges;
  if (outer.length === 0) return;
  let prefix = innermost[rangeOf(ranges, words)] ?? 0;
  while (prefix !== 0) {
    const end = postings.starts[prefix] ?? 0;
    for (let at = postings.starts[prefix - 1] ?? 0; at < end; at += 1) hits.add(postings.values[at] ?? 0);
    prefix = outer[prefix - 1] ?? 0;
  }
}

/** The last range that does not begin behind the address. */
function rangeOf(ranges: PrefixRanges, words: Words): number {
  const { firsts, width, innermost } = ranges;
  let low = 0;
  let high = innermost.length;
  const [word = 0] = words;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const first = firsts[middle * width] ?? 0;
    if (first > word || (first === word && isBehind(firsts, middle * width, words))) high = middle;
    else low = middle;
  }
  return low;
}

/** Whether the address at `at` lies behind this one; their first words are equal. */
function isBehind(firsts: Uint32Array, at: number, words: Words): boolean {
  for (let index = 1; index < words.length; index += 1) {
    const [first, word] = [firsts[at + index] ?? 0, words[index] ?? 0];
    if (first !== word) return first > word;
  }
  return false;
}

interface BuiltPrefix {
  readonly number: number;
  readonly words: Words;
  readonly length: number;
  /** The first address behind it; null = it reaches to the end. */
  readonly behind: Words | null;
}

class RangesBuilder {
  readonly #width: number;
  readonly #prefixes = new Map<string | number, BuiltPrefix>();
  readonly #postings = new PostingsBuilder();

  constructor(width: number) {
    this.#width = width;
  }

  add(words: Words, length: number, target: number): void {
    const key = this.#width === 1 ? 64 * (words[0] ?? 0) + length : `${words.join(':')}/${length}`;
    let prefix = this.#prefixes.get(key);
    if (prefix === undefined) {
      prefix = { number: this.#prefixes.size, words, length, behind: addressBehind(words, length) };
      this.#prefixes.set(key, prefix);
    }
    this.#postings.add(prefix.number, target);
  }

  build(): PrefixRanges {
    const width = this.#width;
    const sorted = [...this.#prefixes.values()].sort((a, b) => compare(a.words, b.words) || a.length - b.length);
    return { width, ...layOut(width, sorted), postings: this.#postings.build(sorted.length) };
  }
}

/** Sweeps over the prefixes from zero up; those that are open lie inside one another. */
function layOut(width: number, sorted: readonly BuiltPrefix[]): Pick<PrefixRanges, 'firsts' | 'innermost' | 'outer'> {
  const ranges = new RangeList(width);
  const outer = new Uint32Array(sorted.length);
  const open: BuiltPrefix[] = [];
  const closeBefore = (words: Words | null): void => {
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      if (words !== null && (last.behind === null || compare(last.behind, words) > 0)) return;
      open.pop();
      if (last.behind !== null) ranges.begin(last.behind, open.at(-1));
    }
  };
  for (const prefix of sorted) {
    closeBefore(prefix.words);
    outer[prefix.number] = (open.at(-1)?.number ?? -1) + 1;
    ranges.begin(prefix.words, prefix);
    open.push(prefix);
  }
  closeBefore(null);
  return { ...ranges.build(), outer };
}

class RangeList {
  readonly #firsts = new Column();
  readonly #innermost = new Column();
  readonly #width: number;
  #last: Words;

  constructor(width: number) {
    this.#width = width;
    this.#last = Array.from({ length: width }, () => 0);
    this.#append(this.#last, 0);
  }

  /** From this address on; what would have begun there before is empty. */
  begin(words: Words, prefix: BuiltPrefix | undefined): void {
    const innermost = (prefix?.number ?? -1) + 1;
    if (compare(this.#last, words) === 0) this.#innermost.set(this.#innermost.length - 1, innermost);
    else this.#append(words, innermost);
  }

  build(): Pick<PrefixRanges, 'firsts' | 'innermost'> {
    return { firsts: this.#firsts.build(), innermost: this.#innermost.build() };
  }

  #append(words: Words, innermost: number): void {
    for (let index = 0; index < this.#width; index += 1) this.#firsts.push(words[index] ?? 0);
    this.#innermost.push(innermost);
    this.#last = words;
  }
}

function compare(a: Words, b: Words): number {
  for (let index = 0; index < a.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first address behind a prefix: one added at its last bit, carried upwards. */
function addressBehind(words: Words, length: number): Words | null {
  const next = [...words];
  let carry = 2 ** ((32 - (length % 32)) % 32);
  for (let index = Math.ceil(length / 32) - 1; index >= 0; index -= 1) {
    const sum = (next[index] ?? 0) + carry;
    next[index] = sum % 2 ** 32;
    carry = sum >= 2 ** 32 ? 1 : 0;
  }
  return carry > 0 ? null : next;
}

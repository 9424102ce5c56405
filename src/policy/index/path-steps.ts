import { findText, HASH_START, hashEnd, hashStep, type TextSet } from './text-set.ts';

/** A path of 4,096 bytes has no more names. */
const MAX_NAMES = 2_048;
/** Not looked up yet; numbers of names and `NOT_FOUND` are above it. */
const UNKNOWN = -2;
const SLASH = 0x2f;
const FEW_NAMES = 32;

/**
 * The names of one path, as numbers of one trie's own names where these are asked for. Kept and filled anew, so that a
 * decision allocates nothing for it.
 */
export class PathSteps {
  #path = '';
  #count = 0;
  readonly #from = new Uint32Array(MAX_NAMES);
  readonly #to = new Uint32Array(MAX_NAMES);
  readonly #hashes = new Uint32Array(MAX_NAMES);
  readonly #numbers = new Int32Array(MAX_NAMES);
  readonly #distinct = new Int32Array(MAX_NAMES);
  #distinctCount = UNKNOWN;
  #names: TextSet | null = null;

  get count(): number {
    return this.#count;
  }

  /** Takes up a canonical path, for looks into `names`; false where it has more names than a path can have. */
  read(path: string, names: TextSet): boolean {
    if (path !== this.#path) this.#cut(path);
    this.#names = names;
    this.#numbers.fill(UNKNOWN, 0, this.#count);
    this.#distinctCount = UNKNOWN;
    return this.#count <= MAX_NAMES;
  }

  /** The number of a name of the path among the trie's; negative if no pattern has it. */
  numberAt(index: number): number {
    const known = this.#numbers[index] ?? UNKNOWN;
    if (known !== UNKNOWN || this.#names === null) return known;
    const place = this.#count - 1 - index;
    const [from, to, hash] = [this.#from[place] ?? 0, this.#to[place] ?? 0, this.#hashes[place] ?? 0];
    const number = findText(this.#names, this.#path, from, to, hash);
    this.#numbers[index] = number;
    return number;
  }

  /** How many names of the path are also the trie's, each counted once. */
  get distinctCount(): number {
    if (this.#distinctCount === UNKNOWN) this.#distinctCount = this.#findDistinct();
    return this.#distinctCount;
  }

  /** Their numbers. */
  distinctAt(index: number): number {
    return this.#distinct[index] ?? UNKNOWN;
  }

  lengthAt(index: number): number {
    const place = this.#count - 1 - index;
    return (this.#to[place] ?? 0) - (this.#from[place] ?? 0);
  }

  nameAt(index: number): string {
    const place = this.#count - 1 - index;
    return this.#path.slice(this.#from[place], this.#to[place]);
  }

  #findDistinct(): number {
    // a long path is rare, and a short one not worth a set
    const seen = this.#count > FEW_NAMES ? new Set<number>() : null;
    let found = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const number = this.numberAt(index);
      if (number < 0 || (seen === null ? this.#isAmong(found, number) : seen.has(number))) continue;
      seen?.add(number);
      this.#distinct[found] = number;
      found += 1;
    }
    return found;
  }

  #isAmong(count: number, number: number): boolean {
    for (let place = 0; place < count; place += 1) if (this.#distinct[place] === number) return true;
    return false;
  }

  /** From the end, as texts are hashed; so the last name stands first. */
  #cut(path: string): void {
    let count = 0;
    let to = path.length;
    let hash = HASH_START;
    for (let at = path.length - 1; at >= 0; at -= 1) {
      const code = path.charCodeAt(at);
      if (code !== SLASH) {
        hash = hashStep(hash, code);
        continue;
      }
      this.#from[count] = at + 1;
      this.#to[count] = to;
      this.#hashes[count] = hashEnd(hash);
      count += 1;
      to = at;
      hash = HASH_START;
    }
    this.#path = path;
    // `/` alone has none
    this.#count = path.length === 1 ? 0 : count;
  }
}

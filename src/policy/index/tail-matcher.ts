import { matchesEverySegment, matchesSegment } from '../resource/segment-glob.ts';
import type { PathSteps } from './path-steps.ts';
import { DEEP, GLOB, globOf, type PathTrie } from './path-trie.ts';
import { NOT_FOUND } from './text-set.ts';

/** Some ten milliseconds of work: more than an honest policy takes for one path, and the bound of what a hostile one can. */
const MAX_STEPS = 400_000;
/** So many characters of a name count as one step more: a glob looks at each of them. */
const CHARACTERS_A_STEP = 16;

/** More than a pattern of 4,096 bytes has segments. */
const MAX_POSITIONS = 4_096;

/**
 * Follows tails of patterns along a path: the states of a nondeterministic automaton, all at once, so that no input
 * makes it go back. What lies before the last `**` that was reached is left out: every way on from there leads through
 * that `**`, which takes any name and so gets there first. Kept and filled anew; one look at a time.
 */
export class TailMatcher {
  #trie: PathTrie | null = null;
  #codes: Uint32Array = new Uint32Array(0);
  #first = 0;
  #end = 0;
  #steps = 0;
  #from = new Uint32Array(MAX_POSITIONS);
  #to = new Uint32Array(MAX_POSITIONS);
  #count = 0;

  /** A new look: what it may take begins anew. */
  reset(): void {
    this.#steps = 0;
  }

  get exhausted(): boolean {
    return this.#steps > MAX_STEPS;
  }

  /** A `**` and nothing more: it matches and covers whatever follows. */
  isDeep(trie: PathTrie, tail: number): boolean {
    return this.startsDeep(trie, tail) && this.#end === this.#first + 1;
  }

  /** Behind a `**` one can always go on. */
  startsDeep(trie: PathTrie, tail: number): boolean {
    this.#take(trie, tail);
    return this.#codes[this.#first] === DEEP;
  }

  /** Whether the tail matches what follows of the path from the name at `depth` on. */
  matches(trie: PathTrie, tail: number, path: PathSteps, depth: number): boolean {
    this.#take(trie, tail);
    // ordinary tails first: `**` and nothing more, and those that take one name a segment
    const deep = this.#firstDeep();
    if (deep === this.#first && this.#end === deep + 1) return true;
    if (deep === NOT_FOUND) return this.#matchesOneByOne(path, depth);
    this.#follow(trie, tail, path, depth);
    return this.#accepts();
  }

  /** Whether it matches a beginning of something that lies below the path, or the path. */
  reaches(trie: PathTrie, tail: number, path: PathSteps, depth: number): boolean {
    this.#follow(trie, tail, path, depth);
    return this.#count > 0;
  }

  /**
   * Whether it matches the path and everything below. A name that no rule has is the hardest to match: any other takes
   * the same steps and perhaps more. So it is enough to follow that one until nothing changes, which it does after at
   * most one step a segment.
   */
  covers(trie: PathTrie, tail: number, path: PathSteps, depth: number): boolean {
    this.#follow(trie, tail, path, depth);
    while (this.#accepts()) {
      const before = this.#count;
      this.#step(null, 0);
      if (this.#count === before && this.#isUnchanged()) return true;
    }
    return false;
  }

  #matchesOneByOne(path: PathSteps, depth: number): boolean {
    if (path.count - depth !== this.#end - this.#first) return false;
    for (let index = depth; index < path.count; index += 1) {
      this.#steps += 1 + path.lengthAt(index) / CHARACTERS_A_STEP;
      if (!this.#takes(this.#codes[this.#first + index - depth] ?? DEEP, path, index)) return false;
    }
    return true;
  }

  #firstDeep(): number {
    for (let at = this.#first; at < this.#end; at += 1) if (this.#codes[at] === DEEP) return at;
    return NOT_FOUND;
  }

  #take(trie: PathTrie, tail: number): void {
    this.#trie = trie;
    this.#codes = trie.segments.values;
    this.#first = trie.segments.starts[tail] ?? 0;
    this.#end = trie.segments.starts[tail + 1] ?? 0;
  }

  #follow(trie: PathTrie, tail: number, path: PathSteps, depth: number): void {
    this.#take(trie, tail);
    this.#swap(this.#reach(0, this.#first));
    for (let index = depth; index < path.count && this.#count > 0; index += 1) {
      if (this.exhausted) {
        this.#count = 0;
        return;
      }
      this.#step(path, index);
    }
  }

  /** What `#to` holds becomes what is followed. */
  #swap(count: number): void {
    const from = this.#from;
    this.#from = this.#to;
    this.#to = from;
    this.#count = count;
  }

  /**
   * Stands on a position, and behind it where it is a `**`, which may match nothing; gives the new number of positions.
   * They are reached in ascending order and each only once: what is behind a `**` moves on by a step of its own.
   */
  #reach(count: number, position: number): number {
    let reached = count;
    let at = position;
    while (at < this.#end && this.#codes[at] === DEEP) {
      this.#to[0] = at;
      reached = 1;
      at += 1;
    }
    // a typed array drops what is written behind its end
    if (reached >= MAX_POSITIONS) this.#steps = MAX_STEPS + 1;
    this.#to[reached] = at;
    return reached + 1;
  }

  /** Where one more name leads: the path's, or with null one that no rule has. */
  #step(path: PathSteps | null, index: number): void {
    let count = 0;
    for (let place = 0; place < this.#count; place += 1) {
      const position = this.#from[place] ?? 0;
      if (position >= this.#end) continue;
      const code = this.#codes[position] ?? 0;
      if (code === DEEP) count = this.#reach(count, position);
      else if (this.#takes(code, path, index)) count = this.#reach(count, position + 1);
    }
    this.#steps += this.#count * (path === null ? 1 : 1 + path.lengthAt(index) / CHARACTERS_A_STEP);
    this.#swap(count);
  }

  #takes(code: number, path: PathSteps | null, index: number): boolean {
    if (code < GLOB) return path !== null && path.numberAt(index) === code;
    if (this.#trie === null) return false;
    const glob = globOf(this.#trie, code);
    if (matchesEverySegment(glob)) return true;
    return path !== null && matchesSegment(glob, path.nameAt(index));
  }

  #accepts(): boolean {
    return this.#count > 0 && this.#from[this.#count - 1] === this.#end;
  }

  /** After a step: it led to where it came from. */
  #isUnchanged(): boolean {
    const [now, before] = [this.#from, this.#to];
    for (let place = 0; place < this.#count; place += 1) if (now[place] !== before[place]) return false;
    return true;
  }
}

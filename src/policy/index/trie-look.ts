import type { Hits } from './hits.ts';
import { PathSteps } from './path-steps.ts';
import { childOf, NO_LITERAL, type PathTrie, ROOT } from './path-trie.ts';
import { TailMatcher } from './tail-matcher.ts';
import { NOT_FOUND } from './text-set.ts';

/** Adds to `hits` what a trie has for a canonical path. */
export type TrieLook = (trie: PathTrie, path: string, hits: Hits) => void;

// One look at a time: nothing here waits.
const steps = new PathSteps();
const matcher = new TailMatcher();

/** Patterns that match the path. */
export const collectMatching: TrieLook = (trie, path, hits) => {
  const own = walk(trie, path, hits, matches);
  if (own === NOT_FOUND) return;
  const { starts, values } = trie.ends;
  const end = starts[own + 1] ?? 0;
  for (let at = starts[own] ?? 0; at < end; at += 1) hits.add(values[at] ?? 0);
};

/** Patterns that match the path and everything below it. A literal pattern never does. */
export const collectCovering: TrieLook = (trie, path, hits) => {
  walk(trie, path, hits, covers);
};

/** Patterns that match the path or anything that could be below it: wherever one can still go on, some name leads on. */
export const collectMeeting: TrieLook = (trie, path, hits) => {
  const own = walk(trie, path, hits, reaches);
  if (own === NOT_FOUND) return;
  const { ends, tails, tailTargets, behind } = trie;
  const last = behind[own] ?? 0;
  const endsTo = ends.starts[last] ?? 0;
  for (let at = ends.starts[own] ?? 0; at < endsTo; at += 1) hits.add(ends.values[at] ?? 0);
  // the tails of the path's own node were looked at just now: twice is allowed
  const tailsTo = tails[last] ?? 0;
  for (let tail = tails[own] ?? 0; tail < tailsTo; tail += 1) hits.add(tailTargets[tail] ?? 0);
};

/** What is asked of a tail that hangs at `depth`. */
interface Question {
  readonly holds: (trie: PathTrie, tail: number, depth: number) => boolean;
  /** It can hold only where the path has the tail's last literal name. */
  readonly needsLiteral: boolean;
}

const matches: Question = {
  holds: (trie, tail, depth) => matcher.matches(trie, tail, steps, depth),
  needsLiteral: true,
};
const covers: Question = {
  // what covers everything below waits for no further name: its literals are all read
  holds: (trie, tail, depth) => matcher.isDeep(trie, tail) || matcher.covers(trie, tail, steps, depth),
  needsLiteral: true,
};
const reaches: Question = {
  holds: (trie, tail, depth) => matcher.startsDeep(trie, tail) || matcher.reaches(trie, tail, steps, depth),
  needsLiteral: false,
};

/** Adds the tails along the path for which the question holds; gives the path's own node. */
function walk(trie: PathTrie, path: string, hits: Hits, question: Question): number {
  matcher.reset();
  if (!steps.read(path, trie.names)) hits.exhaust();
  const { tails } = trie;
  let node = ROOT;
  for (let depth = 0; ; depth += 1) {
    const from = tails[node] ?? 0;
    const to = tails[node + 1] ?? 0;
    if (from < to) addTails(trie, { from, to, depth }, question, hits);
    if (depth >= steps.count) return node;
    const name = steps.numberAt(depth);
    node = name < 0 ? NOT_FOUND : childOf(trie, node, name);
    if (node === NOT_FOUND) return NOT_FOUND;
  }
}

/** So many tails are followed without asking first whether the path has their last literal. */
const FEW_TAILS = 4;

interface TailRange {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

function addTails(trie: PathTrie, range: TailRange, question: Question, hits: Hits): void {
  if (!question.needsLiteral || range.to - range.from <= FEW_TAILS) {
    addHolding(trie, range, question, hits);
    return;
  }
  for (let place = 0; place < steps.distinctCount; place += 1) {
    addHolding(trie, rangeOf(trie, range, steps.distinctAt(place)), question, hits);
  }
  addHolding(trie, rangeOf(trie, range, NO_LITERAL), question, hits);
}

function addHolding(trie: PathTrie, { from, to, depth }: TailRange, { holds }: Question, hits: Hits): void {
  for (let tail = from; tail < to; tail += 1) {
    const target = trie.tailTargets[tail] ?? 0;
    if (hits.wants(target) && holds(trie, tail, depth)) hits.add(target);
    if (!matcher.exhausted) continue;
    hits.exhaust();
    return;
  }
}

/** The tails of a node with that last literal: they are sorted by it. */
function rangeOf({ tailLiterals }: PathTrie, { from, to, depth }: TailRange, literal: number): TailRange {
  const first = lowerBound(tailLiterals, from, to, literal);
  return { from: first, to: lowerBound(tailLiterals, first, to, literal + 1), depth };
}

function lowerBound(sorted: Uint32Array, from: number, to: number, value: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

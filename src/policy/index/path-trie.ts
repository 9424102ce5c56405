import type { SegmentGlob } from '../resource/segment-glob.ts';
import type { Postings } from './postings.ts';
import { hashEnd, hashStep, NOT_FOUND, type TextSet } from './text-set.ts';
import { textAt } from './text-table.ts';

/**
 * Patterns by their leading literal names. Nodes are numbered in the order of a walk from the root down, so that all
 * that lies below a node stands behind it in one piece. What is left of a pattern behind its literals is its tail.
 * Typed arrays only, so that it crosses threads as it is.
 */
export interface PathTrie {
  readonly names: TextSet;
  /** By parent and name: a node's number + 1, or 0. A power of two. */
  readonly slots: Uint32Array;
  readonly parents: Uint32Array;
  readonly labels: Uint32Array;
  /** The first node that no longer lies below each one. */
  readonly behind: Uint32Array;
  /** Targets by node: patterns that are literal to the end, and end here. */
  readonly ends: Postings;
  /** Tails by node, as numbers: where they begin; the last entry is where the last one ends. */
  readonly tails: Uint32Array;
  readonly tailTargets: Uint32Array;
  /** The last literal of each tail: a path without that name is no match for it. `NO_LITERAL` = it has none. */
  readonly tailLiterals: Uint32Array;
  /** Codes of segments by tail: the number of a name, `DEEP`, or `GLOB` and the number of a glob. */
  readonly segments: Postings;
  /** Texts by glob, as numbers of names: head, what stands between the stars, tail. */
  readonly globs: Postings;
}

export const NO_LITERAL = 0xffff_ffff;
export const DEEP = 0xffff_ffff;
export const GLOB = 0x8000_0000;
export const ROOT = 0;

/** The node below `parent` with that name; `NOT_FOUND` if there is none. */
export function childOf({ slots, parents, labels }: PathTrie, parent: number, name: number): number {
  const mask = slots.length - 1;
  for (let slot = edgeHash(parent, name) & mask; ; slot = (slot + 1) & mask) {
    const node = (slots[slot] ?? 0) - 1;
    if (node < 0) return NOT_FOUND;
    if (parents[node] === parent && labels[node] === name) return node;
  }
}

export function edgeHash(parent: number, name: number): number {
  return hashEnd(hashStep(hashStep(0, parent), name));
}

/** The glob that a segment code stands for. */
export function globOf(trie: PathTrie, code: number): SegmentGlob {
  const glob = (code & ~GLOB) >>> 0;
  let globs = GLOBS.get(trie);
  if (globs === undefined) GLOBS.set(trie, (globs = []));
  return (globs[glob] ??= readGlob(trie, glob));
}

/** Read when a path first comes near them: most of a large policy is never asked. */
const GLOBS = new WeakMap<PathTrie, (SegmentGlob | undefined)[]>();

function readGlob({ globs: { starts, values }, names }: PathTrie, glob: number): SegmentGlob {
  const texts = [...values.subarray(starts[glob], starts[glob + 1])].map((name) => textAt(names, name));
  return { head: texts[0] ?? '', between: texts.slice(1, -1), tail: texts.at(-1) ?? '' };
}

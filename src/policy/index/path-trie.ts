import type { PathSegment } from '../resource/path-pattern.ts';
import type { SegmentGlob } from '../resource/segment-glob.ts';
import { occupy, tableSize } from './hash-slots.ts';
import { type Postings, PostingsBuilder } from './postings.ts';
import { hashEnd, hashStep, NOT_FOUND, type TextSet, TextSetBuilder } from './text-set.ts';
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
  /** Tails by node: where they begin; the last entry is where the last one ends. */
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

export interface TrieEntry {
  readonly ordinal: number;
  readonly segments: readonly PathSegment[];
}

/** The node below `parent` with that name; `NOT_FOUND` if there is none. */
export function childOf({ slots, parents, labels }: PathTrie, parent: number, name: number): number {
  const mask = slots.length - 1;
  for (let slot = edgeHash(parent, name) & mask; ; slot = (slot + 1) & mask) {
    const node = (slots[slot] ?? 0) - 1;
    if (node < 0) return NOT_FOUND;
    if (parents[node] === parent && labels[node] === name) return node;
  }
}

function edgeHash(parent: number, name: number): number {
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

interface Node {
  readonly parent: Node | null;
  readonly label: number;
  readonly children: Map<number, Node>;
  readonly ends: number[];
  readonly tails: Tail[];
}

interface Tail {
  readonly target: number;
  readonly codes: readonly number[];
  readonly literal: number;
}

export function buildPathTrie(entries: Iterable<TrieEntry>): PathTrie {
  const coder = new SegmentCoder();
  const root = newNode(null, 0);
  for (const { ordinal, segments } of entries) {
    let node = root;
    let depth = 0;
    for (const segment of segments) {
      if (segment.kind !== 'literal') break;
      node = childFor(node, coder.names.add(segment.text));
      depth += 1;
    }
    if (depth === segments.length) node.ends.push(ordinal);
    else node.tails.push(coder.tail(ordinal, segments.slice(depth)));
  }
  return layOut(root, coder);
}

function newNode(parent: Node | null, label: number): Node {
  return { parent, label, children: new Map(), ends: [], tails: [] };
}

function childFor(node: Node, label: number): Node {
  const known = node.children.get(label);
  if (known !== undefined) return known;
  const child = newNode(node, label);
  node.children.set(label, child);
  return child;
}

class SegmentCoder {
  readonly names = new TextSetBuilder();
  readonly globs = new PostingsBuilder();
  readonly #known = new Map<string, number>();

  get globCount(): number {
    return this.#known.size;
  }

  tail(target: number, segments: readonly PathSegment[]): Tail {
    const codes = segments.map((segment) => this.#codeOf(segment));
    return { target, codes, literal: codes.findLast((code) => code < GLOB) ?? NO_LITERAL };
  }

  #codeOf(segment: PathSegment): number {
    if (segment.kind === 'deep') return DEEP;
    if (segment.kind === 'literal') return this.names.add(segment.text);
    const texts = [segment.glob.head, ...segment.glob.between, segment.glob.tail];
    const key = texts.join('*');
    let glob = this.#known.get(key);
    if (glob === undefined) {
      glob = this.#known.size;
      this.#known.set(key, glob);
      for (const text of texts) this.globs.add(glob, this.names.add(text));
    }
    return (GLOB | glob) >>> 0;
  }
}

/** Numbers the nodes from the root down, without recursion: the depth of a pattern is its author's choice. */
function layOut(root: Node, coder: SegmentCoder): PathTrie {
  const nodes = inOrder(root);
  const numbers = new Map(nodes.map((node, number) => [node, number]));
  const count = nodes.length;
  const [parents, labels, behind] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  const slots = new Uint32Array(tableSize(count));
  const ends = new PostingsBuilder();
  const tails: Tail[] = [];
  const tailStarts = new Uint32Array(count + 1);
  for (const [number, node] of nodes.entries()) {
    const parent = node.parent === null ? ROOT : (numbers.get(node.parent) ?? ROOT);
    parents[number] = parent;
    labels[number] = node.label;
    if (node.parent !== null) occupy(slots, edgeHash(parent, node.label), number);
    for (const target of node.ends) ends.add(number, target);
    tails.push(...node.tails.sort((a, b) => a.literal - b.literal));
    tailStarts[number + 1] = tails.length;
  }
  for (let number = count - 1; number >= 0; number -= 1) {
    // those below were numbered later, and have told it how far they reach
    const end = Math.max(behind[number] ?? 0, number + 1);
    behind[number] = end;
    const parent = parents[number] ?? ROOT;
    if (number !== ROOT) behind[parent] = Math.max(behind[parent] ?? 0, end);
  }
  const placed = { slots, parents, labels, behind, ends: ends.build(count), tails: tailStarts };
  return { ...placed, ...layOutTails(tails), names: coder.names.build(), globs: coder.globs.build(coder.globCount) };
}

function inOrder(root: Node): readonly Node[] {
  const nodes: Node[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    nodes.push(node);
    for (const child of node.children.values()) open.push(child);
  }
  return nodes;
}

function layOutTails(tails: readonly Tail[]): Pick<PathTrie, 'tailTargets' | 'tailLiterals' | 'segments'> {
  const segments = new PostingsBuilder();
  for (const [number, { codes }] of tails.entries()) for (const code of codes) segments.add(number, code);
  return {
    tailTargets: Uint32Array.from(tails, ({ target }) => target),
    tailLiterals: Uint32Array.from(tails, ({ literal }) => literal),
    segments: segments.build(tails.length),
  };
}

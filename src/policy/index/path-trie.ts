import type { PathSegment } from '../resource/path-pattern.ts';
import { accepts, acceptsEverything, type Positions, startPositions, stepPositions } from './position-set.ts';

/** Called with the ordinal of each pattern that matches; the same one may come more than once. */
export type Visit = (ordinal: number) => void;

/** What is left of a pattern behind its literal segments; starts with a glob or `**`. */
interface Tail {
  readonly ordinal: number;
  readonly segments: readonly PathSegment[];
}

interface TrieNode {
  /** Numbers of nodes; null while there are none, which is most of them. */
  children: Map<string, number> | null;
  /** Patterns that are literal to the end, and end here. */
  readonly ends: number[];
  /** Tails without any literal segment. */
  readonly tails: Tail[];
  /** The others by their last literal: a path without that name is no match for them. Null while there are none. */
  named: Map<string, Tail[]> | null;
}

/** Patterns by their leading literal segments. One flat list: the depth of a pattern never becomes depth of recursion. */
export interface PathTrie {
  readonly nodes: readonly TrieNode[];
}

export interface TrieEntry {
  readonly ordinal: number;
  readonly segments: readonly PathSegment[];
}

export function buildPathTrie(entries: Iterable<TrieEntry>): PathTrie {
  const root = newNode();
  const nodes = [root];
  for (const { ordinal, segments } of entries) {
    let node = root;
    let depth = 0;
    for (const segment of segments) {
      if (segment.kind !== 'literal') break;
      node = childOf(nodes, node, segment.text);
      depth += 1;
    }
    if (depth === segments.length) node.ends.push(ordinal);
    else addTail(node, { ordinal, segments: segments.slice(depth) });
  }
  return { nodes };
}

function newNode(): TrieNode {
  return { children: null, ends: [], tails: [], named: null };
}

function addTail(node: TrieNode, tail: Tail): void {
  const last = tail.segments.findLast((segment) => segment.kind === 'literal');
  if (last === undefined) {
    node.tails.push(tail);
    return;
  }
  node.named ??= new Map();
  const sharing = node.named.get(last.text);
  if (sharing === undefined) node.named.set(last.text, [tail]);
  else sharing.push(tail);
}

function childOf(nodes: TrieNode[], node: TrieNode, name: string): TrieNode {
  node.children ??= new Map();
  const known = nodes[node.children.get(name) ?? -1];
  if (known !== undefined) return known;
  const child = newNode();
  node.children.set(name, nodes.length);
  nodes.push(child);
  return child;
}

/** The segments of a canonical path. */
export function namesOf(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

/** Where a tail stands once the rest of the path is read. */
function positionsBehind(tail: Tail, names: readonly string[], from: number): Positions {
  let positions = startPositions(tail.segments);
  for (let index = from; index < names.length && positions.length > 0; index += 1) {
    positions = stepPositions(tail.segments, positions, names[index] ?? '');
  }
  return positions;
}

/** What is asked of the tails along a path. */
interface Question {
  /** The tails of a node that are worth asking. */
  readonly tailsOf: (node: TrieNode) => Iterable<Tail>;
  readonly holds: (tail: Tail, depth: number) => boolean;
}

/** Visits the tails that hang along the path and for which the question holds; gives the path's own node. */
function visitTails(
  trie: PathTrie,
  names: readonly string[],
  { tailsOf, holds }: Question,
  visit: Visit,
): TrieNode | undefined {
  let node = trie.nodes[0];
  for (let depth = 0; node !== undefined; depth += 1) {
    for (const tail of tailsOf(node)) if (holds(tail, depth)) visit(tail.ordinal);
    const name = names[depth];
    if (name === undefined) return node;
    node = trie.nodes[node.children?.get(name) ?? -1];
  }
  return undefined;
}

/** A `**` at the very end: it matches and covers whatever follows. */
function isDeep(tail: Tail): boolean {
  return tail.segments.length === 1 && startsDeep(tail);
}

/** Behind a `**` one can always go on. */
function startsDeep(tail: Tail): boolean {
  return tail.segments[0]?.kind === 'deep';
}

/** The tails of a node that the path could have read to their last literal. */
function tailsWithin(names: readonly string[]): (node: TrieNode) => Iterable<Tail> {
  let distinct: ReadonlySet<string> | null = null;
  return ({ tails, named }) => {
    if (named === null) return tails;
    distinct ??= new Set(names);
    const found = [...tails];
    for (const name of distinct) for (const tail of named.get(name) ?? []) found.push(tail);
    return found;
  };
}

function allTails({ tails, named }: TrieNode): Iterable<Tail> {
  return named === null ? tails : [...tails, ...[...named.values()].flat()];
}

/** Patterns that match the path. */
export function visitMatching(trie: PathTrie, names: readonly string[], visit: Visit): void {
  const holds = (tail: Tail, depth: number): boolean =>
    isDeep(tail) || accepts(tail.segments, positionsBehind(tail, names, depth));
  const own = visitTails(trie, names, { tailsOf: tailsWithin(names), holds }, visit);
  own?.ends.forEach((ordinal) => visit(ordinal));
}

/** Patterns that match the path and everything below it. A literal pattern never does. */
export function visitCoveringSubtree(trie: PathTrie, names: readonly string[], visit: Visit): void {
  // what covers everything below waits for no further name: its literals are all read
  const holds = (tail: Tail, depth: number): boolean =>
    isDeep(tail) || acceptsEverything(tail.segments, positionsBehind(tail, names, depth));
  visitTails(trie, names, { tailsOf: tailsWithin(names), holds }, visit);
}

/** Patterns that match the path or anything that could be below it: wherever one can still go on, some name leads on. */
export function visitMeetingSubtree(trie: PathTrie, names: readonly string[], visit: Visit): void {
  const holds = (tail: Tail, depth: number): boolean =>
    startsDeep(tail) || positionsBehind(tail, names, depth).length > 0;
  const own = visitTails(trie, names, { tailsOf: allTails, holds }, visit);
  const open = own === undefined ? [] : [own];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const ordinal of node.ends) visit(ordinal);
    // the tails of the path's own node were visited just now: twice is allowed
    for (const tail of allTails(node)) visit(tail.ordinal);
    for (const child of node.children?.values() ?? []) {
      const next = trie.nodes[child];
      if (next !== undefined) open.push(next);
    }
  }
}

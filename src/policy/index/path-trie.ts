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
  readonly tails: Tail[];
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
    else node.tails.push({ ordinal, segments: segments.slice(depth) });
  }
  return { nodes };
}

function newNode(): TrieNode {
  return { children: null, ends: [], tails: [] };
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

/** A `**` at the very end: it matches and covers whatever follows. */
function isDeep(tail: Tail): boolean {
  return tail.segments.length === 1 && tail.segments[0]?.kind === 'deep';
}

/** Visits the tails that hang along the path and are `wanted` where they stand behind it; gives the path's own node. */
function visitTails(
  trie: PathTrie,
  names: readonly string[],
  wanted: (tail: Tail, positions: Positions) => boolean,
  visit: Visit,
): TrieNode | undefined {
  let node = trie.nodes[0];
  for (let depth = 0; node !== undefined; depth += 1) {
    for (const tail of node.tails) {
      if (isDeep(tail) || wanted(tail, positionsBehind(tail, names, depth))) visit(tail.ordinal);
    }
    const name = names[depth];
    if (name === undefined) return node;
    node = trie.nodes[node.children?.get(name) ?? -1];
  }
  return undefined;
}

/** Patterns that match the path. */
export function visitMatching(trie: PathTrie, names: readonly string[], visit: Visit): void {
  const own = visitTails(trie, names, (tail, positions) => accepts(tail.segments, positions), visit);
  own?.ends.forEach((ordinal) => visit(ordinal));
}

/** Patterns that match the path and everything below it. A literal pattern never does. */
export function visitCoveringSubtree(trie: PathTrie, names: readonly string[], visit: Visit): void {
  visitTails(trie, names, (tail, positions) => acceptsEverything(tail.segments, positions), visit);
}

/** Patterns that match the path or anything that could be below it: wherever one can still go on, some name leads on. */
export function visitMeetingSubtree(trie: PathTrie, names: readonly string[], visit: Visit): void {
  const own = visitTails(trie, names, (_, positions) => positions.length > 0, visit);
  const open = own === undefined ? [] : [own];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const ordinal of node.ends) visit(ordinal);
    // the tails of the path's own node were visited just now: twice is allowed
    for (const tail of node.tails) visit(tail.ordinal);
    for (const child of node.children?.values() ?? []) {
      const next = trie.nodes[child];
      if (next !== undefined) open.push(next);
    }
  }
}

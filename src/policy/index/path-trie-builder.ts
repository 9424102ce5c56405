import type { PathSegment } from '../resource/path-pattern.ts';
import { Column } from './column.ts';
import { occupy, tableSize } from './hash-slots.ts';
import { DEEP, edgeHash, GLOB, NO_LITERAL, type PathTrie, ROOT } from './path-trie.ts';
import { PostingsBuilder } from './postings.ts';
import { TextSetBuilder } from './text-set.ts';

/** The number of no node. */
const NONE = 0xffff_ffff;

/** Takes patterns one by one; nodes are numbered as they come, and anew at the end. */
export class PathTrieBuilder {
  readonly #names = new TextSetBuilder();
  readonly #nodes = new GrowingNodes();
  readonly #ends = new PostingsBuilder();
  readonly #tails = new TailColumns();
  readonly #globs = new PostingsBuilder();
  readonly #globNumbers = new Map<string, number>();

  add(segments: readonly PathSegment[], target: number): void {
    let node = ROOT;
    let depth = 0;
    for (const segment of segments) {
      if (segment.kind !== 'literal') break;
      node = this.#nodes.childFor(node, this.#names.add(segment.text));
      depth += 1;
    }
    if (depth === segments.length) {
      this.#ends.add(node, target);
      return;
    }
    let literal = NO_LITERAL;
    for (let index = depth; index < segments.length; index += 1) {
      const code = this.#codeOf(segments[index]);
      if (code < GLOB) literal = code;
      this.#tails.segments.push(code);
    }
    this.#tails.end(node, target, literal);
  }

  build(): PathTrie {
    const { order, renamed, behind } = this.#nodes.inOrder();
    const count = order.length;
    return {
      ...this.#nodes.build(order, renamed),
      behind,
      ends: this.#ends.build(count, renamed),
      ...this.#tails.build(count, renamed),
      names: this.#names.build(),
      globs: this.#globs.build(this.#globNumbers.size),
    };
  }

  #codeOf(segment: PathSegment | undefined): number {
    if (segment === undefined || segment.kind === 'deep') return DEEP;
    if (segment.kind === 'literal') return this.#names.add(segment.text);
    const texts = [segment.glob.head, ...segment.glob.between, segment.glob.tail];
    const key = texts.join('*');
    let glob = this.#globNumbers.get(key);
    if (glob === undefined) {
      glob = this.#globNumbers.size;
      this.#globNumbers.set(key, glob);
      for (const text of texts) this.#globs.add(glob, this.#names.add(text));
    }
    return (GLOB | glob) >>> 0;
  }
}

/** The nodes while they become more: the root is there from the beginning. */
class GrowingNodes {
  readonly #parents = new Column();
  readonly #labels = new Column();
  readonly #firstChildren = new Column();
  readonly #nextSiblings = new Column();
  #slots = new Uint32Array(64);

  constructor() {
    this.#append(ROOT, 0);
  }

  childFor(parent: number, label: number): number {
    const mask = this.#slots.length - 1;
    const hash = edgeHash(parent, label);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = (this.#slots[slot] ?? 0) - 1;
      if (node < 0) break;
      if (this.#parents.at(node) === parent && this.#labels.at(node) === label) return node;
    }
    const node = this.#append(parent, label);
    this.#nextSiblings.set(node, this.#firstChildren.at(parent));
    this.#firstChildren.set(parent, node);
    if (2 * this.#parents.length > this.#slots.length) this.#slots = this.#slotsOfSize(2 * this.#slots.length);
    else occupy(this.#slots, hash, node);
    return node;
  }

  /** The nodes from the root down, the new number of each, and by new number the first one that lies no longer below. */
  inOrder(): { readonly order: Uint32Array; readonly renamed: Uint32Array; readonly behind: Uint32Array } {
    const count = this.#parents.length;
    const [order, renamed, behind] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
    let number = 0;
    // without recursion: the depth of a pattern is its author's choice
    for (let node = ROOT; node !== NONE; node = this.#nextDown(node, (left) => (behind[renamed[left] ?? 0] = number))) {
      order[number] = node;
      renamed[node] = number;
      number += 1;
    }
    return { order, renamed, behind };
  }

  build(order: Uint32Array, renamed: Uint32Array): Pick<PathTrie, 'slots' | 'parents' | 'labels'> {
    const parents = order.map((node) => renamed[this.#parents.at(node)] ?? ROOT);
    const labels = order.map((node) => this.#labels.at(node));
    const slots = new Uint32Array(tableSize(order.length));
    // the root is nobody's child
    for (let number = 1; number < order.length; number += 1) {
      occupy(slots, edgeHash(parents[number] ?? 0, labels[number] ?? 0), number);
    }
    return { slots, parents, labels };
  }

  /** The next node of the walk; tells of each that it leaves for good. */
  #nextDown(node: number, leave: (node: number) => void): number {
    const child = this.#firstChildren.at(node);
    if (child !== NONE) return child;
    for (let left = node; ; left = this.#parents.at(left)) {
      leave(left);
      if (left === ROOT) return NONE;
      const sibling = this.#nextSiblings.at(left);
      if (sibling !== NONE) return sibling;
    }
  }

  #append(parent: number, label: number): number {
    this.#parents.push(parent);
    this.#labels.push(label);
    this.#firstChildren.push(NONE);
    this.#nextSiblings.push(NONE);
    return this.#parents.length - 1;
  }

  #slotsOfSize(size: number): Uint32Array<ArrayBuffer> {
    const slots = new Uint32Array(size);
    for (let node = 1; node < this.#parents.length; node += 1) {
      occupy(slots, edgeHash(this.#parents.at(node), this.#labels.at(node)), node);
    }
    return slots;
  }
}

/** The tails as they come; `segments` is filled before the end of each. */
class TailColumns {
  readonly segments = new Column();
  readonly #nodes = new Column();
  readonly #targets = new Column();
  readonly #literals = new Column();
  readonly #ends = new Column();

  end(node: number, target: number, literal: number): void {
    this.#nodes.push(node);
    this.#targets.push(target);
    this.#literals.push(literal);
    this.#ends.push(this.segments.length);
  }

  build(
    nodeCount: number,
    renamed: Uint32Array,
  ): Pick<PathTrie, 'tails' | 'tailTargets' | 'tailLiterals' | 'segments'> {
    const byNode = new PostingsBuilder();
    for (let tail = 0; tail < this.#nodes.length; tail += 1) byNode.add(this.#nodes.at(tail), tail);
    const { starts, values: order } = byNode.build(nodeCount, renamed);
    for (let node = 0; node < nodeCount; node += 1) {
      const [from = 0, to = 0] = [starts[node], starts[node + 1]];
      // those of a node by their last literal, to be found by it
      if (to - from > 1) order.subarray(from, to).sort((a, b) => this.#literals.at(a) - this.#literals.at(b));
    }
    const segments = new PostingsBuilder();
    for (const [number, tail] of order.entries()) {
      const end = this.#ends.at(tail);
      for (let at = tail === 0 ? 0 : this.#ends.at(tail - 1); at < end; at += 1)
        segments.add(number, this.segments.at(at));
    }
    return {
      tails: starts,
      tailTargets: order.map((tail) => this.#targets.at(tail)),
      tailLiterals: order.map((tail) => this.#literals.at(tail)),
      segments: segments.build(order.length),
    };
  }
}

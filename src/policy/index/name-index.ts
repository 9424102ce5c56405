import type { Hostname } from '../resource/hostname.ts';
import { globMatches } from '../resource/name-pattern.ts';
import type { Hits } from './hits.ts';
import { type Postings, PostingsBuilder } from './postings.ts';
import { findText, HASH_START, hashEnd, hashStep, NOT_FOUND, type TextSet, TextSetBuilder } from './text-set.ts';
import { type TextTable, TextTableBuilder, textAt } from './text-table.ts';

/** How a pattern uses its text: as the whole name, below one label, below any, or behind labels with globs. */
const KINDS = ['name', 'one', 'deep', 'glob'] as const;
const [NAME, ONE, DEEP, GLOB] = [0, 1, 2, 3] as const;

export interface NamePosting {
  readonly kind: (typeof KINDS)[number];
  /** The name, or the labels behind the wildcard. */
  readonly text: string;
  readonly target: number;
  /** The source of the regular expression of a glob, for `globMatches`. */
  readonly glob?: string;
}

/**
 * Name patterns by their literal suffix: a name is looked up once for each of its labels, whatever the number of rules,
 * and hashed once in all, from its end.
 */
export interface NameIndex {
  readonly texts: TextSet;
  /** By text. The two low bits of a value are its kind, the others a target, or for a glob a number of `globs`. */
  readonly postings: Postings;
  readonly globs: TextTable;
  readonly globTargets: Uint32Array;
  /** Numbers of labels that some whole name, or some suffix, has: one bit each (`bitOf`). */
  readonly nameLengths: number;
  readonly suffixLengths: number;
}

export function buildNameIndex(patterns: readonly NamePosting[]): NameIndex {
  const texts = new TextSetBuilder();
  const postings = new PostingsBuilder();
  const globs = new TextTableBuilder();
  const globTargets: number[] = [];
  let [nameLengths, suffixLengths] = [0, 0];
  for (const { kind, text, target, glob } of patterns) {
    const code = KINDS.indexOf(kind);
    if (glob !== undefined) globTargets.push(target);
    postings.add(texts.add(text), 4 * (glob === undefined ? target : globs.add(glob)) + code);
    const bit = bitOf(text.split('.').length);
    if (code === NAME) nameLengths |= bit;
    else suffixLengths |= bit;
  }
  return {
    texts: texts.build(),
    postings: postings.build(texts.size),
    globs: globs.build(),
    globTargets: Uint32Array.from(globTargets),
    nameLengths,
    suffixLengths,
  };
}

/** Long names share a bit: it only saves looks. */
function bitOf(labels: number): number {
  return 1 << Math.min(labels, 31);
}

const DOT = 0x2e;

/** Adds the targets whose pattern matches the name. */
export function collectName(index: NameIndex, name: Hostname, hits: Hits): void {
  const { texts, nameLengths, suffixLengths } = index;
  if ((nameLengths | suffixLengths) === 0) return;
  let hash = HASH_START;
  let labels = 1;
  for (let at = name.length - 1; at >= 0; at -= 1) {
    const code = name.charCodeAt(at);
    if (code === DOT) {
      if ((suffixLengths & bitOf(labels)) !== 0) collectSuffix(index, name, at, hashEnd(hash), hits);
      labels += 1;
    }
    hash = hashStep(hash, code);
  }
  if ((nameLengths & bitOf(labels)) === 0) return;
  const text = findText(texts, name, 0, name.length, hashEnd(hash));
  if (text !== NOT_FOUND) addNames(index, text, hits);
}

function addNames({ postings: { starts, values } }: NameIndex, text: number, hits: Hits): void {
  const end = starts[text + 1] ?? 0;
  for (let at = starts[text] ?? 0; at < end; at += 1) {
    const value = values[at] ?? 0;
    if ((value & 3) === NAME) hits.add(value >>> 2);
  }
}

// eslint-disable-next-line max-params -- every request passes here, and an object would be made each time
function collectSuffix(index: NameIndex, name: Hostname, dot: number, hash: number, hits: Hits): void {
  const text = findText(index.texts, name, dot + 1, name.length, hash);
  if (text === NOT_FOUND) return;
  const { starts, values } = index.postings;
  const end = starts[text + 1] ?? 0;
  for (let at = starts[text] ?? 0; at < end; at += 1) {
    const value = values[at] ?? 0;
    const kind = value & 3;
    if (kind === DEEP || (kind === ONE && name.indexOf('.') === dot)) hits.add(value >>> 2);
    else if (kind === GLOB) addGlob(index, value >>> 2, name, hits);
  }
}

function addGlob(index: NameIndex, glob: number, name: Hostname, hits: Hits): void {
  if (globMatches({ matcher: matcherOf(index, glob) }, name)) hits.add(index.globTargets[glob] ?? 0);
}

/** Compiled when a name first comes near it: an index crosses threads without functions, and most are never asked. */
const MATCHERS = new WeakMap<NameIndex, (RegExp | undefined)[]>();

function matcherOf(index: NameIndex, glob: number): RegExp {
  let matchers = MATCHERS.get(index);
  if (matchers === undefined) MATCHERS.set(index, (matchers = []));
  return (matchers[glob] ??= new RegExp(textAt(index.globs, glob)));
}

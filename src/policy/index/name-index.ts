import type { Hostname } from '../resource/hostname.ts';
import { globMatches } from '../resource/name-pattern.ts';
import { Column } from './column.ts';
import type { Hits } from './hits.ts';
import { type Postings, PostingsBuilder } from './postings.ts';
import { findText, HASH_START, hashEnd, hashStep, NOT_FOUND, type TextSet, TextSetBuilder } from './text-set.ts';
import { type TextTable, TextTableBuilder, textAt } from './text-table.ts';

/** How a pattern uses its text: as the whole name, below one label, below any, or behind labels with globs. */
const [NAME, ONE, DEEP, GLOB] = [0, 1, 2, 3] as const;
const CODES = { name: NAME, one: ONE, deep: DEEP } as const;

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

export class NameIndexBuilder {
  readonly #texts = new TextSetBuilder();
  readonly #postings = new PostingsBuilder();
  readonly #globs = new TextTableBuilder();
  readonly #globTargets = new Column();
  #nameLengths = 0;
  #suffixLengths = 0;

  /** `text`: the name, or the labels behind the wildcard. */
  add(kind: keyof typeof CODES, text: string, target: number): void {
    this.#postings.add(this.#texts.add(text), 4 * target + CODES[kind]);
    if (kind === 'name') this.#nameLengths |= bitOf(labelsOf(text));
    else this.#suffixLengths |= bitOf(labelsOf(text));
  }

  /** `source`: of the regular expression, for `globMatches`. */
  addGlob(source: string, suffix: string, target: number): void {
    this.#globTargets.push(target);
    this.#postings.add(this.#texts.add(suffix), 4 * this.#globs.add(source) + GLOB);
    this.#suffixLengths |= bitOf(labelsOf(suffix));
  }

  build(): NameIndex {
    return {
      texts: this.#texts.build(),
      postings: this.#postings.build(this.#texts.size),
      globs: this.#globs.build(),
      globTargets: this.#globTargets.build(),
      nameLengths: this.#nameLengths,
      suffixLengths: this.#suffixLengths,
    };
  }
}

function labelsOf(text: string): number {
  let labels = 1;
  for (let dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', dot + 1)) labels += 1;
  return labels;
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
  if (!hits.wants(index.globTargets[glob] ?? 0)) return;
  if (globMatches({ matcher: matcherOf(index, glob) }, name)) hits.add(index.globTargets[glob] ?? 0);
}

/** Compiled when a name first comes near it: an index crosses threads without functions, and most are never asked. */
const MATCHERS = new WeakMap<NameIndex, (RegExp | undefined)[]>();

function matcherOf(index: NameIndex, glob: number): RegExp {
  let matchers = MATCHERS.get(index);
  if (matchers === undefined) MATCHERS.set(index, (matchers = []));
  return (matchers[glob] ??= new RegExp(textAt(index.globs, glob)));
}

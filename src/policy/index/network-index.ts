import type { Address, Prefix } from '../resource/address.ts';
import type { Hostname } from '../resource/hostname.ts';
import { maskWord, maskWords, type Words } from '../resource/ip-words.ts';
import { globMatches } from '../resource/name-pattern.ts';
import type { NetworkPattern } from '../resource/network-pattern.ts';

interface GlobEntry {
  readonly ordinal: number;
  readonly matcher: RegExp;
}

type Ordinals = Map<string, number[]>;

/** All prefixes of one family and length, by their bits. */
interface LengthTable {
  readonly family: 4 | 6;
  readonly length: number;
  readonly byBits: Map<string | number, number[]>;
}

/**
 * Network patterns by what a request can be looked up with, so that no lookup scans all rules. Plain data that can be
 * cloned into another thread. An ordinal is the position of a pattern in the array that the index was built from; no
 * pattern is visited twice in one visit, and visits come in no order. Ports are left to the visitor.
 */
export interface NetworkIndex {
  /** The bare `**`. */
  readonly any: number[];
  readonly names: Ordinals;
  /** `*.suffix` by suffix. */
  readonly one: Ordinals;
  /** `**.suffix` by suffix. */
  readonly deep: Ordinals;
  /** By the literal labels after the last glob. */
  readonly globs: Map<string, GlobEntry[]>;
  /** By canonical text. */
  readonly addresses: Ordinals;
  readonly prefixes: LengthTable[];
}

type Visit = (ordinal: number) => void;

export function buildNetworkIndex(patterns: readonly (NetworkPattern | undefined)[]): NetworkIndex {
  const index: NetworkIndex = {
    any: [],
    names: new Map(),
    one: new Map(),
    deep: new Map(),
    globs: new Map(),
    addresses: new Map(),
    prefixes: [],
  };
  for (const [ordinal, pattern] of patterns.entries()) {
    if (pattern !== undefined) insert(index, pattern, ordinal);
  }
  return index;
}

/** Visits the name patterns that match, the bare `**` excepted. */
export function visitName(index: NetworkIndex, name: Hostname, visit: Visit): void {
  visitAll(index.names.get(name), visit);
  let dot = name.indexOf('.');
  if (dot < 0) return;
  if (index.one.size > 0) visitAll(index.one.get(name.slice(dot + 1)), visit);
  if (index.deep.size === 0 && index.globs.size === 0) return;
  for (; dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const suffix = name.slice(dot + 1);
    visitAll(index.deep.get(suffix), visit);
    for (const glob of index.globs.get(suffix) ?? []) {
      if (globMatches(glob, name)) visit(glob.ordinal);
    }
  }
}

/** Visits the address and prefix patterns that match, the bare `**` excepted. */
export function visitAddress(index: NetworkIndex, address: Address, visit: Visit): void {
  visitAll(index.addresses.get(address.text), visit);
  for (const table of index.prefixes) {
    if (table.family === address.family) visitAll(table.byBits.get(bitsOf(address.words, table.length)), visit);
  }
}

/** Visits the bare `**` patterns. */
export function visitAny(index: NetworkIndex, visit: Visit): void {
  visitAll(index.any, visit);
}

function visitAll(ordinals: readonly number[] | undefined, visit: Visit): void {
  if (ordinals === undefined) return;
  for (const ordinal of ordinals) visit(ordinal);
}

function insert(index: NetworkIndex, pattern: NetworkPattern, ordinal: number): void {
  switch (pattern.kind) {
    case 'any':
      index.any.push(ordinal);
      return;
    case 'name':
      push(index.names, pattern.name, ordinal);
      return;
    case 'one':
      push(index.one, pattern.suffix, ordinal);
      return;
    case 'deep':
      push(index.deep, pattern.suffix, ordinal);
      return;
    case 'glob':
      push(index.globs, pattern.suffix, { ordinal, matcher: pattern.matcher });
      return;
    case 'address':
      push(index.addresses, pattern.address.text, ordinal);
      return;
    case 'prefix':
      push(
        tableFor(index.prefixes, pattern.prefix).byBits,
        bitsOf(pattern.prefix.words, pattern.prefix.length),
        ordinal,
      );
  }
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const found = map.get(key);
  if (found === undefined) map.set(key, [value]);
  else found.push(value);
}

function tableFor(tables: LengthTable[], { family, length }: Prefix): LengthTable {
  const found = tables.find((table) => table.family === family && table.length === length);
  if (found !== undefined) return found;
  const table: LengthTable = { family, length, byBits: new Map() };
  tables.push(table);
  return table;
}

/** A map key for the first `length` bits; a plain number for IPv4, the family that is looked up most. */
function bitsOf(words: Words, length: number): string | number {
  return words.length === 1 ? maskWord(words[0] ?? 0, length) : maskWords(words, length).join(':');
}

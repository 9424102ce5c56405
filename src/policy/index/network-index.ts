import type { Address } from '../resource/address.ts';
import type { Hostname } from '../resource/hostname.ts';
import type { NetworkPattern } from '../resource/network-pattern.ts';
import { type AddressIndex, type AddressPosting, buildAddressIndex, collectAddress } from './address-index.ts';
import type { Hits } from './hits.ts';
import { buildNameIndex, collectName, type NameIndex, type NamePosting } from './name-index.ts';

/**
 * Network patterns by what a request can be looked up with, so that no look scans all rules. Ports are left to whoever
 * reads the hits.
 */
export interface NetworkIndex {
  /** Targets of the bare `**`. */
  readonly any: Uint32Array;
  readonly names: NameIndex;
  readonly addresses: AddressIndex;
}

/** The place of a pattern in the list is its target. */
export function buildNetworkIndex(patterns: readonly (NetworkPattern | undefined)[]): NetworkIndex {
  const any: number[] = [];
  const names: NamePosting[] = [];
  const addresses: AddressPosting[] = [];
  for (const [target, pattern] of patterns.entries()) {
    if (pattern === undefined) continue;
    switch (pattern.kind) {
      case 'any':
        any.push(target);
        break;
      case 'address':
        addresses.push({ words: pattern.address.words, length: 32 * pattern.address.words.length, target });
        break;
      case 'prefix':
        addresses.push({ words: pattern.prefix.words, length: pattern.prefix.length, target });
        break;
      case 'glob':
        names.push({ kind: 'glob', text: pattern.suffix, target, glob: pattern.matcher.source });
        break;
      case 'name':
        names.push({ kind: 'name', text: pattern.name, target });
        break;
      default:
        names.push({ kind: pattern.kind, text: pattern.suffix, target });
    }
  }
  return { any: Uint32Array.from(any), names: buildNameIndex(names), addresses: buildAddressIndex(addresses) };
}

/** Adds the name patterns that match, the bare `**` excepted. */
export function collectNamed(index: NetworkIndex, name: Hostname, hits: Hits): void {
  collectName(index.names, name, hits);
}

/** Adds the address and prefix patterns that match, the bare `**` excepted. */
export function collectAddressed(index: NetworkIndex, address: Address, hits: Hits): void {
  collectAddress(index.addresses, address, hits);
}

/** Adds the bare `**` patterns. */
export function collectAny({ any }: NetworkIndex, hits: Hits): void {
  for (const target of any) hits.add(target);
}

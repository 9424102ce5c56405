import type { Address } from '../resource/address.ts';
import type { Hostname } from '../resource/hostname.ts';
import type { NetworkPattern } from '../resource/network-pattern.ts';
import { type AddressIndex, AddressIndexBuilder, collectAddress } from './address-index.ts';
import { Column } from './column.ts';
import type { Hits } from './hits.ts';
import { collectName, type NameIndex, NameIndexBuilder } from './name-index.ts';

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

export class NetworkIndexBuilder {
  readonly #any = new Column();
  readonly #names = new NameIndexBuilder();
  readonly #addresses = new AddressIndexBuilder();

  add(pattern: NetworkPattern, target: number): void {
    switch (pattern.kind) {
      case 'any':
        this.#any.push(target);
        return;
      case 'address':
        this.#addresses.add(pattern.address.words, 32 * pattern.address.words.length, target);
        return;
      case 'prefix':
        this.#addresses.add(pattern.prefix.words, pattern.prefix.length, target);
        return;
      case 'glob':
        this.#names.addGlob(pattern.matcher.source, pattern.suffix, target);
        return;
      case 'name':
        this.#names.add('name', pattern.name, target);
        return;
      default:
        this.#names.add(pattern.kind, pattern.suffix, target);
    }
  }

  build(): NetworkIndex {
    return { any: this.#any.build(), names: this.#names.build(), addresses: this.#addresses.build() };
  }
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

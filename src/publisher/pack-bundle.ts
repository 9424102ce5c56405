import { gzipSync } from 'node:zlib';
import { readBundle } from '../schema/bundle.ts';
import { BUNDLE_SCHEMA } from '../schema/bundle-shape.ts';
import { type AdmittedBundle, admitBundle } from '../sources/admit-bundle.ts';
import { PublisherError } from './publisher-error.ts';
import { sha256 } from './root-report.ts';
import type { ListedBundle } from './targets-content.ts';

/** A bundle as it will lie in a repository. */
export interface PackedBundle {
  readonly bundle: AdmittedBundle;
  readonly listed: ListedBundle;
  readonly bytes: Buffer;
}

export interface Packing {
  readonly document: Uint8Array;
  /** The target's name. */
  readonly path: string;
  /** Of this program. */
  readonly version: string;
  readonly now: number;
}

/** Refuses what a daemon would refuse. */
export function packBundle({ document, path, version, now }: Packing): PackedBundle {
  const bundle = admitBundle({ document, org: orgOf(document), version, now });
  return { bundle, ...packed(document, bundle, path) };
}

/** Gzipped once, here: hashes and caps are over the bytes that travel (tuf, 2). */
export function packed(
  document: Uint8Array,
  { org, revision }: Pick<AdmittedBundle, 'org' | 'revision'>,
  path: string,
): Omit<PackedBundle, 'bundle'> {
  const bytes = gzipSync(document, { level: 9 });
  const custom = { org, revision, schema: BUNDLE_SCHEMA, uncompressed: document.length };
  return { listed: { path, length: bytes.length, sha256: sha256(bytes), custom }, bytes };
}

/** A publisher takes whichever organisation the bundle is of; the repository holds it to one. */
function orgOf(document: Uint8Array): string {
  const reading = readBundle(document);
  if (reading.kind === 'bundle') return reading.bundle.org;
  throw new PublisherError('bundle_refused', reading.message);
}

import { gunzipSync } from 'node:zlib';
import type { StalenessLimits } from '../policy/bundle-terms.ts';
import { type Bundle, readBundle } from '../schema/bundle.ts';
import { MAX_DOCUMENT_BYTES } from '../tuf/limits.ts';
import { DEFAULT_STALENESS } from './expiries.ts';
import { type RepositoryDirectory, targetPath } from './repository-directory.ts';
import type { SignedRole } from './repository-state.ts';
import { sha256 } from './root-report.ts';
import type { ListedBundle } from './targets-content.ts';

/** A bundle that a role lists, with what is in it. */
export interface PublishedBundle {
  readonly role: string;
  readonly listed: ListedBundle;
  readonly bundle: Bundle;
  readonly document: Buffer;
}

/** Why what a role lists cannot be published, or the bundles. */
export type RoleReading =
  | { readonly kind: 'bundles'; readonly bundles: readonly PublishedBundle[] }
  | { readonly kind: 'faulty'; readonly why: string };

/** Reads the bundles of a role from the disk, each held against what is listed. */
export function bundlesOf(directory: RepositoryDirectory, role: string, { content }: SignedRole): RoleReading {
  const bundles: PublishedBundle[] = [];
  for (const listed of content.bundles) {
    const path = targetPath(listed.path, listed.sha256);
    const bytes = directory.read(path);
    if (bytes === null) return faulty(`\`${path}\` is not there`);
    if (bytes.length !== listed.length || sha256(bytes) !== listed.sha256)
      return faulty(`\`${path}\` is not what is listed`);
    const document = gunzipped(bytes);
    const reading = document === null ? null : readBundle(document);
    if (document === null || reading?.kind !== 'bundle') return faulty(`\`${path}\` is no bundle`);
    const { bundle } = reading;
    const { org, revision, uncompressed } = listed.custom;
    // a machine would refuse it (tuf, 2)
    if (bundle.org !== org || bundle.revision !== revision || document.length !== uncompressed) {
      return faulty(`\`${path}\` is listed as another bundle than it is`);
    }
    bundles.push({ role, listed, bundle, document });
  }
  return { kind: 'bundles', bundles };
}

function gunzipped(bytes: Buffer): Buffer | null {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_DOCUMENT_BYTES });
  } catch {
    return null;
  }
}

/** The ladders of the bundles. */
export function laddersOf(bundles: readonly PublishedBundle[]): readonly StalenessLimits[] {
  return bundles.map(({ bundle }) => bundle.terms.staleness ?? DEFAULT_STALENESS);
}

function faulty(why: string): RoleReading {
  return { kind: 'faulty', why };
}

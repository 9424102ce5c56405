import { buildBundle, contentDigest } from './build-bundle.ts';
import type { BundleHead } from './bundle-head.ts';
import { LEAST_LEFT_MS } from './expiries.ts';
import type { PublishedBundle } from './listed-bundles.ts';
import { packed } from './pack-bundle.ts';
import type { PublicationReport } from './publication-report.ts';
import { type Publication, publish } from './publish.ts';
import { newestBundle } from './published-document.ts';
import { openRepository } from './repository-directory.ts';
import type { SigningKey } from './signers.ts';

/** Where bundles go that nobody looks at before they are published. */
export interface Outlet {
  readonly repository: string;
  /** The target's name. */
  readonly path: string;
  readonly keys: readonly SigningKey[];
  /** The first root, for a repository that is still to be made. */
  readonly root?: Uint8Array | undefined;
  readonly head: BundleHead;
  readonly resignEveryMs: number;
  /** Of this program. */
  readonly version: string;
}

/**
 * Publishes policies under the next revision if they say something new; otherwise only freshness. Throws where they cannot
 * be published, and what is published is fresh all the same: a policy that somebody erred in must not age the others.
 */
export async function publishContent(
  outlet: Outlet,
  policies: readonly unknown[],
  now: number,
): Promise<PublicationReport> {
  const { repository, keys, root, resignEveryMs } = outlet;
  const publication = { repository, keys, now, root, resignEveryMs };
  openRepository(repository);
  try {
    return await publishNew(outlet, policies, publication);
  } catch (error) {
    // where that fails too, the first reason is the one to hear
    await publish(publication).catch(() => null);
    throw error;
  }
}

async function publishNew(
  { repository, path, head, version }: Outlet,
  policies: readonly unknown[],
  publication: Publication,
): Promise<PublicationReport> {
  const { now } = publication;
  const newest = newestBundle(repository, path);
  const revision = Number(newest?.bundle.revision ?? 0) + 1;
  const built = buildBundle({ head, policies, revision, now, version });
  if (newest !== null && !isNew(newest, built.document, head) && !endsSoon(newest, head, now)) {
    return publish(publication);
  }
  const target = packed(built.document, built.bundle, path);
  return publish({
    ...publication,
    change: {
      bundles: [{ role: 'targets', packed: { bundle: built.bundle, ...target } }],
      setTeams: [],
      removeTeams: [],
    },
  });
}

function isNew({ document }: PublishedBundle, built: Uint8Array, head: BundleHead): boolean {
  return contentDigest(document, head) !== contentDigest(built, head);
}

/** A quiet year must not end a bundle that says how long each one is good for. */
function endsSoon({ bundle }: PublishedBundle, { expiresInMs }: BundleHead, now: number): boolean {
  if (expiresInMs === null) return false;
  return bundle.terms.expiresAt - now < Math.min(LEAST_LEFT_MS.bundle, expiresInMs / 2);
}

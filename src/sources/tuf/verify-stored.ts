import { messageOf } from '../../base/coded-error.ts';
import { shown } from '../../base/shown.ts';
import type { BundleHeader } from '../../store/bundle-rows.ts';
import type { TufStore } from '../../store/tuf-store.ts';
import { type OfflineVerification, verifyOffline } from '../../tuf/offline.ts';
import { TufError } from '../../tuf/tuf-error.ts';
import type { StoredVerdict } from '../org-policies.ts';
import { inStore } from './update-root.ts';

export interface StoredVerification {
  readonly store: TufStore;
  readonly pinnedRoot: Uint8Array;
  /** The target path of this machine's bundle. */
  readonly target: string;
  /** The highest root that was trusted, as far as is known outside the database; null = none. */
  readonly rootFloor?: number | null;
}

/**
 * Whether the bundle that the database holds may serve: verified again, offline, from the pinned root to the bytes that
 * were delivered (tuf, 8, "Offline start"). What another kind of source has brought is not judged here.
 */
export function verifyStoredBundle(
  options: StoredVerification,
  { source, origin }: Pick<BundleHeader, 'source' | 'origin'>,
): StoredVerdict {
  if (source !== 'tuf') return { kind: 'verified' };
  try {
    const { target, epoch, newestRoot } = verifyActive(options);
    const { rootFloor } = options;
    if (newestRoot.file.version < (rootFloor ?? 0)) {
      // an older copy knows nothing of what was revoked since
      throw new TufError(
        'rollback',
        'root',
        `ends at version ${newestRoot.file.version}, and ${rootFloor} was trusted`,
      );
    }
    if (origin === null || origin.digest !== `sha256:${target.listed.sha256}`) {
      throw new TufError('target_mismatch', 'target', 'is not what the stored bundle was made of');
    }
    if (origin.epoch > epoch) {
      throw new TufError(
        'rollback',
        'root',
        `leads to epoch ${epoch}, and the bundle was activated in ${origin.epoch}`,
      );
    }
    return { kind: 'verified' };
  } catch (error) {
    return { kind: 'refused', message: `the stored bundle cannot be verified again: ${messageOf(error)}` };
  }
}

/** Throws a `TufError`. */
export function verifyActive({ store, pinnedRoot, target }: StoredVerification): OfflineVerification {
  return inStore('target', () => {
    const publication = store.active();
    if (publication === null) throw new TufError('absent', 'target', 'is not stored with its metadata');
    // another path may be another team's bundle
    if (publication.path !== target) throw new TufError('no_such_target', 'target', otherTarget(publication.path));
    return verifyOffline(pinnedRoot, (version) => store.root(version), publication);
  });
}

function otherTarget(stored: string): string {
  return `is ${shown(stored)} and not the one that is configured: put \`source.target\` back, or give the stored policy up with \`reeve reset\``;
}

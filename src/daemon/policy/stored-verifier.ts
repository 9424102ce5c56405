import type { HighWaterMark } from '../../sources/high-water-mark.ts';
import type { StoredPolicyParts } from '../../sources/org-policies.ts';
import type { TufStore } from '../../store/tuf-store.ts';
import type { DaemonConfig, SourceConfig } from '../config/daemon-config.ts';

type VerifyStored = StoredPolicyParts['verifyStored'];

/** What is thought of a stored bundle without asking anybody (delivery, "What always holds"). */
export async function storedVerifier(
  { source }: Pick<DaemonConfig, 'source'>,
  store: TufStore,
  mark: Pick<HighWaterMark, 'floor'>,
): Promise<VerifyStored> {
  const kept: Kept = { store, rootFloor: () => mark.floor().rootVersion };
  const ofSource = await verifierOf(source, kept);
  if (source?.type === 'tuf') return ofSource;
  const unpinned = await unpinnedVerifier(kept);
  return (bundle) => {
    const verdict = ofSource(bundle);
    return verdict.kind === 'refused' || bundle.source !== 'tuf' ? verdict : unpinned(bundle);
  };
}

interface Kept {
  readonly store: TufStore;
  readonly rootFloor: () => number | null;
}

async function verifierOf(source: SourceConfig | null, { store, rootFloor }: Kept): Promise<VerifyStored> {
  switch (source?.type) {
    case 'tuf': {
      const { verifyStoredBundle } = await import('../../sources/tuf/verify-stored.ts');
      const pinnedRoot = Buffer.from(source.pinnedRoot, 'utf8');
      return (bundle) =>
        verifyStoredBundle({ store, pinnedRoot, target: source.target, rootFloor: rootFloor() }, bundle);
    }
    case 'file': {
      const { verifyStoredFile } = await import('../../sources/file/verify-stored.ts');
      return (bundle) => verifyStoredFile(source, bundle);
    }
    default:
      // the digest of the row is all that a listing has
      return () => ({ kind: 'verified' });
  }
}

/**
 * Without its source nothing is pinned, and a stored bundle of a repository is held against the roots that were stored
 * with it: a key that was revoked does not sign again because the configuration names another source, or none
 * (semantics, 7.9).
 */
async function unpinnedVerifier({ store, rootFloor }: Kept): Promise<VerifyStored> {
  const version = store.activeRootVersion();
  // most machines have none, and their first policy does not wait for this module
  const verify = version === null ? null : (await import('../../sources/tuf/verify-stored.ts')).verifyStoredBundle;
  return (bundle) => {
    const pinnedRoot = version === null ? null : store.root(version);
    const publication = store.active();
    if (verify === null || pinnedRoot === null || publication === null) {
      return { kind: 'refused', message: 'the stored bundle is not stored with what it was verified by' };
    }
    return verify({ store, pinnedRoot, target: publication.path, rootFloor: rootFloor() }, bundle);
  };
}

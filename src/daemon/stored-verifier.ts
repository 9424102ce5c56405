import type { StoredPolicyParts } from '../sources/org-policies.ts';
import type { TufStore } from '../store/tuf-store.ts';
import type { DaemonConfig, SourceConfig } from './daemon-config.ts';

type VerifyStored = StoredPolicyParts['verifyStored'];

/** What is thought of a stored bundle without asking anybody (delivery, "What always holds"). */
export async function storedVerifier({ source }: Pick<DaemonConfig, 'source'>, store: TufStore): Promise<VerifyStored> {
  const ofSource = await verifierOf(source, store);
  if (source?.type === 'tuf') return ofSource;
  const unpinned = await unpinnedVerifier(store);
  return (bundle) => {
    const verdict = ofSource(bundle);
    return verdict.kind === 'refused' || bundle.source !== 'tuf' ? verdict : unpinned(bundle);
  };
}

async function verifierOf(source: SourceConfig | null, store: TufStore): Promise<VerifyStored> {
  switch (source?.type) {
    case 'tuf': {
      const { verifyStoredBundle } = await import('../sources/tuf/verify-stored.ts');
      const pinnedRoot = Buffer.from(source.pinnedRoot, 'utf8');
      return (bundle) => verifyStoredBundle({ store, pinnedRoot, target: source.target }, bundle);
    }
    case 'file': {
      const { verifyStoredFile } = await import('../sources/file/verify-stored.ts');
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
async function unpinnedVerifier(store: TufStore): Promise<VerifyStored> {
  const version = store.activeRootVersion();
  // most machines have none, and their first policy does not wait for this module
  const verify = version === null ? null : (await import('../sources/tuf/verify-stored.ts')).verifyStoredBundle;
  return (bundle) => {
    const pinnedRoot = version === null ? null : store.root(version);
    const publication = store.active();
    if (verify === null || pinnedRoot === null || publication === null) {
      return { kind: 'refused', message: 'the stored bundle is not stored with what it was verified by' };
    }
    return verify({ store, pinnedRoot, target: publication.path }, bundle);
  };
}

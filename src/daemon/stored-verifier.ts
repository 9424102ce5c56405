import type { StoredPolicyParts } from '../sources/org-policies.ts';
import type { TufStore } from '../store/tuf-store.ts';
import type { DaemonConfig } from './daemon-config.ts';

/** What the configured source thinks of a stored bundle, without asking anybody (delivery, "What always holds"). */
export async function storedVerifier(
  { source }: DaemonConfig,
  store: TufStore,
): Promise<StoredPolicyParts['verifyStored']> {
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
      // the digest of the row is all that a listing has; without a source nothing is pinned
      return () => ({ kind: 'verified' });
  }
}

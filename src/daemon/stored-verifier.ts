import type { StoredPolicyParts } from '../sources/org-policies.ts';
import type { TufStore } from '../store/tuf-store.ts';
import type { DaemonConfig } from './daemon-config.ts';

/** What the configured source thinks of a stored bundle, without asking anybody (delivery, "What always holds"). */
export async function storedVerifier(
  { source }: DaemonConfig,
  store: TufStore,
): Promise<StoredPolicyParts['verifyStored']> {
  // the digest of the row is all that a listing or a plain file has; without a source nothing is pinned
  if (source?.type !== 'tuf') return () => ({ kind: 'verified' });
  const { verifyStoredBundle } = await import('../sources/tuf/verify-stored.ts');
  const pinnedRoot = Buffer.from(source.pinnedRoot, 'utf8');
  return (bundle) => verifyStoredBundle({ store, pinnedRoot, target: source.target }, bundle);
}

import { policyRevision } from '../bundle/policy-revision.ts';
import type { Activation, FetchedBundle } from '../sources/activate.ts';
import { failureOf } from '../sources/source-failure.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import type { Outlet } from './publish-content.ts';
import { newestBundle } from './published-document.ts';
import { existingRepository } from './repository-directory.ts';

/**
 * Takes what the governance source hands over, in the place where a daemon would activate it: the absence rule and
 * everything else about that source holds (delivery, Sources 1). Whoever publishes takes the active policies from the
 * store, and compares them with what is published: nothing is lost where that fails. Never rejects.
 */
export function keepListing(
  store: BundleStore,
  now: () => number,
  onChange: () => void,
): (bundle: FetchedBundle) => Promise<Activation> {
  return (bundle) => {
    const { revision, sync } = bundle;
    try {
      const active = store.active();
      if (active.kind === 'active' && active.header.revision === revision) {
        if (sync !== null) store.recordSync(sync);
        return Promise.resolve({ kind: 'unchanged', revision, generation: active.header.id });
      }
      const id = store.putCandidate(bundle);
      store.activate(id, { at: now(), governed: [], sync });
      onChange();
      return Promise.resolve({ kind: 'activated', revision, generation: id });
    } catch (error) {
      return Promise.resolve({ kind: 'failed', failure: failureOf(error, 'store') });
    }
  };
}

/** What the server listed last, so far as it was believed; null = nothing yet. */
export function listedPolicies(store: BundleStore): readonly unknown[] | null {
  const active = store.active();
  return active.kind === 'active' ? active.policies : null;
}

/**
 * What was published counts as known where the bridge's own memory is gone: otherwise a listing that leaves a policy out
 * would be believed at once, since nobody would miss it.
 */
export function rememberPublished(store: BundleStore, { repository, path }: Outlet, now: number): void {
  if (store.active().kind !== 'none' || existingRepository(repository).versions().length === 0) return;
  const published = newestBundle(repository, path);
  if (published === null) return;
  const { org, policies } = published.bundle;
  const candidate = store.putCandidate({
    source: 'governance',
    org,
    revision: policyRevision({ org, policies }),
    etag: null,
    fetchedAt: now,
    policies,
    terms: null,
    origin: null,
  });
  store.activate(candidate, { at: now, governed: [], sync: null });
}

import type { Domain } from '../policy/action.ts';
import type { BundleTerms } from '../policy/bundle-terms.ts';
import type { StoredPolicies } from '../policy/policy-set.ts';
import type { ActiveBundle, BundleHeader } from '../store/bundle-rows.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { AuditEvent } from './audit-event.ts';
import { unmetDemand } from './bundle-demands.ts';
import type { HighWaterMark, Standing } from './high-water-mark.ts';

/** What the organisation says, as far as this machine knows; one of the inputs of a policy set. */
export type OrgPolicies =
  /** No bundle was ever activated. */
  | { readonly kind: 'none'; readonly wasGoverned: readonly Domain[] }
  /** There is one, and it is not what was written. */
  | { readonly kind: 'damaged'; readonly message: string; readonly wasGoverned: readonly Domain[] }
  | {
      readonly kind: 'delivered';
      readonly org: string;
      readonly revision: string;
      /** The kind of source that it came from. */
      readonly source: string;
      /** What it says beside its policies; null = a listing, which says nothing. */
      readonly terms: BundleTerms | null;
      /** Read only where nothing that was made of them before still holds. */
      readonly stored: StoredPolicies;
      readonly wasGoverned: readonly Domain[];
    };

/** Whether the stored bundle can be served: what its source thinks of it without asking anybody. */
export type StoredVerdict = { readonly kind: 'verified' } | { readonly kind: 'refused'; readonly message: string };

/** What a stored policy is judged with. */
export interface StoredPolicyParts {
  readonly store: BundleStore;
  readonly mark: HighWaterMark;
  /** Of this program, which may be older than the one that stored it. */
  readonly version: string;
  /** Verifies a stored bundle again, offline, before it serves (delivery, "What always holds"). */
  readonly verifyStored: (bundle: BundleHeader) => StoredVerdict;
  /** Something to remember happened. Must not throw. */
  readonly audit: (event: AuditEvent) => void;
  /** What failed and can wait: the next start repairs it. Must not throw. */
  readonly onTrouble: (error: unknown) => void;
}

/** What the database holds serves if it is what was served last, and if its source still stands by it. */
export function storedOrg(parts: StoredPolicyParts): OrgPolicies {
  const { store, mark, version, verifyStored, audit, onTrouble } = parts;
  const active = store.active();
  const wasGoverned = store.wasGoverned();
  const damaged = (message: string): OrgPolicies => ({ kind: 'damaged', message, wasGoverned });
  if (active.kind === 'damaged') return damaged(active.message);
  const header = headerOf(active);
  const standing = standingOf(mark, header, onTrouble);
  if (standing.kind === 'mismatch') {
    audit({ event: 'state_mismatch', message: standing.message });
    return damaged(standing.message);
  }
  if (standing.kind === 'first') audit({ event: 'first_start' });
  if (standing.kind === 'held' && standing.repaired)
    audit({ event: 'mark_repaired', revision: header?.revision ?? 'none' });
  if (header === null) return { kind: 'none', wasGoverned };
  const verdict = verifyStored(header);
  if (verdict.kind === 'refused') return damaged(verdict.message);
  const unmet = header.terms === null ? null : unmetDemand(header.terms, version);
  if (unmet !== null) return damaged(unmet.message);
  return delivered(header, wasGoverned, activePolicies(store, header.digest));
}

/** A mark that cannot be repaired now is repaired later; what it says counts all the same. */
function standingOf(mark: HighWaterMark, header: BundleHeader | null, onTrouble: (error: unknown) => void): Standing {
  try {
    return mark.judge(header);
  } catch (error) {
    onTrouble(error);
    return { kind: 'held', repaired: false };
  }
}

export function headerOf(active: ActiveBundle): BundleHeader | null {
  return active.kind === 'active' ? active.header : null;
}

export function delivered(
  { org, source, revision, digest, terms }: BundleHeader,
  wasGoverned: readonly Domain[],
  load: StoredPolicies['load'],
): OrgPolicies {
  return { kind: 'delivered', org, source, revision, terms, stored: { digest, load }, wasGoverned };
}

/** From the database each time: they are large, and rarely needed again. */
export function activePolicies(store: BundleStore, digest: string): StoredPolicies['load'] {
  return () => {
    const active = store.active();
    if (active.kind === 'active' && active.header.digest === digest) return active.policies;
    throw new StoreError('row_invalid', 'the stored policy is not the one that serves');
  };
}

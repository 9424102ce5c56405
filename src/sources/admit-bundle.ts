import { shown } from '../base/shown.ts';
import type { BundleTerms } from '../policy/bundle-terms.ts';
import { readBundle } from '../schema/bundle.ts';
import { unmetDemand } from './bundle-demands.ts';
import { failingTest } from './bundle-tests.ts';
import { assertOrg, assertTakesSense } from './policy-checks.ts';
import { SourceError } from './source-failure.ts';

export interface BundleArrival {
  /** The bundle document, unpacked; whoever brought it has checked who signed it. */
  readonly document: Uint8Array;
  /** The only organisation that has a say here. */
  readonly org: string;
  /** Of this program. */
  readonly version: string;
  /** Milliseconds since the epoch; null = the bundle served already, and where it ends it serves its end. */
  readonly now: number | null;
}

/** A bundle that this machine may activate. */
export interface AdmittedBundle {
  readonly org: string;
  readonly revision: string;
  readonly terms: BundleTerms;
  /** Governance `Policy` objects. */
  readonly policies: readonly unknown[];
}

/**
 * Everything that a bundle has to pass besides signatures and the high-water mark: small checks in order, the first
 * that fails throws a `SourceError` and the last good bundle serves (delivery, "What always holds").
 */
export function admitBundle({ document, org, version, now }: BundleArrival): AdmittedBundle {
  const reading = readBundle(document);
  if (reading.kind === 'invalid') throw new SourceError('verify', reading.code, reading.message);
  const { bundle } = reading;
  if (bundle.org !== org) {
    throw new SourceError('verify', 'other_org', `the bundle belongs to another organisation than ${shown(org)}`);
  }
  const unmet = unmetDemand(bundle.terms, version);
  if (unmet !== null) throw new SourceError('verify', unmet.code, unmet.message);
  if (now !== null) assertNotExpired(bundle.terms, now);
  for (const policy of bundle.policies) {
    assertOrg(policy, org);
    assertTakesSense(policy);
  }
  const fault = failingTest(bundle);
  if (fault !== null) throw new SourceError('verify', 'failing_test', `a test of the bundle fails: ${fault}`);
  const { revision, terms, policies } = bundle;
  return { org, revision, terms, policies };
}

export function assertNotExpired({ expiresAt }: BundleTerms, now: number): void {
  if (now < expiresAt) return;
  const end = new Date(expiresAt).toISOString();
  throw new SourceError('verify', 'expired_bundle', `the bundle ended at ${end}: publish a new revision`);
}

import { compareVersions } from '../base/semantic-version.ts';
import { shown } from '../base/shown.ts';
import type { BundleTerms } from '../policy/bundle-terms.ts';
import { type Bundle, readBundle } from '../schema/bundle.ts';
import { failingTest } from './bundle-tests.ts';
import { assertOrg, assertTakesSense } from './policy-checks.ts';
import { SourceError } from './source-failure.ts';

/** What a bundle may ask for in `requires`: docs/bundle.md says what each of them is. */
export const FEATURES: ReadonlySet<string> = new Set([
  'network',
  'filesystem',
  'teams',
  'approvals',
  'validity',
  'delegation',
  'monitor',
  'staleness',
  'tests',
]);

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
  assertFeatures(bundle);
  assertVersion(bundle, version);
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

function assertFeatures({ requires }: Bundle): void {
  const unknown = requires.find((feature) => !FEATURES.has(feature));
  if (unknown === undefined) return;
  const message = `the bundle requires ${shown(unknown)}, which this version does not have: install a newer reeve`;
  throw new SourceError('verify', 'unknown_feature', message);
}

function assertVersion({ minVersion }: Bundle, version: string): void {
  if (minVersion === null) return;
  const order = compareVersions(version, minVersion);
  // a version that cannot be compared may be too old
  if (order !== null && order >= 0) return;
  const message = `the bundle is for reeve ${minVersion} or newer, and this is ${version}: install a newer one`;
  throw new SourceError('verify', 'version_too_low', message);
}

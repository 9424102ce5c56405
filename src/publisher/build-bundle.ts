import { canonicalJson } from '../bundle/canonical-json.ts';
import { policyRevision } from '../bundle/policy-revision.ts';
import { BUNDLE_SCHEMA } from '../schema/bundle-shape.ts';
import { type AdmittedBundle, admitBundle } from '../sources/admit-bundle.ts';
import { utcText } from '../tuf/utc-time.ts';
import type { BundleHead } from './bundle-head.ts';

export interface BundleParts {
  readonly head: BundleHead;
  /** Governance `Policy` objects. */
  readonly policies: readonly unknown[];
  readonly revision: number;
  readonly now: number;
  /** Of this program. */
  readonly version: string;
}

export interface BuiltBundle {
  readonly document: Buffer;
  readonly bundle: AdmittedBundle;
}

/** The document of a bundle: one text for the same parts. Throws what a daemon would refuse it with. */
export function buildBundle({ head, policies, revision, now, version }: BundleParts): BuiltBundle {
  const { org, expiresInMs, members } = head;
  const value = {
    ...members,
    schema: BUNDLE_SCHEMA,
    revision: String(revision),
    issued_at: utcText(now),
    ...(expiresInMs === null ? {} : { expires_at: utcText(now + expiresInMs) }),
    policies,
  };
  const document = Buffer.from(`${canonicalJson(value)}\n`, 'utf8');
  return { document, bundle: admitBundle({ document, org, version, now }) };
}

/** They belong to every revision, and alone are no reason for a new one. */
const PER_REVISION = ['schema', 'revision', 'issued_at', 'change'];

/** One text for bundles that say the same: whoever publishes by itself publishes only what is new. */
export function contentDigest(document: Uint8Array, head: BundleHead): string {
  const value = JSON.parse(Buffer.from(document).toString('utf8')) as Readonly<Record<string, unknown>>;
  // a day that the head does not name follows from the time of building
  const left = head.expiresInMs === null ? PER_REVISION : [...PER_REVISION, 'expires_at'];
  const { policies, ...members } = Object.fromEntries(Object.entries(value).filter(([name]) => !left.includes(name)));
  const listed = Array.isArray(policies) ? (policies as readonly unknown[]) : [];
  return policyRevision({ org: canonicalJson(members), policies: listed });
}

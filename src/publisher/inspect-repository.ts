import { type Bundle, readBundle } from '../schema/bundle.ts';
import { admitBundle } from '../sources/admit-bundle.ts';
import { assertSaid } from '../tuf/target-content.ts';
import { utcText } from '../tuf/utc-time.ts';
import { DEFAULT_STALENESS } from './expiries.ts';
import { PublisherError } from './publisher-error.ts';
import { endings, type PublisherWarning } from './publisher-warnings.ts';
import { type VerificationOptions, type VerifiedTarget, verifyRepository } from './verify-repository.ts';

/** What a daemon would find in a repository. Names are those of `--json`. */
export interface RepositoryReport {
  readonly kind: 'repository';
  readonly root: number;
  /** The root version since which the same keys sign policy. */
  readonly epoch: number;
  readonly issued_at: string;
  readonly files: readonly { readonly role: string; readonly version: number; readonly expires: string }[];
  readonly bundles: readonly VerifiedBundle[];
  readonly warnings: readonly PublisherWarning[];
}

export interface VerifiedBundle {
  readonly path: string;
  readonly role: string;
  readonly org: string;
  readonly revision: string;
  readonly expires_at: string;
  readonly policies: number;
  readonly sha256: string;
}

export interface Inspection extends VerificationOptions {
  /** Null = whichever organisation the bundles are of. */
  readonly org: string | null;
  /** Of this program. */
  readonly version: string;
}

/**
 * Everything that a daemon checks before it activates, the signed terms and the embedded tests included, and what its
 * publisher should know. Throws a `TufError` or a `SourceError`.
 */
export async function inspectRepository(inspection: Inspection): Promise<RepositoryReport> {
  const { now } = inspection;
  const { root, timestamp, snapshot, roles, targets } = await verifyRepository(inspection);
  const bundles = targets.map((target) => ({ target, bundle: admitted(target, inspection) }));
  const published = bundles.map(({ target, bundle }) => ({ path: target.target.path, bundle }));
  const files = [['root', root.file], ['timestamp', timestamp], ['snapshot', snapshot], ...roles] as const;
  return {
    kind: 'repository',
    root: root.file.version,
    epoch: root.epoch,
    issued_at: utcText(timestamp.issuedAt),
    files: files.map(([role, { version, expiresAt }]) => ({ role, version, expires: utcText(expiresAt) })),
    bundles: bundles.map(({ target, bundle }) => ({
      path: target.target.path,
      role: target.target.role,
      org: bundle.org,
      revision: bundle.revision,
      expires_at: utcText(bundle.terms.expiresAt),
      policies: bundle.policies.length,
      sha256: target.target.listed.sha256,
    })),
    warnings: [
      ...signerWarning(timestamp.issuedAt, now),
      ...endings({ root: root.file, roles, bundles: published }, now),
    ],
  };
}

function admitted({ target, document }: VerifiedTarget, { org, version, now }: Inspection): Bundle {
  const reading = readBundle(document);
  // for its reason
  if (reading.kind === 'invalid') throw new PublisherError('bundle_refused', `\`${target.path}\`: ${reading.message}`);
  const { bundle } = reading;
  admitBundle({ document, org: org ?? bundle.org, version, now });
  assertSaid(target.custom, 'org', bundle.org);
  assertSaid(target.custom, 'revision', bundle.revision);
  return bundle;
}

/** Somebody should sign hourly; long before machines warn this shows whether they do. */
function signerWarning(issuedAt: number, now: number): readonly PublisherWarning[] {
  const age = now - issuedAt;
  if (age <= DEFAULT_STALENESS.warnAfterMs / 4) return [];
  const hours = Math.floor(age / 3_600_000);
  const message = `the timestamp was signed ${hours} hours ago: whoever signs it hourly seems to stand still`;
  return [{ code: 'signer_stands_still', message }];
}

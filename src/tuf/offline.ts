import { findTarget, type Target } from './delegation.ts';
import { followOn, followStored, type RootChain, type StoredRoots, type TrustedRoot } from './root-chain.ts';
import { assertSignedBy } from './signed-by.ts';
import type { SnapshotFile } from './snapshot-file.ts';
import { assertTarget } from './target-content.ts';
import type { TargetsFile } from './targets-file.ts';
import type { TimestampFile } from './timestamp-file.ts';
import { readTimestamp } from './timestamp-file.ts';
import { acceptSnapshot, acceptTargets } from './trusted-set.ts';
import { TufError } from './tuf-error.ts';

/** Everything that was true together when a bundle became active. */
export interface StoredPublication {
  /** The root that everything else was verified by. */
  readonly rootVersion: number;
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  /** `targets` and the delegated roles on the way to the target. */
  readonly roles: ReadonlyMap<string, Uint8Array>;
  readonly path: string;
  /** As delivered. */
  readonly target: Uint8Array;
}

export interface OfflineVerification {
  readonly target: Target;
  readonly issuedAt: number;
  /** Of the timestamp; the file that has to be renewed most often. */
  readonly timestampExpiresAt: number;
  readonly epoch: number;
  /** The newest root that is stored, which may be newer than the recorded one. */
  readonly newestRoot: TrustedRoot;
  /** By the newest stored root the bundle would not verify: keys were replaced since, and the rest is still to come. */
  readonly superseded: boolean;
  /** A stored root that did not follow. */
  readonly broken: RootChain['broken'];
}

/**
 * Verifies what is stored, with nothing but the pinned root and no clock (tuf, 8, "Offline start"): by the root that is
 * recorded with the bundle, so that a rotation whose rest has not arrived changes no answer. A key that the newest
 * stored root revokes counts for nothing. Throws a `TufError`.
 */
export function verifyOffline(pinned: Uint8Array, roots: StoredRoots, stored: StoredPublication): OfflineVerification {
  const recorded = followStored(pinned, roots, stored.rootVersion);
  // the pinned root may be newer than the recorded one: then it has to vouch for the bundle itself
  if (recorded.root.file.version < stored.rootVersion) throw unreachable(recorded, stored.rootVersion);
  const { root: newestRoot, broken } = followOn(recorded.root, roots);
  const files = verifyAll(recorded.root, stored, newestRoot.file.revokedKeyIds);
  return {
    target: files.target,
    issuedAt: files.timestamp.issuedAt,
    timestampExpiresAt: files.timestamp.expiresAt,
    epoch: recorded.root.epoch,
    newestRoot,
    superseded: newestRoot !== recorded.root && !stillVouchesFor(newestRoot, files),
    broken,
  };
}

interface Files {
  readonly timestamp: TimestampFile;
  readonly snapshot: SnapshotFile;
  readonly targets: TargetsFile;
  readonly target: Target;
}

function verifyAll({ file: root }: TrustedRoot, stored: StoredPublication, revoked: ReadonlySet<string>): Files {
  const timestamp = readTimestamp(stored.timestamp);
  assertSignedBy(root, 'timestamp', timestamp);
  const snapshot = acceptSnapshot(stored.snapshot, { root, listed: timestamp.snapshot, held: null });
  const load = (role: string, delegator: Parameters<typeof acceptTargets>[1]['delegator']): TargetsFile => {
    const bytes = stored.roles.get(role);
    const listed = snapshot.listed.get(role);
    if (bytes === undefined || listed === undefined) throw new TufError('absent', role, 'is not stored');
    return acceptTargets(bytes, { role, delegator, listed, revoked });
  };
  const targets = load('targets', root);
  const walk = findTarget(targets, stored.path);
  let step = walk.next();
  while (step.done !== true) step = walk.next(load(step.value.role, step.value.delegator));
  assertTarget(step.value, stored.target);
  return { timestamp, snapshot, targets, target: step.value };
}

/** Only what the root itself signs for: the rest follows from it. */
function stillVouchesFor({ file: root }: TrustedRoot, { timestamp, snapshot, targets }: Files): boolean {
  try {
    assertSignedBy(root, 'timestamp', timestamp);
    assertSignedBy(root, 'snapshot', snapshot);
    assertSignedBy(root, 'targets', targets);
    return true;
  } catch {
    return false;
  }
}

function unreachable({ root, broken }: RootChain, wanted: number): TufError {
  const what = `the stored chain ends at version ${root.file.version}, and the bundle was verified by ${wanted}`;
  return broken ?? new TufError('absent', 'root', what);
}

import { MAX_CLOCK_SKEW_MS } from './limits.ts';
import { assertListed, type ListedFile } from './listed-file.ts';
import type { RootFile } from './root-file.ts';
import { assertPolicySignedBy, assertSignedBy } from './signed-by.ts';
import { readSnapshot, type SnapshotFile } from './snapshot-file.ts';
import { readTargets, type TargetsFile } from './targets-file.ts';
import { readTimestamp, type TimestampFile } from './timestamp-file.ts';
import { TufError } from './tuf-error.ts';
import { utcText } from './utc-time.ts';

/** What is trusted already, for the next file to be held against. */
export interface TimestampTrust {
  readonly root: RootFile;
  /** Verified by this very root; null = none, or its keys were replaced, by which fast-forward heals. */
  readonly held: TimestampFile | null;
  /** The highest `issued_at` that was ever verified; null = none. */
  readonly highestIssuedAt: number | null;
  /** The wall clock, but never before what was verified (delivery, "Time"). */
  readonly now: number;
  /** The wall clock alone: by what was signed before, a thief could move the time ahead step by step. Absent = `now`. */
  readonly wall?: number;
}

/** TUF 5.4: signature, then nothing older than what is held. Null = the version that is held already. */
export function acceptTimestamp(bytes: Uint8Array, trust: TimestampTrust): TimestampFile | null {
  const { root, held, highestIssuedAt, now, wall = now } = trust;
  const file = readTimestamp(bytes);
  assertSignedBy(root, 'timestamp', file);
  if (held !== null) {
    if (file.version < held.version) throw lower('timestamp', file.version, held.version);
    // whatever else it says, it makes nothing younger (tuf, 8)
    if (file.version === held.version) return null;
    if (file.snapshot.version < held.snapshot.version) {
      throw lower('timestamp', file.snapshot.version, held.snapshot.version, 'lists snapshot');
    }
  }
  const floor = Math.max(highestIssuedAt ?? 0, held?.issuedAt ?? 0);
  if (file.issuedAt < floor) {
    const what = `was issued at ${utcText(file.issuedAt)}, before the one of ${utcText(floor)} that was seen`;
    throw new TufError('rollback', 'timestamp', what);
  }
  if (file.issuedAt > wall + MAX_CLOCK_SKEW_MS) {
    const what = `was issued at ${utcText(file.issuedAt)}, and here it is ${utcText(wall)}: check the clocks`;
    throw new TufError('not_yet_valid', 'timestamp', what);
  }
  assertFresh('timestamp', file, now);
  return file;
}

/** What is stored, if this root still vouches for it. Its age does not matter: it is a floor (TUF 5.4.3, 5.5.5). */
export function heldTimestamp(root: RootFile, bytes: Uint8Array | null): TimestampFile | null {
  return vouchedFor(() => (bytes === null ? null : readTimestamp(bytes)), root, 'timestamp');
}

export function heldSnapshot(root: RootFile, bytes: Uint8Array | null): SnapshotFile | null {
  return vouchedFor(() => (bytes === null ? null : readSnapshot(bytes)), root, 'snapshot');
}

function vouchedFor<T extends TimestampFile | SnapshotFile>(
  read: () => T | null,
  root: RootFile,
  role: string,
): T | null {
  try {
    const file = read();
    if (file !== null) assertSignedBy(root, role, file);
    return file;
  } catch {
    // torn, planted, or signed by keys that were replaced: it is fetched again
    return null;
  }
}

export interface SnapshotTrust {
  readonly root: RootFile;
  readonly listed: ListedFile;
  readonly held: SnapshotFile | null;
}

/** TUF 5.5, without expiry: bytes as listed, signature, nothing older or gone. */
export function acceptSnapshot(bytes: Uint8Array, { root, listed, held }: SnapshotTrust): SnapshotFile {
  assertListed(listed, bytes, 'snapshot', 'mix_and_match');
  const file = readSnapshot(bytes);
  assertSignedBy(root, 'snapshot', file);
  for (const [role, { version }] of held?.listed ?? []) {
    const now = file.listed.get(role);
    if (now === undefined) throw new TufError('rollback', role, 'is gone from the snapshot');
    if (now.version < version) throw lower(role, now.version, version);
  }
  return assertListedVersion('snapshot', file, listed);
}

export interface TargetsTrust {
  readonly role: string;
  /** The root for `targets`, otherwise whoever delegates to the role. */
  readonly delegator: RootFile | TargetsFile;
  readonly listed: ListedFile;
  readonly revoked: ReadonlySet<string>;
}

/** TUF 5.6, without expiry. */
export function acceptTargets(bytes: Uint8Array, { role, delegator, listed, revoked }: TargetsTrust): TargetsFile {
  assertListed(listed, bytes, role, 'mix_and_match');
  const file = readTargets(bytes, role);
  assertPolicySignedBy(delegator, file, revoked);
  return assertListedVersion(role, file, listed);
}

/** An expired file stops advancing, never a decision (delivery, Sources 2): an offline start does not ask. */
export function assertFresh(role: string, { expiresAt }: { readonly expiresAt: number }, now: number): void {
  if (now < expiresAt) return;
  const what = `has expired at ${utcText(expiresAt)}, and here it is ${utcText(now)}: what serves stays until the publisher signs anew`;
  throw new TufError('expired', role, what);
}

function assertListedVersion<T extends { readonly version: number }>(role: string, file: T, listed: ListedFile): T {
  if (file.version === listed.version) return file;
  throw new TufError('mix_and_match', role, `is version ${file.version} where ${listed.version} is listed`);
}

function lower(role: string, version: number, held: number, verb = 'is version'): TufError {
  return new TufError('rollback', role, `${verb} ${version}, and ${held} was seen already`);
}

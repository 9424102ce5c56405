import type { TrustedRoot } from '../tuf/root-chain.ts';
import type { ChosenRoles } from './choose-roles.ts';
import { type FileNote, noteOf, snapshotSigned, timestampSigned } from './compose.ts';
import { type OnlineValidity, onlineValidity, snapshotIsDue } from './expiries.ts';
import { laddersOf } from './listed-bundles.ts';
import { PublisherError } from './publisher-error.ts';
import { metadataPath } from './repository-directory.ts';
import { nextVersion, type RepositoryState } from './repository-state.ts';
import { type SigningKey, signedBytes, signersOf } from './signers.ts';

/** What leads machines to a publication: the snapshot and the timestamp. */
export interface OnlineFiles {
  /** Null = the one that is there goes on. */
  readonly snapshot: { readonly path: string; readonly bytes: Buffer } | null;
  readonly timestamp: Buffer;
  readonly timestampVersion: number;
  readonly snapshotVersion: number;
  readonly timestampExpiresAt: number;
}

export interface OnlineSigning {
  readonly state: RepositoryState;
  readonly chosen: ChosenRoles;
  readonly roots: readonly TrustedRoot[];
  readonly keys: readonly SigningKey[];
  readonly now: number;
}

/** How far behind what it signed before a publisher's clock may be. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** Signs; writes nothing. */
export function signOnline(signing: OnlineSigning): OnlineFiles {
  const { state, chosen, roots, keys, now } = signing;
  const validity = onlineValidity(laddersOf(chosen.bundles));
  const snapshot = nextSnapshot(signing, validity);
  const listed = snapshot === null ? heldSnapshot(signing) : noteOf(snapshot.version, snapshot.bytes);
  const version = (state.timestamp?.version ?? 0) + 1;
  const expires = wholeSecond(now) + validity.timestampMs;
  const signed = timestampSigned(listed, { version, expires, issuedAt: issuedAt(state, now) });
  const signers = roots.map(({ file }) => signersOf(file, 'timestamp'));
  return {
    snapshot: snapshot === null ? null : { path: metadataPath('snapshot', snapshot.version), bytes: snapshot.bytes },
    timestamp: signedBytes(signed, signers, keys),
    timestampVersion: version,
    snapshotVersion: listed.version,
    timestampExpiresAt: expires,
  };
}

function nextSnapshot(
  { state, chosen, roots, keys, now }: OnlineSigning,
  validity: OnlineValidity,
): { readonly version: number; readonly bytes: Buffer } | null {
  const files = new Map<string, FileNote>();
  // a role never goes: dropping one is refused as a rollback (tuf, trap 9)
  for (const [role, { version, length, sha256 }] of state.snapshot?.listed ?? []) {
    files.set(role, { version, length, sha256 });
  }
  for (const [role, { file, bytes }] of chosen.roles) files.set(role, noteOf(file.version, bytes));
  const changed = [...files].some(([role, { sha256 }]) => state.snapshot?.listed.get(role)?.sha256 !== sha256);
  const due = state.snapshot === null || snapshotIsDue(state.snapshot.expiresAt, now, validity);
  // with a second root beside the first one both have to have signed it
  if (!changed && !due && roots.length === 1) return null;
  const version = nextVersion(state, 'snapshot');
  const signed = snapshotSigned(files, { version, expires: wholeSecond(now) + validity.snapshotMs });
  const signers = roots.map(({ file }) => signersOf(file, 'snapshot'));
  return { version, bytes: signedBytes(signed, signers, keys) };
}

/** As the timestamp that serves lists it. */
function heldSnapshot({ state }: OnlineSigning): FileNote {
  const { timestamp } = state;
  if (timestamp === null) throw new PublisherError('repository_unusable', 'there is no timestamp to go on from');
  const { version, length, sha256 } = timestamp.snapshot;
  return { version, length, sha256 };
}

/** Never earlier than the last one: a machine would take it for an older publication. */
function issuedAt({ timestamp }: RepositoryState, now: number): number {
  const last = timestamp?.issuedAt ?? 0;
  if (last - now > MAX_CLOCK_SKEW_MS) {
    const message = `the last timestamp was signed at ${new Date(last).toISOString()}, which is ahead of this clock: set it right`;
    throw new PublisherError('rule_broken', message);
  }
  return Math.max(last, wholeSecond(now));
}

function wholeSecond(at: number): number {
  return Math.floor(at / 1_000) * 1_000;
}

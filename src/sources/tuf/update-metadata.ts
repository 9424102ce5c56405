import type { HeldFile, TufStore } from '../../store/tuf-store.ts';
import { findTarget, type Target } from '../../tuf/delegation.ts';
import { isListed, type ListedFile } from '../../tuf/listed-file.ts';
import type { RootFile } from '../../tuf/root-file.ts';
import type { SnapshotFile } from '../../tuf/snapshot-file.ts';
import type { TargetsFile } from '../../tuf/targets-file.ts';
import type { TimestampFile } from '../../tuf/timestamp-file.ts';
import {
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  assertFresh,
  heldSnapshot,
  heldTimestamp,
} from '../../tuf/trusted-set.ts';
import { TufError } from '../../tuf/tuf-error.ts';
import type { Repository } from './repository.ts';
import { inStore } from './update-root.ts';

/** The times that expiry is judged by (tuf, 8), in milliseconds since the epoch. */
export interface Times {
  readonly wall: number;
  /** The wall clock, but never before what was verified: for whatever is newer than what is held. */
  readonly now: number;
  /** Nor before the latest time this machine has seen: for what is held already. */
  readonly latest: number;
  /** The highest signed time that was ever verified; null = none. */
  readonly highestIssuedAt: number | null;
}

export interface MetadataUpdateOptions {
  readonly store: TufStore;
  readonly repository: Repository;
  readonly root: RootFile;
  readonly path: string;
  readonly times: Times;
  /** Ask for the timestamp even if the server says that it is still the same. */
  readonly unconditional: boolean;
}

/** A publication that was verified, file by file, up to the place where its target is listed. */
export interface MetadataUpdate {
  readonly timestamp: TimestampFile;
  readonly target: Target;
  /** By what time it was judged: never before it was signed. */
  readonly judgedAt: number;
  readonly files: {
    readonly timestamp: Uint8Array;
    readonly snapshot: Uint8Array;
    readonly roles: ReadonlyMap<string, Uint8Array>;
  };
}

/** TUF 5.4 to 5.6, in order. Every file is kept as soon as it is verified: none of that hides a change (tuf, 5.7). */
export async function updateMetadata(options: MetadataUpdateOptions): Promise<MetadataUpdate> {
  const { root } = options;
  assertFresh('root', root, options.times.now);
  const stamped = await updateTimestamp(options);
  const { file: timestamp, judgedAt } = stamped;
  assertFresh('root', root, judgedAt);
  assertFresh('timestamp', timestamp, judgedAt);
  const snapshot = await updateSnapshot(options, timestamp.snapshot);
  assertFresh('snapshot', snapshot.file, judgedAt);
  const roles = new Map<string, Uint8Array>();
  const load = async (role: string, delegator: RootFile | TargetsFile): Promise<TargetsFile> => {
    const { file, content } = await updateRole(options, { role, delegator, snapshot: snapshot.file });
    assertFresh(role, file, judgedAt);
    roles.set(role, content);
    return file;
  };
  const walk = findTarget(await load('targets', root), options.path);
  let step = walk.next();
  while (step.done !== true) step = walk.next(await load(step.value.role, step.value.delegator));
  const files = { timestamp: stamped.content, snapshot: snapshot.content, roles };
  return { timestamp, target: step.value, judgedAt, files };
}

interface Stamped {
  readonly file: TimestampFile;
  readonly content: Uint8Array;
  readonly judgedAt: number;
}

async function updateTimestamp({
  store,
  repository,
  root,
  times,
  unconditional,
}: MetadataUpdateOptions): Promise<Stamped> {
  const row = inStore('timestamp', () => store.held('timestamp'));
  const held = heldTimestamp(root, row?.content ?? null);
  const fetched = await repository.timestamp(held === null || unconditional ? null : (row?.etag ?? null));
  const keep = (file: HeldFile): void =>
    inStore('timestamp', () => store.hold('timestamp', file, row?.content ?? null));
  if (fetched !== null) {
    const { highestIssuedAt, now, wall } = times;
    const newer = acceptTimestamp(fetched.content, { root, held, highestIssuedAt, now, wall });
    if (newer !== null) {
      keep(fetched);
      return { file: newer, content: fetched.content, judgedAt: Math.max(times.now, newer.issuedAt) };
    }
  }
  // only a held one can be still the same
  if (held === null || row === null) throw new TufError('absent', 'timestamp', 'there is none');
  if (fetched !== null && fetched.etag !== row.etag && areSame(fetched.content, row.content)) keep(fetched);
  return { file: held, content: row.content, judgedAt: Math.max(times.latest, held.issuedAt) };
}

interface Updated<T> {
  readonly file: T;
  readonly content: Uint8Array;
}

async function updateSnapshot(
  { store, repository, root }: MetadataUpdateOptions,
  listed: ListedFile,
): Promise<Updated<SnapshotFile>> {
  const row = inStore('snapshot', () => store.held('snapshot'));
  const { content, isNew } = await heldOr(row, listed, () => repository.snapshot(listed));
  const file = acceptSnapshot(content, { root, listed, held: heldSnapshot(root, row?.content ?? null) });
  if (isNew) inStore('snapshot', () => store.hold('snapshot', { content, etag: null }, row?.content ?? null));
  return { file, content };
}

interface RoleWanted {
  readonly role: string;
  readonly delegator: RootFile | TargetsFile;
  readonly snapshot: SnapshotFile;
}

async function updateRole(
  { store, repository, root }: MetadataUpdateOptions,
  { role, delegator, snapshot }: RoleWanted,
): Promise<Updated<TargetsFile>> {
  const listed = snapshot.listed.get(role);
  if (listed === undefined) throw new TufError('mix_and_match', role, 'is not in the snapshot');
  const row = inStore(role, () => store.held(role));
  const { content, isNew } = await heldOr(row, listed, () => repository.role(role, listed));
  const file = acceptTargets(content, { role, delegator, listed, revoked: root.revokedKeyIds });
  if (isNew) inStore(role, () => store.hold(role, { content, etag: null }, row?.content ?? null));
  return { file, content };
}

/** What is stored, if it is the file that is listed: then nothing is asked for. */
async function heldOr(
  row: HeldFile | null,
  listed: ListedFile,
  fetch: () => Promise<Uint8Array>,
): Promise<{ readonly content: Uint8Array; readonly isNew: boolean }> {
  if (row !== null && isListed(listed, row.content)) return { content: row.content, isNew: false };
  return { content: await fetch(), isNew: true };
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

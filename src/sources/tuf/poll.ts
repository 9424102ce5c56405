import type { BundleStore } from '../../store/bundle-store.ts';
import type { SyncRecord } from '../../store/sync-rows.ts';
import type { TufPublication, TufStore } from '../../store/tuf-store.ts';
import type { RootChain, TrustedRoot } from '../../tuf/root-chain.ts';
import { assertSaid, assertTarget, unpackTarget } from '../../tuf/target-content.ts';
import type { Activation, FetchedBundle, Live } from '../activate.ts';
import { type AdmittedBundle, admitBundle } from '../admit-bundle.ts';
import type { TrustFloor } from '../high-water-mark.ts';
import type { SourceOutcome } from '../source.ts';
import type { Repository } from './repository.ts';
import { type MetadataUpdate, type Times, updateMetadata } from './update-metadata.ts';
import { inStore, updateRoot } from './update-root.ts';

export interface PollOptions {
  readonly store: BundleStore;
  readonly tufStore: TufStore;
  readonly pinnedRoot: Uint8Array;
  readonly org: string;
  readonly target: string;
  /** Of this program. */
  readonly version: string;
  readonly floor: () => TrustFloor;
  /** What is trusted from now on, to be remembered outside the database; throws where it cannot be. */
  readonly raise: (trusted: TrustFloor) => void;
  /** The organisation's bundle, if the stored one serves. */
  readonly serving: () => Live | null;
  readonly onPolicies: (bundle: FetchedBundle) => Promise<Activation>;
}

export interface PollRun {
  readonly repository: Repository;
  /** The wall clock as the poll begins: one time for everything that is judged. */
  readonly now: number;
  readonly unconditional: boolean;
  readonly memory: PollMemory;
}

/** What polls leave behind for the next one, and for the status; lives as long as the process. */
export interface PollMemory {
  root: RootChain | null;
  update: MetadataUpdate | null;
  /** A target that was verified and refused for what is in it: it is judged again without another download. */
  refused: { readonly sha256: string; readonly bytes: Uint8Array } | null;
}

/** One poll (tuf, 5): root → timestamp → snapshot → targets → changed? → target → what is in it → the hand-over. */
export async function poll(options: PollOptions, run: PollRun): Promise<SourceOutcome> {
  const { tufStore: store, pinnedRoot, target: path, floor } = options;
  const { repository, memory, unconditional } = run;
  const trusted = floor();
  const chain = await updateRoot({ store, repository, pinnedRoot, floor: trusted.rootVersion });
  memory.root = chain;
  inStore('root', () => options.raise({ rootVersion: chain.root.file.version, issuedAt: null }));
  const times = timesOf(options, trusted, run.now);
  const root = chain.root.file;
  const update = await updateMetadata({ store, repository, root, path, times, unconditional });
  memory.update = update;
  inStore('timestamp', () => options.raise({ rootVersion: null, issuedAt: update.timestamp.issuedAt }));
  const live = servingAs(options, update);
  if (live !== null) return unchanged(options, run, { root: chain.root, update, live });
  return changed(options, run, { root: chain.root, update });
}

/** tuf, 8, "Time": a clock that was set back makes nothing acceptable again. */
function timesOf({ store }: PollOptions, trusted: TrustFloor, wall: number): Times {
  const verified = store.lastSync()?.verifiedTime ?? 0;
  // a time that another kind of source has vouched for says nothing about what this one has signed
  const signed = isOfRepository(store) ? verified : 0;
  const highestIssuedAt = Math.max(signed, trusted.issuedAt ?? 0);
  const now = Math.max(wall, verified, highestIssuedAt);
  return { wall, now, latest: Math.max(now, store.latestTime() ?? 0), highestIssuedAt };
}

function isOfRepository(store: BundleStore): boolean {
  const active = store.active();
  return active.kind === 'active' && active.header.source === 'tuf';
}

/** What serves, if it is this very target: by its hash, not by any timestamp (tuf, 5.7). */
function servingAs({ store, tufStore, serving }: PollOptions, { target }: MetadataUpdate): Live | null {
  const active = store.active();
  const origin = active.kind === 'active' ? active.header.origin : null;
  if (origin?.digest !== digestOf(target.listed.sha256)) return null;
  return tufStore.activeRootVersion() === null ? null : serving();
}

interface Verified {
  readonly root: TrustedRoot;
  readonly update: MetadataUpdate;
}

function unchanged(
  { store, tufStore }: PollOptions,
  { now }: PollRun,
  { root, update, live }: Verified & { readonly live: Live },
): SourceOutcome {
  inStore('timestamp', () => store.recordSync(confirmation(update, now)));
  if (tufStore.activeRootVersion() !== root.file.version) renew(tufStore, root, update);
  return { kind: 'ok', result: 'unchanged', ...live, heldPolicies: [], followUpMs: null };
}

/** The same bundle under newer keys: from now on it is verified with these. */
function renew(store: TufStore, root: TrustedRoot, update: MetadataUpdate): void {
  inStore('target', () => {
    const active = store.active();
    if (active !== null) store.promote(publicationOf(root, update, active.target));
  });
}

async function changed(options: PollOptions, run: PollRun, { root, update }: Verified): Promise<SourceOutcome> {
  const { memory, repository, now } = run;
  const { target } = update;
  const { sha256 } = target.listed;
  const bytes = memory.refused?.sha256 === sha256 ? memory.refused.bytes : await repository.target(target);
  assertTarget(target, bytes);
  memory.refused = { sha256, bytes };
  const admitted = admit(options, update, bytes);
  const publication = publicationOf(root, update, bytes);
  const activation = await options.onPolicies({
    source: 'tuf',
    org: admitted.org,
    revision: admitted.revision,
    etag: null,
    fetchedAt: now,
    policies: admitted.policies,
    terms: admitted.terms,
    origin: { digest: digestOf(sha256), epoch: root.epoch, rootVersion: root.file.version },
    sync: confirmation(update, now),
    alongside: () => options.tufStore.promote(publication),
  });
  if (activation.kind === 'failed') return { kind: 'failed', failure: activation.failure, retryAfterMs: null };
  memory.refused = null;
  // nothing was written then: what it was verified with may be gone
  if (activation.kind === 'unchanged') inStore('target', () => options.tufStore.promote(publication));
  const { kind: result, revision, generation } = activation;
  return { kind: 'ok', result, revision, generation, heldPolicies: [], followUpMs: null };
}

function admit({ org, version }: PollOptions, { target, judgedAt }: MetadataUpdate, bytes: Uint8Array): AdmittedBundle {
  const document = unpackTarget(target, bytes);
  const admitted = admitBundle({ document, org, version, now: judgedAt });
  assertSaid(target.custom, 'org', admitted.org);
  assertSaid(target.custom, 'revision', admitted.revision);
  return admitted;
}

/** The age of the policy counts from what was signed, not from who repeated it (tuf, 8). */
function confirmation({ timestamp }: MetadataUpdate, now: number): SyncRecord {
  const { issuedAt } = timestamp;
  return { completedAt: now, confirmedAt: issuedAt, verifiedTime: issuedAt, cache: [], absences: [] };
}

function publicationOf({ file }: TrustedRoot, { files, target }: MetadataUpdate, bytes: Uint8Array): TufPublication {
  return { ...files, rootVersion: file.version, path: target.path, target: bytes };
}

function digestOf(sha256: string): string {
  return `sha256:${sha256}`;
}

import { findTarget, type Target } from '../tuf/delegation.ts';
import { MAX_METADATA_BYTES } from '../tuf/limits.ts';
import { followStored, nextRoot, type TrustedRoot } from '../tuf/root-chain.ts';
import type { SnapshotFile } from '../tuf/snapshot-file.ts';
import { assertTarget, unpackTarget } from '../tuf/target-content.ts';
import type { TargetsFile } from '../tuf/targets-file.ts';
import type { TimestampFile } from '../tuf/timestamp-file.ts';
import { acceptSnapshot, acceptTargets, acceptTimestamp, assertFresh } from '../tuf/trusted-set.ts';
import { TufError } from '../tuf/tuf-error.ts';
import { metadataPath, TIMESTAMP_PATH, targetPath } from './repository-directory.ts';

/** What says that there is no such file: a server, in a sentence of its own. */
export interface SaidAbsent {
  readonly said: string;
}

/** A file of a repository by its path below it; null = there is none. */
export type ReadPublished = (path: string, maxBytes: number) => Promise<Uint8Array | SaidAbsent | null>;

export interface Held {
  readonly timestamp: TimestampFile;
  readonly snapshot: SnapshotFile;
}

export interface VerificationOptions {
  readonly read: ReadPublished;
  /** The root that the client has from elsewhere. */
  readonly pinned: Uint8Array;
  readonly now: number;
  /** The targets to look for; null = every one that is listed. */
  readonly paths: readonly string[] | null;
  /** What a client holds that has followed so far; null = one that sees the repository for the first time. */
  readonly held: Held | null;
}

export interface VerifiedTarget {
  readonly target: Target;
  readonly document: Buffer;
}

export interface VerifiedRepository extends Held {
  readonly root: TrustedRoot;
  readonly roles: ReadonlyMap<string, TargetsFile>;
  readonly targets: readonly VerifiedTarget[];
}

/** How many roots one look follows (tuf, 5.3). */
const MOST_ROOTS = 64;

/** The way of a daemon, from the pinned root to the unpacked bundle, expiry included (tuf, 5). Throws a `TufError`. */
export async function verifyRepository(options: VerificationOptions): Promise<VerifiedRepository> {
  const { read, now, held } = options;
  const root = await newestRoot(options);
  assertFresh('root', root.file, now);
  const bytes = await required(read, 'timestamp', TIMESTAMP_PATH, MAX_METADATA_BYTES.timestamp);
  const trust = {
    root: root.file,
    held: held?.timestamp ?? null,
    highestIssuedAt: held?.timestamp.issuedAt ?? null,
    now,
  };
  const accepted = acceptTimestamp(bytes, trust);
  const timestamp = accepted ?? trust.held;
  if (timestamp === null) throw new TufError('absent', 'timestamp', 'is not there');
  assertFresh('timestamp', timestamp, now);
  const { snapshot: listed } = timestamp;
  const snapshot = acceptSnapshot(await listedFile(read, 'snapshot', listed), {
    root: root.file,
    listed,
    held: held?.snapshot ?? null,
  });
  assertFresh('snapshot', snapshot, now);
  const { roles, load } = roleLoader(options, root, snapshot);
  const top = await load('targets', root.file);
  const paths = options.paths ?? (await listedPaths(top, snapshot, load));
  const targets: VerifiedTarget[] = [];
  for (const path of paths) targets.push(await fetchTarget(read, top, path, load));
  return { root, timestamp, snapshot, roles, targets };
}

async function newestRoot({ read, pinned }: VerificationOptions): Promise<TrustedRoot> {
  let { root } = followStored(pinned, () => null);
  for (let step = 0; step < MOST_ROOTS; step += 1) {
    const bytes = await read(metadataPath('root', root.file.version + 1), MAX_METADATA_BYTES.root);
    if (!(bytes instanceof Uint8Array)) return root;
    root = nextRoot(root, bytes);
  }
  return root;
}

type Load = (role: string, delegator: Parameters<typeof acceptTargets>[1]['delegator']) => Promise<TargetsFile>;

function roleLoader(
  { read, now }: VerificationOptions,
  { file: root }: TrustedRoot,
  snapshot: SnapshotFile,
): { readonly roles: ReadonlyMap<string, TargetsFile>; readonly load: Load } {
  const roles = new Map<string, TargetsFile>();
  const load: Load = async (role, delegator) => {
    const known = roles.get(role);
    if (known !== undefined) return known;
    const listed = snapshot.listed.get(role);
    if (listed === undefined) throw new TufError('absent', role, 'is not in the snapshot');
    const bytes = await listedFile(read, role, listed);
    const file = acceptTargets(bytes, { role, delegator, listed, revoked: root.revokedKeyIds });
    assertFresh(role, file, now);
    roles.set(role, file);
    return file;
  };
  return { roles, load };
}

/** Of `targets` and of every team that it delegates to. A team that has published nothing yet has no file. */
async function listedPaths(top: TargetsFile, snapshot: SnapshotFile, load: Load): Promise<readonly string[]> {
  const paths = Object.keys(top.model.signed.targets);
  for (const role of Object.keys(top.model.signed.delegations?.roles ?? {})) {
    if (!snapshot.listed.has(role)) continue;
    const file = await load(role, top);
    paths.push(...Object.keys(file.model.signed.targets));
  }
  return paths;
}

async function fetchTarget(read: ReadPublished, top: TargetsFile, path: string, load: Load): Promise<VerifiedTarget> {
  const walk = findTarget(top, path);
  let step = walk.next();
  while (step.done !== true) step = walk.next(await load(step.value.role, step.value.delegator));
  const target = step.value;
  const { length, sha256 } = target.listed;
  const bytes = await required(read, 'target', targetPath(path, sha256), length);
  assertTarget(target, bytes);
  return { target, document: unpackTarget(target, bytes) };
}

function listedFile(
  read: ReadPublished,
  role: string,
  { version, length }: { readonly version: number; readonly length: number },
): Promise<Uint8Array> {
  return required(read, role, metadataPath(role, version), length);
}

async function required(read: ReadPublished, role: string, path: string, maxBytes: number): Promise<Uint8Array> {
  const answer = await read(path, maxBytes);
  if (answer instanceof Uint8Array) return answer;
  const what = answer === null ? `there is no \`${path}\`` : answer.said;
  // what is listed was there when the timestamp was signed
  const next =
    path === TIMESTAMP_PATH
      ? 'is this where the repository is?'
      : 'the repository is incomplete, so copy all of it again';
  throw new TufError('absent', role, `${what}: ${next}`);
}

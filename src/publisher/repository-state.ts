import { followStored, type TrustedRoot } from '../tuf/root-chain.ts';
import type { RootFile } from '../tuf/root-file.ts';
import { assertPolicySignedBy } from '../tuf/signed-by.ts';
import type { SnapshotFile } from '../tuf/snapshot-file.ts';
import { readTargets, type TargetsFile } from '../tuf/targets-file.ts';
import type { TimestampFile } from '../tuf/timestamp-file.ts';
import { heldSnapshot, heldTimestamp } from '../tuf/trusted-set.ts';
import { PublisherError } from './publisher-error.ts';
import { type FoundVersion, metadataPath, type RepositoryDirectory, TIMESTAMP_PATH } from './repository-directory.ts';
import { contentOf, type TargetsContent } from './targets-content.ts';

/** A targets role's file that its keys have signed. */
export interface SignedRole {
  readonly file: TargetsFile;
  readonly bytes: Buffer;
  readonly content: TargetsContent;
}

/** A file that its keys have signed and that cannot be published; the one before it goes on. */
export interface LeftLying {
  readonly role: string;
  readonly version: number;
  readonly why: string;
}

export function leftMessage({ role, version, why }: LeftLying): string {
  return `version ${version} of \`${role}\` is not published: ${why}`;
}

/** What lies in a repository, so far as its own newest root vouches for it. */
export interface RepositoryState {
  readonly root: TrustedRoot;
  readonly rootBytes: Buffer;
  readonly timestamp: TimestampFile | null;
  readonly snapshot: SnapshotFile | null;
  /** By role, the newest file that its keys have signed; a snapshot may not list it yet. */
  readonly newest: ReadonlyMap<string, SignedRole>;
  /** Newer ones that another program made. */
  readonly foreign: readonly LeftLying[];
  /** The same as the snapshot lists it. */
  readonly listed: ReadonlyMap<string, SignedRole>;
  /** By role, the highest version that a file has, signed or not: numbers are never used twice. */
  readonly highest: ReadonlyMap<string, number>;
}

/**
 * Null where there is no root yet. `roots` are those that a publication has to satisfy: the newest one, or while another
 * is about to be published that one, alone or beside it. Timestamp and snapshot are judged by the first.
 */
export function readState(directory: RepositoryDirectory, roots?: readonly TrustedRoot[]): RepositoryState | null {
  const versions = directory.versions();
  const highest = new Map<string, number>();
  for (const { role, version } of versions) highest.set(role, Math.max(version, highest.get(role) ?? 0));
  const found = newestRoot(directory, versions);
  if (found === null) return null;
  const root = roots?.[0] ?? found.root;
  const timestamp = heldTimestamp(root.file, directory.read(TIMESTAMP_PATH));
  const snapshot =
    timestamp === null
      ? null
      : heldSnapshot(root.file, directory.read(metadataPath('snapshot', timestamp.snapshot.version)));
  const foreign: LeftLying[] = [];
  const reading = { directory, versions, roots: (roots ?? [root]).map(({ file }) => file), foreign };
  return {
    root,
    rootBytes: found.bytes,
    timestamp,
    snapshot,
    newest: rolesOf(reading, () => null),
    foreign,
    listed: snapshot === null ? new Map() : rolesOf(reading, (role) => snapshot.listed.get(role)?.version ?? 0),
    highest,
  };
}

function newestRoot(
  directory: RepositoryDirectory,
  versions: readonly FoundVersion[],
): { root: TrustedRoot; bytes: Buffer } | null {
  const roots = versions.filter(({ role }) => role === 'root').map(({ version }) => version);
  if (roots.length === 0) return null;
  const first = Math.min(...roots);
  const { root, broken } = followStored(read(directory, first), (version) =>
    directory.read(metadataPath('root', version)),
  );
  if (broken === null) return { root, bytes: read(directory, root.file.version) };
  const message = `${metadataPath('root', root.file.version + 1)} does not follow the root before it (${broken.message}): take it away`;
  throw new PublisherError('repository_unusable', message);
}

function read(directory: RepositoryDirectory, version: number): Buffer {
  const bytes = directory.read(metadataPath('root', version));
  if (bytes === null) throw new PublisherError('repository_unusable', `${metadataPath('root', version)} is gone`);
  return bytes;
}

interface Reading {
  readonly directory: RepositoryDirectory;
  readonly versions: readonly FoundVersion[];
  readonly roots: readonly RootFile[];
  /** Filled while the newest files are looked for. */
  readonly foreign: LeftLying[];
}

/** `targets` and the teams that it delegates to. `wanted` says which version, or null for the newest one. */
function rolesOf(reading: Reading, wanted: (role: string) => number | null): ReadonlyMap<string, SignedRole> {
  const roles = new Map<string, SignedRole>();
  const targets = newestSigned(reading, 'targets', wanted('targets'), (file, root) => {
    assertPolicySignedBy(root, file, root.revokedKeyIds);
  });
  if (targets === null) return roles;
  roles.set('targets', targets);
  for (const { name } of targets.content.teams) {
    const role = newestSigned(reading, name, wanted(name), (file, root) => {
      assertPolicySignedBy(targets.file, file, root.revokedKeyIds);
    });
    if (role !== null) roles.set(name, role);
  }
  return roles;
}

type Check = (file: TargetsFile, root: RootFile) => void;

function newestSigned(
  { directory, versions, roots, foreign }: Reading,
  role: string,
  wanted: number | null,
  check: Check,
): SignedRole | null {
  const candidates = versions
    .filter((found) => found.role === role && (wanted === null || found.version === wanted))
    .sort((a, b) => b.version - a.version);
  for (const { path, version } of candidates) {
    const bytes = directory.read(path);
    const file =
      bytes === null ? null : signedOrNull(bytes, role, (file) => roots.forEach((root) => check(file, root)));
    if (bytes === null || file?.version !== version) continue;
    try {
      return { file, bytes, content: contentOf(file) };
    } catch (error) {
      // of what machines are led to nothing may be lost; what only lies there must not end freshness
      if (wanted !== null || !(error instanceof PublisherError)) throw error;
      foreign.push({ role, version, why: error.message });
    }
  }
  return null;
}

/** What nobody signed, or only keys that count for nothing any more, is as good as not there. */
function signedOrNull(bytes: Buffer, role: string, check: (file: TargetsFile) => void): TargetsFile | null {
  try {
    const file = readTargets(bytes, role);
    check(file);
    return file;
  } catch {
    return null;
  }
}

/** The version that a new file of the role gets. */
export function nextVersion(state: Pick<RepositoryState, 'highest'>, role: string): number {
  return (state.highest.get(role) ?? 0) + 1;
}

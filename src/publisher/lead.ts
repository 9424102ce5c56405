import type { TrustedRoot } from '../tuf/root-chain.ts';
import { heldSnapshot, heldTimestamp } from '../tuf/trusted-set.ts';
import type { OnlineFiles } from './online.ts';
import { metadataPath, type RepositoryDirectory, TIMESTAMP_PATH } from './repository-directory.ts';
import type { RepositoryState } from './repository-state.ts';
import { type RootTransition, rootsOf } from './root-transition.ts';
import { type Held, verifyRepository } from './verify-repository.ts';

export interface LastStep {
  readonly directory: RepositoryDirectory;
  /** As it was before this publication. */
  readonly before: RepositoryState;
  readonly transition: RootTransition;
  readonly files: OnlineFiles;
  /** The bundles that everybody has to find. */
  readonly paths: readonly string[];
  readonly now: number;
}

/**
 * The step that leads machines to everything that lies there already. First it is looked at as a daemon would: one that
 * has followed so far, under each root that it may hold meanwhile. Throws a `TufError`, and nothing was published.
 */
export async function lead(step: LastStep): Promise<readonly string[]> {
  const { directory, before, transition, files } = step;
  if (files.snapshot !== null) directory.write(files.snapshot.path, files.snapshot.bytes);
  for (const root of rootsOf(before, transition)) await verifyUnder(step, root);
  const written = files.snapshot === null ? [] : [files.snapshot.path];
  if (transition.kind !== 'together') written.push(...placeRoot(directory, transition));
  directory.write(TIMESTAMP_PATH, files.timestamp, modificationTime(step));
  return [...written, TIMESTAMP_PATH, ...(transition.kind === 'together' ? placeRoot(directory, transition) : [])];
}

function placeRoot(directory: RepositoryDirectory, transition: RootTransition): readonly string[] {
  if (transition.kind === 'none') return [];
  const path = metadataPath('root', transition.next.root.file.version);
  directory.write(path, transition.next.bytes);
  return [path];
}

async function verifyUnder(
  { directory, before, transition, files, paths, now }: LastStep,
  root: TrustedRoot,
): Promise<void> {
  const overlay = new Map<string, Uint8Array>([[TIMESTAMP_PATH, files.timestamp]]);
  if (transition.kind !== 'none' && transition.next.root === root) {
    overlay.set(metadataPath('root', root.file.version), transition.next.bytes);
  }
  await verifyRepository({
    read: (path) => Promise.resolve(overlay.get(path) ?? directory.read(path)),
    pinned: before.rootBytes,
    now,
    paths,
    held: heldUnder(directory, root),
  });
}

/** What a machine holds that has followed until now; what the root does not vouch for it would drop. */
function heldUnder(directory: RepositoryDirectory, { file: root }: TrustedRoot): Held | null {
  const timestamp = heldTimestamp(root, directory.read(TIMESTAMP_PATH));
  if (timestamp === null) return null;
  const snapshot = heldSnapshot(root, directory.read(metadataPath('snapshot', timestamp.snapshot.version)));
  return snapshot === null ? null : { timestamp, snapshot };
}

/**
 * Whole seconds, each time a later one: web servers make the ETag of a file from these and its length, and a second
 * timestamp of the same length within a second would be answered with "not modified" (tuf, trap 2).
 */
function modificationTime({ directory, now }: LastStep): number {
  const last = directory.modifiedAt(TIMESTAMP_PATH) ?? 0;
  return Math.max(Math.floor(now / 1_000), Math.floor(last / 1_000) + 1) * 1_000;
}

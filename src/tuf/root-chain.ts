import { type RootFile, readRoot } from './root-file.ts';
import { assertSignedBy } from './signed-by.ts';
import { TufError } from './tuf-error.ts';

/** A root that the pinned one leads to. */
export interface TrustedRoot {
  readonly file: RootFile;
  /**
   * The lowest version since which the same keys sign policy (tuf, 8). Revisions are compared within an epoch, so that
   * new keys heal a stolen one that has signed the highest revision there is.
   */
  readonly epoch: number;
}

/** Root files by version, as they are stored; null = there is none. */
export type StoredRoots = (version: number) => Uint8Array | null;

export interface RootChain {
  readonly root: TrustedRoot;
  readonly pinnedVersion: number;
  /** A stored root that did not follow: the chain ends before it, and it is fetched again. */
  readonly broken: TufError | null;
}

/**
 * From the pinned root through every stored one, each verified by the one before it (tuf, 5.2). No expiry: that matters
 * for the last one only, and only for going on. Throws if the pinned root itself is none.
 */
export function followStored(pinned: Uint8Array, stored: StoredRoots, upTo?: number): RootChain {
  const root = trustPinned(pinned, stored);
  return { pinnedVersion: root.file.version, ...followOn(root, stored, upTo) };
}

/** The same from a root that is trusted already. */
export function followOn(
  trusted: TrustedRoot,
  stored: StoredRoots,
  upTo = Number.MAX_SAFE_INTEGER,
): Omit<RootChain, 'pinnedVersion'> {
  let root = trusted;
  while (root.file.version < upTo) {
    const bytes = stored(root.file.version + 1);
    if (bytes === null) break;
    try {
      root = nextRoot(root, bytes);
    } catch (error) {
      if (error instanceof TufError) return { root, broken: error };
      throw error;
    }
  }
  return { root, broken: null };
}

/** Version exactly one more, signed by the old root and by itself (TUF 5.3.4, 5.3.5). */
export function nextRoot({ file: held, epoch }: TrustedRoot, bytes: Uint8Array): TrustedRoot {
  const file = readRoot(bytes);
  assertSignedBy(held, 'root', file);
  if (file.version !== held.version + 1) {
    throw new TufError('rollback', 'root', `is version ${file.version} where ${held.version + 1} belongs`);
  }
  assertSignedBy(file, 'root', file);
  return { file, epoch: haveSameTargetsKeys(file, held) ? epoch : file.version };
}

function trustPinned(bytes: Uint8Array, stored: StoredRoots): TrustedRoot {
  const file = readRoot(bytes);
  assertSignedBy(file, 'root', file);
  return { file, epoch: epochOfPinned(file, stored) };
}

/**
 * Whoever pins a newer root has not changed any key by that: the roots before it are still stored. Nothing vouches for
 * them here, but they can only lower the epoch, by which less is accepted.
 */
function epochOfPinned(pinned: RootFile, stored: StoredRoots): number {
  let epoch = pinned.version;
  for (let bytes = stored(epoch - 1); bytes !== null; bytes = stored(epoch - 1)) {
    const older = readOrNull(bytes);
    if (older?.version !== epoch - 1 || !haveSameTargetsKeys(older, pinned)) break;
    epoch = older.version;
  }
  return epoch;
}

function readOrNull(bytes: Uint8Array): RootFile | null {
  try {
    return readRoot(bytes);
  } catch {
    return null;
  }
}

function haveSameTargetsKeys(one: RootFile, other: RootFile): boolean {
  return one.targetsKeyIds.join() === other.targetsKeyIds.join();
}

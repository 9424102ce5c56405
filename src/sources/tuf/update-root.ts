import { messageOf } from '../../base/coded-error.ts';
import type { TufStore } from '../../store/tuf-store.ts';
import { followStored, nextRoot, type RootChain } from '../../tuf/root-chain.ts';
import { TufError } from '../../tuf/tuf-error.ts';
import type { Repository } from './repository.ts';

/** A sleeper may have missed many, and a repository without end must not hold a poll. */
const MAX_ROOTS_A_POLL = 64;

export interface RootUpdateOptions {
  readonly store: TufStore;
  readonly repository: Repository;
  readonly pinnedRoot: Uint8Array;
  /** The highest version that was ever trusted, as far as is known outside the database; null = none. */
  readonly floor: number | null;
}

/**
 * TUF 5.3: from the pinned root through the stored ones to the newest that the repository has. Each new one is stored at
 * once, so that breaking everything behind it does not undo a rotation.
 */
export async function updateRoot({ store, repository, pinnedRoot, floor }: RootUpdateOptions): Promise<RootChain> {
  const {
    root: trusted,
    pinnedVersion,
    broken,
  } = inStore('root', () => followStored(pinnedRoot, (version) => store.root(version)));
  keepPinned(store, pinnedVersion, pinnedRoot);
  let root = trusted;
  for (let asked = 0; asked < MAX_ROOTS_A_POLL; asked += 1) {
    const version = root.file.version + 1;
    const bytes = await repository.root(version);
    if (bytes === null) break;
    root = nextRoot(root, bytes);
    inStore('root', () => store.putRoot(version, bytes));
  }
  if (floor !== null && root.file.version < floor) {
    const what = `is version ${root.file.version}, and ${floor} was trusted before: the repository keeps roots back`;
    throw new TufError('rollback', 'root', what);
  }
  return { root, pinnedVersion, broken };
}

/** So that pinning a newer one later begins no epoch. */
function keepPinned(store: TufStore, version: number, pinnedRoot: Uint8Array): void {
  inStore('root', () => {
    const stored = store.root(version);
    if (stored === null || Buffer.compare(stored, pinnedRoot) !== 0) store.putRoot(version, pinnedRoot);
  });
}

/** This machine's own trouble is told apart from the repository's. */
export function inStore<T>(role: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TufError) throw error;
    throw new TufError('store', role, `the database failed: ${messageOf(error)}`, { cause: error });
  }
}

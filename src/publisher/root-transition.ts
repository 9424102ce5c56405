import { nextRoot, type TrustedRoot } from '../tuf/root-chain.ts';
import { assertPolicySignedBy, assertSignedBy } from '../tuf/signed-by.ts';
import { assertFresh } from '../tuf/trusted-set.ts';
import { TufError } from '../tuf/tuf-error.ts';
import { PublisherError } from './publisher-error.ts';
import type { RepositoryState } from './repository-state.ts';
import { type SigningKey, signersOf, suffices } from './signers.ts';

/** A root that is new in the repository. */
export interface NextRoot {
  readonly root: TrustedRoot;
  readonly bytes: Uint8Array;
}

/** How a publication deals with the root. */
export type RootTransition =
  | { readonly kind: 'none' }
  /** What is published stays good under it: it needs nothing else. */
  | { readonly kind: 'alone'; readonly next: NextRoot }
  /** Signed by the old keys and the new ones, and the root after it: no poll fails on the way (tuf, 9). */
  | { readonly kind: 'together'; readonly next: NextRoot }
  /** Without the old keys: polls that fall between two writes fail, and heal. */
  | { readonly kind: 'root_first'; readonly next: NextRoot };

export function rootTransition(
  state: RepositoryState,
  { root: given, keys, now }: { root?: Uint8Array | undefined; keys: readonly SigningKey[]; now: number },
): RootTransition {
  if (given === undefined || Buffer.compare(given, state.rootBytes) === 0) return { kind: 'none' };
  const next = { root: follower(state.root, given), bytes: given };
  // nothing would be believed under it
  assertFresh('root', next.root.file, now);
  if (staysGood(state, next.root)) return { kind: 'alone', next };
  const both = [state.root, next.root].every(({ file }) =>
    (['timestamp', 'snapshot', 'targets'] as const).every((role) => suffices(signersOf(file, role), keys)),
  );
  return { kind: both ? 'together' : 'root_first', next };
}

/** Whom everything that is signed now has to satisfy, the one that serves first. */
export function rootsOf(state: RepositoryState, transition: RootTransition): readonly TrustedRoot[] {
  switch (transition.kind) {
    case 'none':
      return [state.root];
    case 'together':
      return [state.root, transition.next.root];
    case 'alone':
    case 'root_first':
      return [transition.next.root];
  }
}

function follower(current: TrustedRoot, given: Uint8Array): TrustedRoot {
  try {
    return nextRoot(current, given);
  } catch (error) {
    if (!(error instanceof TufError)) throw error;
    const message = `version ${current.file.version} of the root is published, and the one given does not follow it: ${error.message}`;
    throw new PublisherError('root_refused', message, { cause: error });
  }
}

/** Whether what is published, if anything is, would still be believed under the next root. */
function staysGood({ timestamp, snapshot, listed }: RepositoryState, { file: root }: TrustedRoot): boolean {
  const targets = listed.get('targets')?.file;
  if (timestamp === null || snapshot === null || targets === undefined) return timestamp === null;
  try {
    assertSignedBy(root, 'timestamp', timestamp);
    assertSignedBy(root, 'snapshot', snapshot);
    assertPolicySignedBy(root, targets, root.revokedKeyIds);
    return true;
  } catch {
    return false;
  }
}

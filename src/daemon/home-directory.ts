import type { Clock } from '../base/clock.ts';
import { Homes } from '../host/homes.ts';
import type { SnapshotHolder } from '../pdp/snapshot-holder.ts';

/** What `~` means, kept in step with the snapshot: a home that was just found counts once it is compiled in. */
export interface HomeDirectory {
  /** The current snapshot knows this uid's home, or that it has none. */
  isSettled(uid: number): boolean;
  /** Resolves once `isSettled` is true, or nothing more can be found out for now. Never rejects. */
  settle(uid: number): Promise<void>;
  /** Its home counts no longer: whoever asks next finds it anew. */
  invalidate(uid: number): void;
}

export interface HomeDirectoryOptions {
  readonly clock: Clock;
  readonly holder: Pick<SnapshotHolder, 'current'>;
  /** Reads what belongs to a new home, and resolves once a policy with it serves; that home does not count if it rejects. */
  readonly add: (uid: number, home: string) => Promise<void>;
  /** There is no room for what was known of this uid. */
  readonly forget: (uid: number) => void;
  /** What `add` failed with. */
  readonly onError: (error: unknown) => void;
}

export function createHomeDirectory({ clock, holder, add, forget, onError }: HomeDirectoryOptions): HomeDirectory {
  const homes = new Homes({ clock, prepare: add, onForgotten: forget });
  return {
    isSettled(uid) {
      const home = homes.cached(uid);
      if (home === undefined) return false;
      return home === null || holder.current()?.policy.host.homes.get(uid) === home;
    },
    invalidate: (uid) => homes.invalidate(uid),
    async settle(uid) {
      try {
        await homes.find(uid);
      } catch (error) {
        onError(error);
      }
    },
  };
}

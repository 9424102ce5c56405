import type { Clock } from '../base/clock.ts';
import { Homes } from '../host/homes.ts';
import type { SnapshotHolder } from '../pdp/snapshot-holder.ts';

/** What `~` means, kept in step with the snapshot: a home that was just found counts once it is compiled in. */
export interface HomeDirectory {
  known(): ReadonlyMap<number, string>;
  /** The current snapshot knows this uid's home, or that it has none. */
  isSettled(uid: number): boolean;
  /** Resolves once `isSettled` is true, or nothing more can be found out for now. Never rejects. */
  settle(uid: number): Promise<void>;
}

export interface HomeDirectoryOptions {
  readonly clock: Clock;
  readonly holder: SnapshotHolder;
  /** Compiles anew and swaps; never rejects. */
  readonly refresh: (cause: string) => Promise<unknown>;
  /** Reads what belongs to a new home, before that home counts. */
  readonly prepare: (uid: number, home: string) => Promise<void>;
  /** What `prepare` failed with. */
  readonly onError: (error: unknown) => void;
}

export function createHomeDirectory(options: HomeDirectoryOptions): HomeDirectory {
  const { clock, holder, refresh, prepare, onError } = options;
  let refreshing: Promise<unknown> = Promise.resolve();
  const homes = new Homes({
    clock,
    prepare,
    onFound: () => {
      // Before the first snapshot there is nothing to renew: it will be made with this home.
      if (holder.current() !== null) refreshing = refresh('homes');
    },
  });
  return {
    known: () => homes.known(),
    isSettled(uid) {
      const home = homes.cached(uid);
      if (home === undefined) return false;
      return home === null || holder.current()?.policy.host.homes.get(uid) === home;
    },
    async settle(uid) {
      try {
        await homes.find(uid);
        await refreshing;
      } catch (error) {
        onError(error);
      }
    },
  };
}

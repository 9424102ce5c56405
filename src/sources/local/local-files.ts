import type { Clock } from '../../base/clock.ts';
import type { LocalFileInput } from '../../policy/policy-set.ts';
import type { LastGoodStore } from './last-good.ts';
import type { LocalListing } from './local-layer.ts';
import { type LocalWatch, watchLocalFiles } from './watch.ts';

/** Below a home: where a user keeps rules for nobody but itself. */
const HOME_DIRECTORY = '.config/reeve/local.d';
/** Each home that is watched costs handles; beyond this, new ones are left out with a warning. */
const MAX_HOMES = 256;

export interface LocalFilesOptions {
  /** The directory whose rules count for everybody. */
  readonly directory: string;
  /** Uids whose files there may allow. */
  readonly trustedOwners: readonly number[];
  readonly store: LastGoodStore;
  readonly clock: Clock;
  /** Called after every change that a watcher saw; opening and adding tell by resolving. Must not throw. */
  readonly onChange: () => void;
}

/** All local override files of a machine as they are now. */
export interface LocalState {
  readonly inputs: readonly LocalFileInput[];
  readonly listing: readonly LocalListing[];
  readonly warnings: readonly string[];
}

export interface LocalFiles {
  current(): LocalState;
  /**
   * Watches a user's own directory too, whose rules count only for requests of that uid (delivery, "Local override
   * files"). Resolves once it has been read; to be called when a home becomes known. Rejects where it cannot be
   * watched: the rules in it may be denies, so that home must not count.
   */
  addHome(uid: number, home: string): Promise<void>;
  close(): Promise<void>;
}

/** Reads the directory for everybody; homes are added as their users appear. */
export async function openLocalFiles(options: LocalFilesOptions): Promise<LocalFiles> {
  const { directory, trustedOwners, store, clock, onChange } = options;
  const common = { store, clock, onChange };
  const machine = await watchLocalFiles({ ...common, directory, uid: null, home: null, trustedOwners });
  return new MachineFiles(machine, (uid, home) => {
    const own = { directory: `${home}/${HOME_DIRECTORY}`, uid, home, trustedOwners: [...new Set([0, uid])] };
    return watchLocalFiles({ ...common, ...own });
  });
}

class MachineFiles implements LocalFiles {
  readonly #machine: LocalWatch;
  readonly #watchHome: (uid: number, home: string) => Promise<LocalWatch>;
  readonly #homes = new Map<number, { readonly home: string; readonly watch: LocalWatch }>();
  /** One at a time for each user, so that none is watched twice; a home that hangs keeps no other user waiting. */
  readonly #adding = new Map<number, Promise<void>>();
  #full = false;
  #closed = false;

  constructor(machine: LocalWatch, watchHome: (uid: number, home: string) => Promise<LocalWatch>) {
    this.#machine = machine;
    this.#watchHome = watchHome;
  }

  current(): LocalState {
    const layers = [this.#machine, ...[...this.#homes.values()].map(({ watch }) => watch)].map((watch) =>
      watch.current(),
    );
    const warnings = layers.flatMap((layer) => layer.warnings);
    return {
      inputs: layers.flatMap((layer) => layer.inputs),
      listing: layers.flatMap((layer) => layer.listing),
      warnings: this.#full ? [...warnings, `only ${MAX_HOMES} homes are watched for local files`] : warnings,
    };
  }

  addHome(uid: number, home: string): Promise<void> {
    const added = (this.#adding.get(uid) ?? Promise.resolve()).then(() => this.#add(uid, home));
    const over = added.then(
      () => undefined,
      () => undefined,
    );
    this.#adding.set(uid, over);
    void over.then(() => {
      if (this.#adding.get(uid) === over) this.#adding.delete(uid);
    });
    return added;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#adding.values());
    await Promise.all(
      [this.#machine, ...[...this.#homes.values()].map(({ watch }) => watch)].map((watch) => watch.close()),
    );
  }

  async #add(uid: number, home: string): Promise<void> {
    const before = this.#homes.get(uid);
    if (this.#closed || before?.home === home) return;
    if (before === undefined && this.#homes.size >= MAX_HOMES) {
      this.#full = true;
      return;
    }
    const watch = await this.#watchHome(uid, home);
    this.#homes.set(uid, { home, watch });
    await before?.watch.close();
  }
}

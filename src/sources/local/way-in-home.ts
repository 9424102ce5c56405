import { readlink } from 'node:fs/promises';
import { type HomeStep, type StepOpener, stepOpener } from './home-step.ts';

/** Each is held open until the way is gone, and whoever makes links can make it long. */
const MAX_STEPS = 64;

export interface OwnDirectory {
  readonly home: string;
  /** Below the home. */
  readonly directory: string;
  /** Root and that user. */
  readonly trustedOwners: readonly number[];
}

export type WayIn =
  | {
      readonly kind: 'open';
      /** Where it is read: what was looked at. */
      readonly path: string;
      readonly real: string;
      /** Whether what was read there was what had been looked at. */
      holds(): Promise<boolean>;
      close(): Promise<void>;
    }
  /** That user leads where the daemon does not follow. */
  | { readonly kind: 'closed'; readonly message: string };

/**
 * The way to a user's own directory. The daemon may read what that user may not (`CAP_DAC_READ_SEARCH`), so it goes
 * itself, directory by directory, through those of root and of that user. A link counts only as the name of another
 * place in the home, as those who keep their settings in one place make them: nothing outside is even looked at.
 * Rejects with the error of a system call.
 */
export async function wayInHome(own: OwnDirectory, opener?: StepOpener): Promise<WayIn> {
  const walk = new HomeWalk(own, opener ?? (await stepOpener()));
  try {
    const way = await walk.go();
    if (way.kind === 'closed') await walk.close();
    return way;
  } catch (error) {
    await walk.close();
    throw error;
  }
}

class HomeWalk {
  readonly #own: OwnDirectory;
  readonly #opener: StepOpener;
  readonly #opened: HomeStep[] = [];
  /** Where it is, from the home down. */
  #way: HomeStep[] = [];
  /** The names that lie ahead. */
  #ahead: string[];
  #passed = 0;

  constructor(own: OwnDirectory, opener: StepOpener) {
    this.#own = own;
    this.#opener = opener;
    this.#ahead = own.directory.slice(own.home.length).split('/');
  }

  async go(): Promise<WayIn> {
    const home = await this.#step(this.#opener.home(this.#own.home));
    this.#way = [home];
    for (let name = this.#ahead.shift(); name !== undefined; name = this.#ahead.shift()) {
      const message = await this.#pass(home, name);
      if (message !== null) return { kind: 'closed', message };
    }
    // of a home in which nothing is, nobody asks whose it is
    const foreign = this.#foreign(home);
    return foreign === null ? this.#arrived(home) : { kind: 'closed', message: foreign };
  }

  async close(): Promise<void> {
    // a file system may refuse even that
    await Promise.all(this.#opened.splice(0).map((step) => step.close().catch(() => undefined)));
  }

  #arrived(home: HomeStep): WayIn {
    const way = this.#way;
    const { path, real } = way.at(-1) ?? home;
    const holds = async (): Promise<boolean> => (await Promise.all(way.map((step) => step.holds()))).every(Boolean);
    return { kind: 'open', path, real, holds, close: () => this.close() };
  }

  /** Null = one name further; else why not. What it says is read by everybody: no name that the user chose. */
  async #pass(home: HomeStep, name: string): Promise<string | null> {
    const here = this.#way.at(-1) ?? home;
    if (name === '' || name === '.') return null;
    this.#passed += 1;
    if (this.#passed > MAX_STEPS)
      return 'is not read: the links on the way to it go too far; put the directory itself there';
    if (name === '..') {
      this.#way.pop();
      return this.#way.length === 0 ? ASTRAY : null;
    }
    try {
      const step = await this.#step(this.#opener.below(here, name));
      this.#way.push(step);
      return this.#foreign(step);
    } catch (error) {
      const target = await targetOf(`${here.path}/${name}`);
      if (target === null) throw error;
      return this.#turn(home, target);
    }
  }

  /** Takes a link as the names that it stands for. */
  #turn(home: HomeStep, target: string): string | null {
    const names = target.split('/');
    if (target.startsWith('/')) {
      const top = [this.#own.home, home.real].find((path) => `${target}/`.startsWith(`${path}/`));
      if (top === undefined) return ASTRAY;
      names.splice(0, top.split('/').length);
      this.#way = [home];
    }
    this.#ahead.unshift(...names);
    return null;
  }

  #foreign({ stats }: HomeStep): string | null {
    if (this.#own.trustedOwners.includes(stats.uid)) return null;
    return `is not read: a directory on the way to it belongs to uid ${stats.uid}; it must belong to root or to that user`;
  }

  async #step(opening: Promise<HomeStep>): Promise<HomeStep> {
    const step = await opening;
    this.#opened.push(step);
    return step;
  }
}

const ASTRAY = 'is not read: a link on the way to it leads out of the home; put the directory itself there';

/** Where a link leads; null = it is none. */
async function targetOf(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch {
    return null;
  }
}

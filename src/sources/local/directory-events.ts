import { stat } from 'node:fs/promises';
import { watch as watchPaths } from 'chokidar';

/**
 * Tells of changes in one directory, also while it is missing. A watcher stays with the directory that it found:
 * of one that is made later, or made anew, it tells the making and nothing after it. So whoever scans says so, and a
 * directory that has become another one is watched afresh.
 */
export class DirectoryEvents {
  readonly #directory: string;
  readonly #onEvent: () => void;
  #watcher: { close(): Promise<void> } | null = null;
  /** Of the directory that is watched; null before the first look. */
  #identity: string | null = null;
  #closed = false;

  constructor(directory: string, onEvent: () => void) {
    this.#directory = directory;
    this.#onEvent = onEvent;
  }

  /**
   * Watches the directory that is there now, under another path where it is known by one, or nothing; to be called
   * before each scan, one call at a time. Never rejects.
   */
  async follow(directory: string | null = this.#directory): Promise<void> {
    const identity = directory === null ? 'nothing' : `${await identityOf(directory)} ${directory}`;
    if (this.#closed || identity === this.#identity) return;
    this.#identity = identity;
    const before = this.#watcher;
    this.#watcher = directory === null ? null : this.#start(directory);
    await before?.close();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watcher?.close();
  }

  #start(directory: string): { close(): Promise<void> } {
    // the directory alone: names are watched, content is hashed
    const watcher = watchPaths(directory, { depth: 0, followSymlinks: false, ignoreInitial: true });
    watcher.on('all', () => this.#onEvent());
    watcher.on('error', () => this.#onEvent());
    // what changed between the last scan and the watcher's start told nobody
    watcher.once('ready', () => this.#onEvent());
    return watcher;
  }
}

/** An inode number may come back with the next directory, the time of its birth does not. */
async function identityOf(directory: string): Promise<string | null> {
  try {
    const { dev, ino, birthtimeNs } = await stat(directory, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return null;
  }
}

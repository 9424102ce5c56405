import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { DirectoryEvents } from '../local/directory-events.ts';
import { Settle } from '../settle.ts';

const SETTLE_MS = 100;
const SETTLE_MAX_MS = 1_000;

export interface FileWatchOptions {
  readonly clock: Clock;
  readonly path: string;
  /** One run, or the one in progress. Never rejects. */
  readonly poll: () => Promise<{ readonly kind: string }>;
}

/** Asks for a run whenever something has happened beside the file; watching is what makes it early, not what makes it sure. */
export class FileWatch {
  readonly #poll: FileWatchOptions['poll'];
  readonly #settle: Settle;
  readonly #events: DirectoryEvents;
  #following: Promise<void>;
  /** How often a run was wanted, and up to where one has begun since. */
  #wanted = 0;
  #covered = 0;
  #polling = false;

  constructor({ clock, path, poll }: FileWatchOptions) {
    this.#poll = poll;
    this.#settle = new Settle({ clock, settleMs: SETTLE_MS, settleMaxMs: SETTLE_MAX_MS }, () => void this.#changed());
    this.#events = new DirectoryEvents(dirname(path), () => this.#settle.event());
    this.#following = this.#events.follow();
  }

  /** Called by each run before it reads: a directory that has become another one is watched afresh. */
  async beforeReading(): Promise<void> {
    this.#following = this.#following.then(() => this.#events.follow());
    await this.#following;
    this.#covered = this.#wanted;
  }

  async close(): Promise<void> {
    this.#settle.close();
    await this.#events.close();
    await this.#following;
  }

  async #changed(): Promise<void> {
    this.#wanted += 1;
    if (this.#polling) return;
    this.#polling = true;
    // a run in progress may have read the file before it changed: then there is another one behind it, until no run is had
    let ran = true;
    while (ran && this.#covered < this.#wanted) ran = (await this.#poll()).kind === 'ran';
    this.#polling = false;
  }
}

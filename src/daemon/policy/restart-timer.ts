import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';

/** Between a thread that died and the next one. */
const RESTART = { baseMs: 1_000, capMs: 60_000 };
/** A thread that lasted so long had nothing to do with the one before. */
const LASTING_MS = 300_000;

/** When something that died is to be started again: later each time, unless it lasted. */
export class RestartTimer {
  readonly #clock: Clock;
  /** Null: nothing has started since the last death. */
  #startedAt: number | null = null;
  #deaths = 0;
  #cancel = (): void => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
    this.#startedAt = this.#clock.now();
  }

  /** How long it will take, in milliseconds. */
  plan(restart: () => void): number {
    // one that never started has not lasted, however long ago the one before it did
    if (this.#startedAt !== null && this.#clock.now() - this.#startedAt > LASTING_MS) this.#deaths = 0;
    this.#startedAt = null;
    this.#deaths += 1;
    const waitMs = backoffMs(RESTART, this.#deaths, Math.random);
    this.#cancel = this.#clock.after(waitMs, restart);
    return waitMs;
  }

  cancel(): void {
    this.#cancel();
  }
}

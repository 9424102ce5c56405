import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';

/** Between a thread that died and the next one. */
const RESTART = { baseMs: 1_000, capMs: 60_000 };
/** A thread that lasted so long had nothing to do with the one before. */
const LASTING_MS = 300_000;

/** When something that died is to be started again: later each time, unless it lasted. */
export class RestartTimer {
  readonly #clock: Clock;
  #startedAt = 0;
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
    if (this.#clock.now() - this.#startedAt > LASTING_MS) this.#deaths = 0;
    this.#deaths += 1;
    const waitMs = backoffMs(RESTART, this.#deaths, Math.random);
    this.#cancel = this.#clock.after(waitMs, restart);
    return waitMs;
  }

  cancel(): void {
    this.#cancel();
  }
}

import type { Clock } from '../base/clock.ts';

export interface SettleOptions {
  readonly clock: Clock;
  /** Quiet time after the last event. */
  readonly settleMs: number;
  /** The longest that a stream of events can put the task off. */
  readonly settleMaxMs: number;
}

/** Debounce with a minimum (quiet) and a maximum (a file that never rests). */
export class Settle {
  readonly #options: SettleOptions;
  readonly #task: () => void;
  #firstEvent: number | null = null;
  #cancel: (() => void) | null = null;
  #closed = false;

  /** `task` must not throw. */
  constructor(options: SettleOptions, task: () => void) {
    this.#options = options;
    this.#task = task;
  }

  event(): void {
    if (this.#closed) return;
    const { clock, settleMs, settleMaxMs } = this.#options;
    const now = clock.now();
    this.#firstEvent ??= now;
    this.#cancel?.();
    const wait = Math.max(0, Math.min(settleMs, this.#firstEvent + settleMaxMs - now));
    this.#cancel = clock.after(wait, () => {
      this.#firstEvent = null;
      this.#cancel = null;
      this.#task();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }
}

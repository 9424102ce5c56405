import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';

/** Between two tries of the same page, and before a thread that broke down is replaced. */
const RETRY = { baseMs: 1_000, capMs: 30_000 };

/** What goes wrong with the log: told once, not at each try, and again when it works. */
export class LogTrouble {
  readonly #clock: Clock;
  readonly #tell: (message: string | null) => void;
  /** In a row. */
  #failures = 0;
  #last: { readonly message: string; readonly at: number } | null = null;

  constructor(clock: Clock, tell: (message: string | null) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get failing(): boolean {
    return this.#failures > 0;
  }

  get last(): { readonly message: string; readonly at: number } | null {
    return this.#last;
  }

  /** How long to leave the disk alone. */
  get pauseMs(): number {
    return backoffMs(RETRY, Math.max(1, this.#failures), Math.random);
  }

  failed(message: string): void {
    this.#failures += 1;
    this.#last = { message, at: this.#clock.now() };
    if (this.#failures === 1) this.#tell(message);
  }

  /** Something that is over already, and somebody should know. */
  happened(message: string): void {
    this.#last = { message, at: this.#clock.now() };
    this.#tell(message);
  }

  worked(): void {
    if (this.failing) this.#tell(null);
    this.#failures = 0;
  }

  /** Closing tries once more, whatever happened before. */
  forgive(): void {
    this.#failures = 0;
  }
}

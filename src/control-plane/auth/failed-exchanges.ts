import { FAILED_EXCHANGE_WINDOW_MS, MAX_FAILED_EXCHANGES, MAX_REMEMBERED_SOURCES } from '../limits.ts';

interface Failures {
  count: number;
  readonly until: number;
}

/**
 * Counts failed token exchanges per source in windows of a minute. Memory is bounded: beyond its limit the source
 * that started failing first is forgotten.
 */
export class FailedExchanges {
  readonly #sources = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  record(source: string): void {
    const known = this.#current(source);
    if (known !== null) {
      known.count += 1;
      return;
    }
    this.#sources.set(source, { count: 1, until: this.#now() + FAILED_EXCHANGE_WINDOW_MS });
    if (this.#sources.size <= MAX_REMEMBERED_SOURCES) return;
    for (const oldest of this.#sources.keys()) {
      this.#sources.delete(oldest);
      break;
    }
  }

  /** Seconds until the source may try again; 0 = now. */
  wait(source: string): number {
    const known = this.#current(source);
    if (known === null || known.count < MAX_FAILED_EXCHANGES) return 0;
    return Math.max(1, Math.ceil((known.until - this.#now()) / 1_000));
  }

  #current(source: string): Failures | null {
    const known = this.#sources.get(source);
    if (known === undefined) return null;
    const left = known.until - this.#now();
    // more than a whole window left: the clock was set back, and nobody is to wait for it to catch up
    if (left > 0 && left <= FAILED_EXCHANGE_WINDOW_MS) return known;
    this.#sources.delete(source);
    return null;
  }
}

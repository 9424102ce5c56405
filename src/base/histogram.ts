/**
 * How often something took how long: counts by upper bound, as Prometheus has them. Everything is allocated here; adding
 * to it allocates nothing, so that it may stand on the way of a decision.
 */
export class Histogram {
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[];
  /** By bound, and one for what is above the last. */
  readonly #counts: Float64Array;
  readonly #sum = new Float64Array(1);

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** `seconds` was seen `times` times. */
  observe(seconds: number, times = 1): void {
    const { bounds } = this;
    let place = 0;
    while (place < bounds.length && seconds > (bounds[place] ?? 0)) place += 1;
    this.#counts[place] = (this.#counts[place] ?? 0) + times;
    this.#sum[0] = (this.#sum[0] ?? 0) + seconds * times;
  }

  /** How many were at most each bound; the last is all of them. */
  cumulative(): readonly number[] {
    let total = 0;
    return [...this.#counts].map((count) => (total += count));
  }

  /** Seconds. */
  get sum(): number {
    return this.#sum[0] ?? 0;
  }
}

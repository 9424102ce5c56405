/** Lets a bounded number of tasks run at once and a bounded number wait, first come first served. */
export class Turnstile {
  readonly #running: number;
  readonly #waiting: number;
  readonly #queue: (() => void)[] = [];
  #active = 0;

  constructor(limits: { running: number; waiting: number }) {
    this.#running = limits.running;
    this.#waiting = limits.waiting;
  }

  /** Null if too many are waiting already; the task is then never begun. */
  async pass<Value>(task: () => Promise<Value>): Promise<Value | null> {
    if (this.#active >= this.#running) {
      if (this.#queue.length >= this.#waiting) return null;
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#active += 1;
    }
    try {
      return await task();
    } finally {
      // whoever waits takes over this place, so that a newcomer cannot slip in between
      const next = this.#queue.shift();
      if (next === undefined) this.#active -= 1;
      else next();
    }
  }
}

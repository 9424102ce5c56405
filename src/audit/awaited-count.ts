interface Waiting {
  readonly count: number;
  readonly settle: (arrived: boolean) => void;
}

/** How many things are on their way and how many have arrived, for whoever waits for those before it. */
export class AwaitedCount {
  #expected = 0;
  #arrived = 0;
  #waiting: readonly Waiting[] = [];

  expect(): void {
    this.#expected += 1;
  }

  arrived(count: number): void {
    this.#arrived += count;
    const there = (one: Waiting): boolean => one.count <= this.#arrived;
    for (const one of this.#waiting.filter(there)) one.settle(true);
    this.#waiting = this.#waiting.filter((one) => !there(one));
  }

  /** So many will never arrive: whoever waits now hears that, and nobody later waits for them. */
  lost(count: number): void {
    if (count === 0) return;
    for (const { settle } of this.#waiting) settle(false);
    this.#waiting = [];
    this.#arrived += count;
  }

  /** Whether everything expected so far has arrived, at the latest after `ms`. */
  within(ms: number): Promise<boolean> {
    const count = this.#expected;
    if (count <= this.#arrived) return Promise.resolve(true);
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), ms);
      const settle = (arrived: boolean): void => {
        clearTimeout(late);
        resolve(arrived);
      };
      this.#waiting = [...this.#waiting, { count, settle }];
    });
  }
}

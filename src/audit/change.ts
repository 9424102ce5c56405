/** Something that is waited for, in bounded time. */
export class Change {
  readonly #wakes = new Set<() => void>();

  happened(): void {
    for (const wake of this.#wakes) wake();
  }

  /** Resolves with the next change; false at `end`, of `performance.now()`. The timer keeps the process until then. */
  within(end: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (changed: boolean): void => {
        clearTimeout(late);
        this.#wakes.delete(wake);
        resolve(changed);
      };
      const wake = (): void => settle(true);
      const late = setTimeout(() => settle(false), Math.max(0, end - performance.now()));
      this.#wakes.add(wake);
    });
  }
}

/** Something that one place waits for, in bounded time. */
export class Change {
  #wake: () => void = () => undefined;

  happened(): void {
    this.#wake();
  }

  /** Resolves with the next change; false at `end`, of `performance.now()`. The timer keeps the process until then. */
  within(end: number): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), Math.max(0, end - performance.now()));
      this.#wake = () => {
        clearTimeout(late);
        resolve(true);
      };
    });
  }
}

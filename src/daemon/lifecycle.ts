/** Something with a lifetime; `close` is idempotent. */
export interface Part {
  close(): Promise<void> | void;
}

/** Parts that have been started, in order; closing goes the other way round. */
export class Parts {
  readonly #started: { readonly name: string; readonly part: Part }[] = [];
  #closing: Promise<readonly PartFailure[]> | null = null;

  /** Starts one part. If it throws, everything that has started before is closed, and the error goes on. */
  async start<T extends Part>(name: string, start: () => T | Promise<T>): Promise<T> {
    try {
      const part = await start();
      this.#started.push({ name, part });
      return part;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Closes all in reverse order; one that fails does not keep the others open. Idempotent. */
  close(): Promise<readonly PartFailure[]> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<readonly PartFailure[]> {
    const failures: PartFailure[] = [];
    for (let last = this.#started.pop(); last !== undefined; last = this.#started.pop()) {
      try {
        await last.part.close();
      } catch (error) {
        failures.push({ name: last.name, error });
      }
    }
    return failures;
  }
}

export interface PartFailure {
  readonly name: string;
  readonly error: unknown;
}

import { write } from 'node:fs';

/** The bound of what waits in memory; lines beyond it are dropped. */
const MAX_QUEUED_BYTES = 1_048_576;
/** A pipe that is full is tried again. */
const RETRY_MS = 50;

/**
 * Lines on their way to a descriptor, written one chunk at a time off the caller's path. What cannot be written is
 * dropped: a full disk or a reader that went away must hold up neither decisions nor the end of the process.
 */
export class LogDestination {
  readonly #fd: number;
  #lines: string[] = [];
  #queuedBytes = 0;
  #writing = false;
  #flushing: (() => void)[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + bytes > MAX_QUEUED_BYTES) return;
    this.#lines.push(line);
    this.#queuedBytes += bytes;
    if (!this.#writing) this.#writeNext();
  }

  /** Calls back once everything written so far is out, or was dropped. */
  flush(done: () => void): void {
    if (this.#writing) this.#flushing.push(done);
    else done();
  }

  #writeNext(): void {
    const chunk = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#queuedBytes = 0;
    this.#writing = chunk.length > 0;
    if (this.#writing) this.#writeOut(chunk);
    else for (const done of this.#flushing.splice(0)) done();
  }

  #writeOut(chunk: Buffer): void {
    write(this.#fd, chunk, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.#writeOut(chunk), RETRY_MS).unref();
      else if (error === null && written < chunk.length) this.#writeOut(chunk.subarray(written));
      else this.#writeNext();
    });
  }
}

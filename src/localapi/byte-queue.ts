const EMPTY = Buffer.alloc(0);

/**
 * The bytes of one connection that came in and have not been used. Consumed bytes are never overwritten, so what
 * `take` gave stays what it was; whoever keeps it keeps the whole chunk alive.
 */
export class ByteQueue {
  #buffer: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Up to here (absolute) there is no newline: a line that drips in is looked through once. */
  #scanned = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#adopt(chunk, chunk.length);
      return;
    }
    if (this.#buffer.length - this.#end < chunk.length) this.#grow(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** The byte at `index`, which must be below `length`. */
  at(index: number): number {
    return this.#buffer[this.#start + index] ?? 0;
  }

  /** How many bytes stand before the first newline, or -1. */
  indexOfNewline(): number {
    const found = this.#buffer.indexOf(0x0a, this.#scanned);
    if (found === -1 || found >= this.#end) {
      this.#scanned = this.#end;
      return -1;
    }
    this.#scanned = found;
    return found - this.#start;
  }

  /** The whole lines among the first `limit` bytes, newlines included and without a copy; empty if there is none. */
  wholeLines(limit: number): Buffer {
    const last = Math.min(this.#start + limit, this.#end) - 1;
    const newline = last < this.#start ? -1 : this.#buffer.lastIndexOf(0x0a, last);
    return newline < this.#start ? EMPTY : this.#buffer.subarray(this.#start, newline + 1);
  }

  /** The first `count` bytes, without a copy. */
  take(count: number): Buffer {
    const taken = this.#buffer.subarray(this.#start, this.#start + count);
    this.skip(count);
    return taken;
  }

  skip(count: number): void {
    this.#start += count;
    if (this.#start >= this.#end) this.clear();
    else if (this.#scanned < this.#start) this.#scanned = this.#start;
  }

  clear(): void {
    this.#adopt(EMPTY, 0);
  }

  #adopt(buffer: Buffer, end: number): void {
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = end;
    this.#scanned = 0;
  }

  /** Doubles where many small chunks make a long line, so that copying stays linear. */
  #grow(extra: number): void {
    const held = this.length;
    const next = Buffer.allocUnsafe(extra > held ? held + extra : 2 * (held + extra));
    this.#buffer.copy(next, 0, this.#start, this.#end);
    this.#scanned -= this.#start;
    this.#buffer = next;
    this.#start = 0;
    this.#end = held;
  }
}

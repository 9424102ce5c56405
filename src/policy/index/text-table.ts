/** Texts by number, as one run of UTF-8 with offsets. Only what an answer shows is ever decoded. */
export interface TextTable {
  /** Where each text begins in `bytes`, and at last where the last one ends. */
  readonly starts: Uint32Array;
  readonly bytes: Uint8Array;
}

// a byte order mark is a character of a name like any other
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function textAt({ starts, bytes }: TextTable, number: number): string {
  return textIn(bytes, starts[number] ?? 0, starts[number + 1] ?? 0);
}

export function textIn(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** Appends texts; each gets the next number. */
export class TextTableBuilder {
  #starts = new Uint32Array(64);
  #bytes = Buffer.allocUnsafeSlow(1_024);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  add(text: string): number {
    const number = this.#count;
    const start = this.#starts[number] ?? 0;
    // a code unit takes three bytes at most
    if (this.#bytes.length - start < 3 * text.length) this.#growBytes(3 * text.length);
    if (number + 1 === this.#starts.length) this.#growStarts();
    this.#starts[number + 1] = start + this.#bytes.write(text, start);
    this.#count += 1;
    return number;
  }

  build(): TextTable {
    const starts = this.#starts.slice(0, this.#count + 1);
    return { starts, bytes: new Uint8Array(this.#bytes.subarray(0, starts[this.#count] ?? 0)) };
  }

  #growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(2 * this.#bytes.length + needed);
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }

  #growStarts(): void {
    const grown = new Uint32Array(2 * this.#starts.length);
    grown.set(this.#starts);
    this.#starts = grown;
  }
}

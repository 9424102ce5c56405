/** Lists of numbers, one behind the other: those of key `k` are `values[starts[k]]` up to `values[starts[k + 1]]`. */
export interface Postings {
  readonly starts: Uint32Array;
  readonly values: Uint32Array;
}

/** Collects pairs and sorts them by key; within a key they stay in the order in which they came. */
export class PostingsBuilder {
  readonly #keys: number[] = [];
  readonly #values: number[] = [];

  add(key: number, value: number): void {
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** `count`: keys run from 0 to below it. */
  build(count: number): Postings {
    const starts = new Uint32Array(count + 1);
    for (const key of this.#keys) starts[key + 1] = (starts[key + 1] ?? 0) + 1;
    for (let key = 0; key < count; key += 1) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
    const next = starts.slice(0, count);
    const values = new Uint32Array(this.#values.length);
    for (const [index, key] of this.#keys.entries()) {
      const place = next[key] ?? 0;
      values[place] = this.#values[index] ?? 0;
      next[key] = place + 1;
    }
    return { starts, values };
  }
}

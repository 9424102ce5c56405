import { Column } from './column.ts';

/** Lists of numbers, one behind the other: those of key `k` are `values[starts[k]]` up to `values[starts[k + 1]]`. */
export interface Postings {
  readonly starts: Uint32Array;
  readonly values: Uint32Array;
}

/** Collects pairs and sorts them by key; within a key they stay in the order in which they came. */
export class PostingsBuilder {
  readonly #keys = new Column();
  readonly #values = new Column();

  add(key: number, value: number): void {
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** `count`: keys run from 0 to below it. `renamed`: another number for each key. */
  build(count: number, renamed?: Uint32Array): Postings {
    const keys = this.#keys.build();
    if (renamed !== undefined) for (const [index, key] of keys.entries()) keys[index] = renamed[key] ?? 0;
    const starts = startsOf(keys, count);
    const next = starts.slice(0, count);
    const values = new Uint32Array(keys.length);
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] ?? 0;
      const place = next[key] ?? 0;
      values[place] = this.#values.at(index);
      next[key] = place + 1;
    }
    return { starts, values };
  }
}

/** Where the list of each key begins, and at last where the last one ends. */
function startsOf(keys: Uint32Array, count: number): Uint32Array {
  const starts = new Uint32Array(count + 1);
  for (const key of keys) starts[key + 1] = (starts[key + 1] ?? 0) + 1;
  for (let key = 0; key < count; key += 1) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
  return starts;
}

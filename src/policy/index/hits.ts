/**
 * What one look into the indexes found: positions in the layer's target table, in no order, some perhaps twice. Kept and
 * filled anew for each look, so that a decision allocates nothing for it.
 */
export class Hits {
  #targets = new Uint32Array(64);
  #count = 0;
  #exhausted = false;

  get count(): number {
    return this.#count;
  }

  /** The look was given up because it took too many steps: what it found may not be all. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  at(index: number): number {
    return this.#targets[index] ?? 0;
  }

  add(target: number): void {
    if (this.#count === this.#targets.length) this.#grow();
    this.#targets[this.#count] = target;
    this.#count += 1;
  }

  exhaust(): void {
    this.#exhausted = true;
  }

  clear(): void {
    this.#count = 0;
    this.#exhausted = false;
  }

  #grow(): void {
    const grown = new Uint32Array(2 * this.#targets.length);
    grown.set(this.#targets);
    this.#targets = grown;
  }
}

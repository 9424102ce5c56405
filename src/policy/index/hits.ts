/** In a list of owners, where it is no uid: the largest one is 0xffff_fffe. */
export const EVERYBODY = 0xffff_ffff;

const NOBODYS = new Uint32Array(0);

/**
 * What one look into the indexes found: positions in the layer's target table, in no order, some perhaps twice. Kept and
 * filled anew for each look, so that a decision allocates nothing for it.
 */
export class Hits {
  #targets = new Uint32Array(64);
  #count = 0;
  #exhausted = false;
  #owners: Uint32Array = NOBODYS;
  #uid = EVERYBODY;

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

  /** For a look of anybody. */
  clear(): void {
    this.begin(NOBODYS, null);
  }

  /** For a look of this uid into a layer whose targets have these owners. */
  begin(owners: Uint32Array, uid: number | null): void {
    this.#count = 0;
    this.#exhausted = false;
    this.#owners = owners;
    this.#uid = uid ?? EVERYBODY;
  }

  /**
   * Whether it is worth finding out if a target matches, where that takes work: the patterns of another user must not
   * cost this one time.
   */
  wants(target: number): boolean {
    if (this.#owners.length === 0) return true;
    const owner = this.#owners[target] ?? EVERYBODY;
    return owner === EVERYBODY || owner === this.#uid;
  }

  #grow(): void {
    const grown = new Uint32Array(2 * this.#targets.length);
    grown.set(this.#targets);
    this.#targets = grown;
  }
}

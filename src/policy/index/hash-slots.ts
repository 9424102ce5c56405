/** The size of an open hash table for so many entries: at most half full, so that a look ends soon. */
export function tableSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, 2 * count)));
}

/** Puts `number` into the first free slot from its hash on. */
export function occupy(slots: Uint32Array, hash: number, number: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = number + 1;
}

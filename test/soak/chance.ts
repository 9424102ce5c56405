/** Random choices that a seed repeats. */
export interface Chance {
  /** A whole number below `bound`. */
  below(bound: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  pick<T>(values: readonly T[]): T | undefined;
  yes(probability: number): boolean;
}

export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (bound) => Math.floor(next() * bound),
    pick: <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T,
    yes: (probability) => next() < probability,
  };
}

/**
 * How much a test tries. Under `npm run mutate` every one of thousands of mutants is waited for, in code that is several
 * times slower: each property tries a sixtieth, the same inputs each time, and a time limit is no limit.
 */
const MUTATING = process.env['REEVE_MUTATING'] === '1';

export const inputs = (count: number): number => (MUTATING ? Math.ceil(count / 60) : count);

/** The same as parameters of a property. */
export function trying(count: number): { readonly numRuns: number; readonly seed?: number } {
  return { numRuns: inputs(count), ...(MUTATING ? { seed: 20_260_601 } : {}) };
}

/** Of what a test tries one by one, each so-manyth. */
export const STRIDE = MUTATING ? 101 : 1;

export const withinLimit = (measured: number, limit: number): boolean => MUTATING || measured < limit;

/** A number in [0, 1), as `Math.random` gives it; tests pass their own. */
export type Random = () => number;

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** How many whole milliseconds to wait after the n-th failure in a row (n from 1): doubling, capped, spread over its upper half. */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, random: Random): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 40));
  return Math.round(full / 2 + (full / 2) * random());
}

/** `ms` ± 10 %, whole. */
export function jittered(ms: number, random: Random): number {
  return Math.round(ms * (0.9 + 0.2 * random()));
}

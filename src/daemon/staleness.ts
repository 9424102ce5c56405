import type { Staleness } from '../policy/policy-set.ts';

/** Ages at which an org policy that could not be confirmed loses trust (delivery, "Staleness"), in milliseconds. */
const WARN_AFTER_MS = 24 * 3_600_000;
const RESTRICT_AFTER_MS = 7 * WARN_AFTER_MS;
const BLOCK_AFTER_MS = 30 * WARN_AFTER_MS;

/** How far an age has come. */
export function stalenessOf(ageMs: number): Staleness {
  if (ageMs < WARN_AFTER_MS) return 'fresh';
  if (ageMs < RESTRICT_AFTER_MS) return 'warn';
  return ageMs < BLOCK_AFTER_MS ? 'restrict' : 'block';
}

import type { StalenessLimits } from '../../policy/bundle-terms.ts';
import type { Staleness } from '../../policy/policy-set.ts';

const DAY_MS = 24 * 3_600_000;

/** Ages at which an org policy that could not be confirmed loses trust where no bundle says otherwise (delivery, "Staleness"). */
export const DEFAULT_LIMITS: StalenessLimits = {
  warnAfterMs: DAY_MS,
  restrictAfterMs: 7 * DAY_MS,
  blockAfterMs: 30 * DAY_MS,
};

/** How far an age has come. */
export function stalenessOf(ageMs: number, limits: StalenessLimits | null | undefined): Staleness {
  const { warnAfterMs, restrictAfterMs, blockAfterMs } = limits ?? DEFAULT_LIMITS;
  if (ageMs < warnAfterMs) return 'fresh';
  if (ageMs < restrictAfterMs) return 'warn';
  return ageMs < blockAfterMs ? 'restrict' : 'block';
}

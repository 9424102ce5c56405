import type { BundleChange, BundleTerms } from '../../policy/bundle-terms.ts';
import type { Staleness } from '../../policy/policy-set.ts';
import type { SupplyFacts } from '../policy/policy-messages.ts';

/** How old the policy is, and what comes of it. */
export interface StalenessStatus {
  readonly state: Staleness;
  /** Since what confirmed it last; null = nothing did, or it does not age. */
  readonly age_seconds: number | null;
  readonly confirmed_at: string | null;
  /** The next step of the ladder and when it comes; null = there is none. */
  readonly next: { readonly state: Staleness; readonly at: string } | null;
}

export interface BundleStatus {
  readonly issued_at: string;
  readonly expires_at: string;
  readonly support_message: string | null;
  /** Who made this revision, when and why. */
  readonly change: BundleChange | null;
}

/** By the time that the policy itself is judged by: a clock that was set back makes it no younger (delivery, "Time"). */
export function stalenessStatus(state: Staleness, facts: SupplyFacts, wallClock: number): StalenessStatus {
  const { confirmedAt, limits, notBefore } = facts;
  const now = Math.max(wallClock, notBefore ?? 0);
  if (confirmedAt === null) return { state, age_seconds: null, confirmed_at: null, next: null };
  const steps = [
    { state: 'warn', after: limits.warnAfterMs },
    { state: 'restrict', after: limits.restrictAfterMs },
    { state: 'block', after: limits.blockAfterMs },
  ] as const;
  const next = steps.find(({ after }) => confirmedAt + after > now);
  return {
    state,
    age_seconds: Math.max(0, Math.round((now - confirmedAt) / 1000)),
    confirmed_at: timeText(confirmedAt),
    next: next === undefined ? null : { state: next.state, at: timeText(confirmedAt + next.after) },
  };
}

export function bundleStatus({ issuedAt, expiresAt, supportMessage, change }: BundleTerms): BundleStatus {
  return { issued_at: timeText(issuedAt), expires_at: timeText(expiresAt), support_message: supportMessage, change };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

import type { ReadRule } from './rule.ts';

/** A rule to be compiled: what was read, and what its place in the policy set makes of it. */
export interface PlacedRule {
  readonly read: ReadRule;
  /** Policy id, local file name or preset name. */
  readonly policy: string;
  readonly policyName: string;
  readonly approval: boolean;
  /** Counts only for requests of this uid; null = for all. */
  readonly uid: number | null;
  /** Why it takes no part; null = it does. Inert rules are indexed too, so that `explain` can name them. */
  readonly inert: string | null;
}

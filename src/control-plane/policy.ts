import type { Action, Domain } from '../policy/action.ts';
import { domainOf } from '../policy/action.ts';
import type { Effect } from '../policy/decision.ts';

/** A rule without an identity: what a caller writes. */
export interface RuleContent {
  readonly name: string;
  readonly decision: Effect;
  readonly actions: readonly Action[];
  readonly resources: readonly string[];
}

export interface Rule extends RuleContent {
  readonly id: string;
}

/** What a listing shows. Times are milliseconds since the epoch. */
export interface PolicyHead {
  readonly id: string;
  readonly org: string;
  readonly name: string;
  /** Empty = the whole organisation. */
  readonly teams: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Policy extends PolicyHead {
  /** In the order in which they were created. */
  readonly rules: readonly Rule[];
}

/** All actions of a rule that was accepted belong to one domain. */
export function domainOfRule(rule: Pick<RuleContent, 'actions'>): Domain | null {
  const [first] = rule.actions;
  return first === undefined ? null : domainOf(first);
}

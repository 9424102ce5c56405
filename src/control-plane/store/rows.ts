import type { Action } from '../../policy/action.ts';
import type { Effect } from '../../policy/decision.ts';
import type { PolicyHead, Rule } from '../policy.ts';

export interface PolicyRow {
  readonly id: string;
  readonly org: string;
  readonly name: string;
  readonly teams: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface RuleRow {
  readonly id: string;
  readonly policy_id: string;
  readonly position: number;
  readonly name: string;
  readonly decision: Effect;
  readonly actions: string;
  readonly resources: string;
}

export function headOf(row: PolicyRow): PolicyHead {
  return {
    id: row.id,
    org: row.org,
    name: row.name,
    teams: storedList(row.teams),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function ruleOf(row: RuleRow): Rule {
  return {
    id: row.id,
    name: row.name,
    decision: row.decision,
    // only checked rules are ever stored, and nobody else writes this file
    actions: storedList(row.actions) as readonly Action[],
    resources: storedList(row.resources),
  };
}

/** Only this folder writes these columns, always as an array of strings. */
export function storedList(text: string): readonly string[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new TypeError('a stored list is no array');
  return value.map(String);
}

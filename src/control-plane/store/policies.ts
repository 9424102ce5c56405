import { MAX_POLICIES_PER_ORG, MAX_POLICY_BYTES } from '../limits.ts';
import { newObjectId } from '../object-id.ts';
import { done, type Failure, failure, type Outcome } from '../outcome.ts';
import type { Policy, PolicyHead } from '../policy.ts';
import { renderPolicy } from '../render.ts';
import { headOf, ruleOf } from './rows.ts';
import type { Tables } from './tables.ts';

export interface PolicyContent {
  readonly name: string;
  readonly teams: readonly string[];
}

export interface PolicyChange {
  readonly name?: string;
  readonly teams?: readonly string[];
}

/** The state before and after a write. */
export interface Pair<Value> {
  readonly old: Value;
  readonly new: Value;
}

export const POLICY_NOT_FOUND = failure('not_found', 'policy not found');
const NAME_IN_USE = failure('conflict', 'policy name already in use');

/**
 * At most `limit` policies whose id lies behind `after`. Ids never change, so however policies come and go between
 * two pages, one that exists throughout is on exactly one of them.
 */
export function listPolicies(tables: Tables, org: string, page: { after: string; limit: number }): PolicyHead[] {
  return tables.page.all(org, page.after, page.limit).map((row) => headOf(row));
}

/** Every policy with its rules, as they were at one moment; an organisation has no more than the limit. */
export function allPolicies(tables: Tables, org: string): readonly Policy[] {
  return tables.read(() =>
    tables.page.all(org, '', MAX_POLICIES_PER_ORG).flatMap(({ id }) => loadPolicy(tables, org, id) ?? []),
  );
}

export function findPolicy(tables: Tables, org: string, id: string): Policy | null {
  return tables.read(() => loadPolicy(tables, org, id));
}

export function createPolicy(tables: Tables, org: string, content: PolicyContent): Outcome<Policy> {
  return tables.write(() => {
    if (tables.policyNamed.get(org, content.name) !== undefined) return NAME_IN_USE;
    if ((tables.countPolicies.get(org)?.n ?? 0) >= MAX_POLICIES_PER_ORG) {
      return failure('limit_exceeded', `organization has reached the maximum of ${MAX_POLICIES_PER_ORG} policies`);
    }
    const now = tables.now();
    const policy: Policy = {
      id: newObjectId('pol', now),
      org,
      name: content.name,
      teams: content.teams,
      createdAt: now,
      updatedAt: now,
      rules: [],
    };
    const excess = tooLarge(policy);
    if (excess !== null) return excess;
    const teams = JSON.stringify(policy.teams);
    tables.insertPolicy.run({ id: policy.id, org, name: policy.name, teams, created_at: now, updated_at: now });
    return done(policy);
  });
}

export function updatePolicy(tables: Tables, key: PolicyKey, change: PolicyChange): Outcome<Pair<Policy>> {
  return tables.write(() => {
    const old = loadPolicy(tables, key.org, key.policyId);
    if (old === null) return POLICY_NOT_FOUND;
    const changed = { ...old, ...change };
    const holder = tables.policyNamed.get(key.org, changed.name);
    if (holder !== undefined && holder.id !== old.id) return NAME_IN_USE;
    return storeVersion(tables, old, changed);
  });
}

export function deletePolicy(tables: Tables, key: PolicyKey): Outcome<Policy> {
  return tables.write(() => {
    const policy = loadPolicy(tables, key.org, key.policyId);
    if (policy === null) return POLICY_NOT_FOUND;
    tables.deletePolicy.run(policy.id);
    return done(policy);
  });
}

export interface PolicyKey {
  readonly org: string;
  readonly policyId: string;
}

/** Inside a transaction only: a policy and its rules are two statements. */
export function loadPolicy(tables: Tables, org: string, id: string): Policy | null {
  const row = tables.policy.get(org, id);
  if (row === undefined) return null;
  return { ...headOf(row), rules: tables.rules.all(id).map((rule) => ruleOf(rule)) };
}

/**
 * Checks the size of `changed`, rules included, and stores its head under a later `updated_at`; a failure has written
 * nothing. Later than before even within one millisecond, or when the clock was set back: a machine tells by this
 * member alone whether it must fetch the policy again (delivery, Sources 1).
 */
export function storeVersion(tables: Tables, old: Policy, changed: Policy): Outcome<Pair<Policy>> {
  const stored: Policy = { ...changed, updatedAt: Math.max(tables.now(), old.updatedAt + 1) };
  const excess = tooLarge(stored);
  if (excess !== null) return excess;
  tables.updatePolicy.run(stored.name, JSON.stringify(stored.teams), stored.updatedAt, stored.id);
  return done({ old, new: stored });
}

function tooLarge(policy: Policy): Failure | null {
  const bytes = Buffer.byteLength(JSON.stringify(renderPolicy(policy)), 'utf8');
  if (bytes <= MAX_POLICY_BYTES) return null;
  const kilobytes = MAX_POLICY_BYTES / 1024;
  return failure('limit_exceeded', `the policy would have ${bytes} bytes and the maximum is ${kilobytes} KB: split it`);
}

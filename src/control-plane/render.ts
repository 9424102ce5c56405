import { domainOfRule, type Policy, type PolicyHead, type Rule } from './policy.ts';

/** The one type of rule set so far. */
const POLICY_TYPE = 'allowlist_v0';

/** The API's `Rule`. Members are in the order of the API's own examples. */
export function renderRule(rule: Rule): Readonly<Record<string, unknown>> {
  return { actions: rule.actions, decision: rule.decision, id: rule.id, name: rule.name, resources: rule.resources };
}

/** The API's `PolicySummary`. */
export function renderHead(policy: PolicyHead): Readonly<Record<string, unknown>> {
  return {
    created_at: renderTime(policy.createdAt),
    id: policy.id,
    name: policy.name,
    org: policy.org,
    scope: { teams: policy.teams },
    type: POLICY_TYPE,
    updated_at: renderTime(policy.updatedAt),
  };
}

/** The API's `Policy`; without rules it has no rule set. */
export function renderPolicy(policy: Policy): Readonly<Record<string, unknown>> {
  const [first] = policy.rules;
  return {
    ...(first === undefined
      ? {}
      : { allowlist_v0: { domain: domainOfRule(first), rules: policy.rules.map((rule) => renderRule(rule)) } }),
    created_at: renderTime(policy.createdAt),
    id: policy.id,
    name: policy.name,
    org: policy.org,
    scope: { teams: policy.teams },
    updated_at: renderTime(policy.updatedAt),
  };
}

/** RFC 3339 in UTC with milliseconds, so that two writes within a second differ. */
function renderTime(time: number): string {
  return new Date(time).toISOString();
}

import { MAX_RULES_PER_POLICY } from '../limits.ts';
import { newObjectId } from '../object-id.ts';
import { done, type Failure, failure, invalid, type Outcome } from '../outcome.ts';
import { domainOfRule, type Policy, type Rule, type RuleContent } from '../policy.ts';
import { loadPolicy, type Pair, POLICY_NOT_FOUND, type PolicyKey, storeVersion } from './policies.ts';
import type { Tables } from './tables.ts';

export interface RuleKey extends PolicyKey {
  readonly ruleId: string;
}

const RULE_NOT_FOUND = failure('not_found', 'rule not found');
const NAME_IN_USE = failure('conflict', 'rule name already in use');

export function createRule(tables: Tables, key: PolicyKey, content: RuleContent): Outcome<Rule> {
  return tables.write(() => {
    const policy = loadPolicy(tables, key.org, key.policyId);
    if (policy === null) return POLICY_NOT_FOUND;
    const misfit = domainMisfit(policy, content) ?? nameMisfit(policy.rules, content.name);
    if (misfit !== null) return misfit;
    if (policy.rules.length >= MAX_RULES_PER_POLICY) {
      return failure('limit_exceeded', `policy has reached the maximum of ${MAX_RULES_PER_POLICY} rules`);
    }
    const rule: Rule = { ...content, id: newObjectId('rule', tables.now()) };
    const version = storeVersion(tables, policy, { ...policy, rules: [...policy.rules, rule] });
    if (version.kind === 'failure') return version;
    const position = (tables.lastPosition.get(policy.id)?.n ?? 0) + 1;
    tables.insertRule.run({ ...columnsOf(rule), id: rule.id, policy_id: policy.id, position });
    return done(rule);
  });
}

/** `change` makes the new content from the old rule, or says why it cannot. */
export function updateRule(
  tables: Tables,
  key: RuleKey,
  change: (old: Rule) => Outcome<RuleContent>,
): Outcome<Pair<Rule>> {
  return tables.write(() => {
    const found = loadRule(tables, key);
    if (found.kind === 'failure') return found;
    const { policy, rule: old } = found.value;
    const changed = change(old);
    if (changed.kind === 'failure') return changed;
    const others = policy.rules.filter((rule) => rule.id !== old.id);
    const misfit = nameMisfit(others, changed.value.name);
    if (misfit !== null) return misfit;
    const rule: Rule = { ...changed.value, id: old.id };
    const rules = policy.rules.map((each) => (each.id === old.id ? rule : each));
    const version = storeVersion(tables, policy, { ...policy, rules });
    if (version.kind === 'failure') return version;
    const { name, decision, actions, resources } = columnsOf(rule);
    tables.updateRule.run(name, decision, actions, resources, rule.id);
    return done({ old, new: rule });
  });
}

export function deleteRule(tables: Tables, key: RuleKey): Outcome<Rule> {
  return tables.write(() => {
    const found = loadRule(tables, key);
    if (found.kind === 'failure') return found;
    const { policy, rule } = found.value;
    const version = storeVersion(tables, policy, { ...policy, rules: policy.rules.filter((each) => each !== rule) });
    if (version.kind === 'failure') return version;
    tables.deleteRule.run(rule.id);
    return done(rule);
  });
}

function loadRule(tables: Tables, key: RuleKey): Outcome<{ policy: Policy; rule: Rule }> {
  const policy = loadPolicy(tables, key.org, key.policyId);
  if (policy === null) return POLICY_NOT_FOUND;
  const rule = policy.rules.find((each) => each.id === key.ruleId);
  return rule === undefined ? RULE_NOT_FOUND : done({ policy, rule });
}

/** A policy's domain is that of its rules; one without rules takes either. */
function domainMisfit(policy: Policy, content: RuleContent): Failure | null {
  const [first] = policy.rules;
  if (first === undefined) return null;
  const domain = domainOfRule(first);
  if (domain === domainOfRule(content)) return null;
  return invalid(`the policy's rules are of the ${domain} domain: put a rule of another domain into another policy`);
}

function nameMisfit(others: readonly Rule[], name: string): Failure | null {
  return others.some((rule) => rule.name === name) ? NAME_IN_USE : null;
}

function columnsOf(rule: RuleContent) {
  return {
    name: rule.name,
    decision: rule.decision,
    actions: JSON.stringify(rule.actions),
    resources: JSON.stringify(rule.resources),
  };
}

import { type Call, failed, type Reply, replyWith } from '../endpoint.ts';
import { readNewRule, readRuleChange } from '../read/rule-body.ts';
import { renderRule } from '../render.ts';
import { createRule, deleteRule, type RuleKey, updateRule } from '../store/rules.ts';
import { policyKey } from './policies.ts';

export function createRuleEndpoint({ services, params, body }: Call): Reply {
  const content = readNewRule(body);
  if (content.kind === 'failure') return failed(content);
  return replyWith(201, createRule(services.tables, policyKey(params), content.value), renderRule);
}

export function updateRuleEndpoint({ services, params, body }: Call): Reply {
  const pair = updateRule(services.tables, ruleKey(params), (old) => readRuleChange(body, old));
  return replyWith(200, pair, ({ old, new: changed }) => ({ new: renderRule(changed), old: renderRule(old) }));
}

export function deleteRuleEndpoint({ services, params }: Call): Reply {
  return replyWith(200, deleteRule(services.tables, ruleKey(params)), (rule) => ({ deleted: renderRule(rule) }));
}

function ruleKey(params: Readonly<Record<string, string>>): RuleKey {
  return { ...policyKey(params), ruleId: params['rule_id'] ?? '' };
}

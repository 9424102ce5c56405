import { quoted } from '../http/problem.ts';
import { isObject } from '../policy/rule-shape.ts';
import { domainOfRule } from './policy.ts';
import { readNewPolicy } from './read/policy-body.ts';
import { readNewRule } from './read/rule-body.ts';

/**
 * What this API would answer to whoever wrote these policies through it, with the place in front; null = it would take
 * them. For those who keep their policies in files. The quotas of the API are no matter of what a policy says.
 */
export function policiesFault(policies: readonly unknown[]): string | null {
  const names = new Set<unknown>();
  for (const [position, policy] of policies.entries()) {
    if (!isObject(policy)) return `policy #${position + 1} must be a JSON object`;
    const { name, scope, allowlist_v0: allowlist } = policy;
    const place = typeof name === 'string' ? `policy ${quoted(name)}` : `policy #${position + 1}`;
    const head = readNewPolicy({ ...(name === undefined ? {} : { name }), ...(scope == null ? {} : { scope }) });
    if (head.kind === 'failure') return `${place}: ${head.message}`;
    if (names.has(name)) return `${place}: the name is in use`;
    names.add(name);
    const fault = rulesFault(isObject(allowlist) ? allowlist['rules'] : undefined);
    if (fault !== null) return `${place}, ${fault}`;
  }
  return null;
}

function rulesFault(rules: unknown): string | null {
  if (!Array.isArray(rules)) return null;
  const names = new Set<string>();
  let domain: string | null = null;
  for (const [position, raw] of rules.entries()) {
    if (!isObject(raw)) return `rule #${position + 1} must be a JSON object`;
    // ids are the server's in the API, and the author's in a file
    const content = Object.fromEntries(Object.entries(raw).filter(([member]) => member !== 'id'));
    const place = typeof raw['name'] === 'string' ? `rule ${quoted(raw['name'])}` : `rule #${position + 1}`;
    const rule = readNewRule(content);
    if (rule.kind === 'failure') return `${place}: ${rule.message}`;
    if (names.has(rule.value.name)) return `${place}: the name is in use`;
    names.add(rule.value.name);
    const own = domainOfRule(rule.value);
    domain ??= own;
    if (own !== domain) return `${place}: the policy's rules are of the ${domain} domain: put it into another policy`;
  }
  return null;
}

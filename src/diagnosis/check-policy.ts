import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { examined, type Finding, found, type Verdict } from './finding.ts';

/** Warnings of the daemon that another check finds by itself, with more to say. */
const ELSEWHERE: ReadonlySet<string> = new Set(['policy_aging', 'decision_log', 'local_files']);

/** What the daemon says of the policy that it enforces. */
export function checkPolicy(status: RuleFields): Verdict {
  const findings = [...stalenessFindings(status['staleness']), ...warningFindings(status['warnings'])];
  return examined(`revision ${String(status['revision'])} is in force`, findings);
}

function stalenessFindings(staleness: unknown): readonly Finding[] {
  if (!isObject(staleness)) return [];
  const { state, age_seconds: age } = staleness;
  if (state === 'fresh') return [];
  const message = `it was confirmed ${typeof age === 'number' ? `${Math.floor(age / 3_600)} hours ago` : 'nobody knows when'}`;
  const cause = { cause: String(state) };
  return [state === 'warn' ? found('policy_aging', message, cause) : found('policy_stale', message, cause)];
}

function warningFindings(warnings: unknown): readonly Finding[] {
  if (!Array.isArray(warnings)) return [];
  return warnings.filter(isObject).flatMap(({ code, message }) => {
    if (typeof code !== 'string' || ELSEWHERE.has(code)) return [];
    return [found('daemon_warning', String(message), { cause: code })];
  });
}

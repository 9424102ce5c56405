import type { Answer } from '../policy/decision.ts';
import type { Output } from './output.ts';

/** An answer as lines for a person; the first word is the decision. */
export function answerLines(output: Output, answer: Answer, asked: string): readonly string[] {
  const { decision, code, rule } = answer;
  const colour = decision === 'allow' ? 'green' : 'red';
  const entries: (readonly [string, string])[] = [['reason', answer.reason]];
  if (rule !== undefined) entries.push(['rule', `${rule.name || rule.id} (${rule.origin}, ${rule.policy})`]);
  if (rule !== undefined) entries.push(['resource', rule.resource]);
  if (answer.resolved_path !== undefined) entries.push(['opens', answer.resolved_path]);
  if (answer.ip_checked === false)
    entries.push(['note', 'judged by name only: the address that is dialled counts too']);
  if (answer.would_deny === true) entries.push(['note', 'monitor mode: would be denied']);
  if (answer.support_message !== undefined) entries.push(['support', answer.support_message]);
  return [`${output.paint(decision, colour)} ${asked} (${code})`, ...output.pairs(entries).map((line) => `  ${line}`)];
}

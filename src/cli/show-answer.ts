import type { SourcedChange } from '../policy/change-behind.ts';
import type { Answer } from '../policy/decision.ts';
import { changeText, readChange } from './change-text.ts';
import type { Output } from './output.ts';

export interface ShownAnswer {
  readonly answer: Answer;
  /** The question as a person would call it. */
  readonly asked: string;
  /** Who changed what the answer comes from. */
  readonly changed?: SourcedChange | null;
}

/** An answer as lines for a person; the first word is the decision. */
export function answerLines(output: Output, { answer, asked, changed = null }: ShownAnswer): readonly string[] {
  const { decision, code, rule } = answer;
  const colour = decision === 'allow' ? 'green' : 'red';
  const entries: (readonly [string, string])[] = [['reason', answer.reason]];
  if (rule !== undefined) entries.push(['rule', `${rule.name || rule.id} (${rule.origin}, ${rule.policy})`]);
  if (rule !== undefined) entries.push(['resource', rule.resource]);
  if (answer.resolved_path !== undefined) entries.push(['opens', answer.resolved_path]);
  const change = sourcedText(changed);
  if (change !== '') entries.push(['changed', change]);
  if (answer.ip_checked === false)
    entries.push(['note', 'judged by name only: the address that is dialled counts too']);
  if (answer.would_deny === true) entries.push(['note', 'monitor mode: would be denied']);
  if (answer.support_message !== undefined) entries.push(['support', answer.support_message]);
  return [`${output.paint(decision, colour)} ${asked} (${code})`, ...output.pairs(entries).map((line) => `  ${line}`)];
}

/** Where the policy says nothing of its own, a person has to know that it is the bundle that does. */
function sourcedText(changed: SourcedChange | null): string {
  const text = changeText(readChange(changed));
  return text !== '' && changed?.of === 'bundle' ? `with the bundle, ${text}` : text;
}

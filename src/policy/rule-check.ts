import { readRule } from './rule.ts';
import type { RuleIssue } from './rule-shape.ts';

/** Who is about to write the rule down; both refuse what a daemon could not evaluate. */
export type RuleWriter = 'control_plane' | 'local';

export type RuleCheck =
  | { readonly kind: 'ok'; readonly warnings: readonly RuleIssue[] }
  | { readonly kind: 'refused'; readonly issues: readonly RuleIssue[] };

/** Judges a rule before it is stored, with the reader that the daemon uses. Messages say what to write instead. */
export function checkRule(raw: unknown, writer: RuleWriter): RuleCheck {
  const { issues } = readRule(raw, writer === 'local' ? 'local' : 'org', 0);
  return issues.some((issue) => issue.refused) ? { kind: 'refused', issues } : { kind: 'ok', warnings: issues };
}

import { pathForms } from './layer.ts';
import type { PolicySet } from './policy-set.ts';
import { literalPrefix } from './resource/path-pattern.ts';
import { readRule } from './rule.ts';
import { isObject, type RuleAuthor } from './rule-shape.ts';

/** Every literal path prefix that the set's rules start with: what has to be resolved on disk before compiling (Paths 7). */
export function literalPrefixes(set: PolicySet): ReadonlySet<string> {
  const prefixes = new Set<string>();
  const collect = (rules: readonly unknown[], author: RuleAuthor): void => {
    for (const [position, raw] of rules.entries()) {
      const reading = readRule(raw, author, position);
      if (reading.kind !== 'rule') continue;
      for (const form of pathForms(reading.rule, set.host)) {
        const prefix = literalPrefix(form.pattern);
        if (prefix !== null) prefixes.add(prefix);
      }
    }
  };
  for (const policy of set.policies) collect(rulesOf(policy), 'org');
  for (const file of set.local) collect(file.rules, 'local');
  collect(set.preset?.rules ?? [], 'local');
  collect(set.builtin, 'local');
  return prefixes;
}

function rulesOf(policy: unknown): readonly unknown[] {
  const allowlist = isObject(policy) ? policy['allowlist_v0'] : undefined;
  const rules: unknown = isObject(allowlist) ? allowlist['rules'] : undefined;
  return Array.isArray(rules) ? rules : [];
}

import type { Effect } from './decision.ts';
import { type TextTable, TextTableBuilder, textAt } from './index/text-table.ts';
import type { PlacedRule } from './placed-rule.ts';

/** What the rules of a layer are called, and why some take no part: everything that only an answer or `explain` shows. */
export interface RuleTable {
  readonly texts: TextTable;
  /** Numbers of texts, by rule. */
  readonly ids: Uint32Array;
  readonly names: Uint32Array;
  /** Numbers of policies, by rule. */
  readonly policies: Uint32Array;
  /** Why a rule takes no part: the number of a text + 1; 0 = it does. */
  readonly inert: Uint32Array;
  /** Numbers of texts, by policy: id (or local file name, or preset name) and name. */
  readonly policyIds: Uint32Array;
  readonly policyNames: Uint32Array;
  readonly denies: Uint8Array;
}

/** A rule as a person is told of it. */
export interface RuleText {
  readonly id: string;
  readonly name: string;
  /** Policy id, local file name or preset name. */
  readonly policy: string;
  readonly policyName: string;
  readonly effect: Effect;
  /** Why it takes no part; null = it does. */
  readonly inert: string | null;
}

export function ruleAt(table: RuleTable, rule: number): RuleText {
  const { texts, policyIds, policyNames } = table;
  const policy = table.policies[rule] ?? 0;
  const inert = table.inert[rule] ?? 0;
  return {
    id: textAt(texts, table.ids[rule] ?? 0),
    name: textAt(texts, table.names[rule] ?? 0),
    policy: textAt(texts, policyIds[policy] ?? 0),
    policyName: textAt(texts, policyNames[policy] ?? 0),
    effect: table.denies[rule] === 1 ? 'deny' : 'allow',
    inert: inert === 0 ? null : textAt(texts, inert - 1),
  };
}

export function buildRuleTable(rules: readonly PlacedRule[]): RuleTable {
  const texts = new TextTableBuilder();
  const policies = new Map<string, number>();
  // one cause stands at many rules
  const causes = new Map<string, number>();
  const shared = (text: string): number => {
    const known = causes.get(text) ?? texts.add(text);
    causes.set(text, known);
    return known;
  };
  const [policyIds, policyNames]: [number[], number[]] = [[], []];
  const policyOf = ({ policy, policyName }: PlacedRule): number => {
    const key = JSON.stringify([policy, policyName]);
    const known = policies.get(key);
    if (known !== undefined) return known;
    policies.set(key, policyIds.length);
    policyIds.push(texts.add(policy));
    policyNames.push(texts.add(policyName));
    return policyIds.length - 1;
  };
  const column = (of: (rule: PlacedRule) => number): Uint32Array => Uint32Array.from(rules, of);
  const columns = {
    ids: column(({ read }) => texts.add(read.id)),
    names: column(({ read }) => texts.add(read.name)),
    policies: column(policyOf),
    inert: column(({ inert }) => (inert === null ? 0 : shared(inert) + 1)),
    denies: Uint8Array.from(rules, ({ read }) => (read.effect === 'deny' ? 1 : 0)),
  };
  return {
    ...columns,
    texts: texts.build(),
    policyIds: Uint32Array.from(policyIds),
    policyNames: Uint32Array.from(policyNames),
  };
}

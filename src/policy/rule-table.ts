import type { Effect } from './decision.ts';
import { Column } from './index/column.ts';
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

export class RuleTableBuilder {
  readonly #texts = new TextTableBuilder();
  readonly #columns = { ids: new Column(), names: new Column(), policies: new Column(), inert: new Column() };
  readonly #denies = new Column();
  readonly #policyIds = new Column();
  readonly #policyNames = new Column();
  readonly #policies = new Map<string, number>();
  readonly #causes = new Map<string, number>();
  #last = { policy: '', policyName: '', number: -1 };

  /** The rule's number. */
  add(rule: PlacedRule): number {
    const { read, inert } = rule;
    const { ids, names, policies, inert: causes } = this.#columns;
    ids.push(this.#texts.add(read.id));
    names.push(this.#texts.add(read.name));
    policies.push(this.#policyOf(rule));
    causes.push(inert === null ? 0 : this.#causeOf(inert) + 1);
    this.#denies.push(read.effect === 'deny' ? 1 : 0);
    return ids.length - 1;
  }

  build(): RuleTable {
    const { ids, names, policies, inert } = this.#columns;
    return {
      texts: this.#texts.build(),
      ids: ids.build(),
      names: names.build(),
      policies: policies.build(),
      inert: inert.build(),
      policyIds: this.#policyIds.build(),
      policyNames: this.#policyNames.build(),
      denies: Uint8Array.from(this.#denies.build()),
    };
  }

  /** Rules come policy by policy. */
  #policyOf({ policy, policyName }: PlacedRule): number {
    const last = this.#last;
    if (last.policy === policy && last.policyName === policyName && last.number >= 0) return last.number;
    const key = JSON.stringify([policy, policyName]);
    let number = this.#policies.get(key);
    if (number === undefined) {
      number = this.#policyIds.length;
      this.#policies.set(key, number);
      this.#policyIds.push(this.#texts.add(policy));
      this.#policyNames.push(this.#texts.add(policyName));
    }
    this.#last = { policy, policyName, number };
    return number;
  }

  /** One cause stands at many rules. */
  #causeOf(text: string): number {
    const number = this.#causes.get(text) ?? this.#texts.add(text);
    this.#causes.set(text, number);
    return number;
  }
}

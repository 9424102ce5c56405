import { headOf, isObject, type RuleHead } from '../rule-shape.ts';
import { changedValues, type ValueChange } from './changed-values.ts';
import { stableText } from './stable-text.ts';

/** A rule as its author wrote it; what is no text in it is left out. */
export type ShownRule = Pick<RuleHead, 'id' | 'name' | 'decision' | 'actions' | 'resources'>;

export type RuleDifference =
  | { readonly kind: 'added' | 'removed'; readonly rule: ShownRule }
  | {
      readonly kind: 'changed';
      /** As it is now. */
      readonly rule: ShownRule;
      /** Every member but the resources, which may be thousands. */
      readonly members: readonly ValueChange[];
      readonly resources: { readonly added: readonly string[]; readonly removed: readonly string[] };
    };

/**
 * What became of each rule: removed ones where they stood, then those that are there, in their order. A rule is known
 * again by its id, one without an id by what it says. Moving a rule changes nothing: order never matters (semantics, 4.1).
 */
export function compareRules(before: readonly unknown[], after: readonly unknown[]): readonly RuleDifference[] {
  const old = byIdentity(before);
  const now = byIdentity(after);
  const removed = [...old.entries()].flatMap(([key, { rule }]): RuleDifference[] =>
    now.has(key) ? [] : [{ kind: 'removed', rule }],
  );
  const others = [...now.entries()].flatMap(([key, { raw, rule }]): RuleDifference[] => {
    const earlier = old.get(key);
    if (earlier === undefined) return [{ kind: 'added', rule }];
    return stableText(earlier.raw) === stableText(raw) ? [] : [changed(earlier, { raw, rule })];
  });
  return [...removed, ...others];
}

/** All rules of a list, as they are shown. */
export function shownRules(rules: readonly unknown[]): readonly ShownRule[] {
  return rules.map((raw, position) => shownRule(raw, position));
}

interface Known {
  readonly raw: unknown;
  readonly rule: ShownRule;
}

function byIdentity(rules: readonly unknown[]): ReadonlyMap<string, Known> {
  const found = new Map<string, Known>();
  const copies = new Map<string, number>();
  for (const [position, raw] of rules.entries()) {
    const identity = isObject(raw) && typeof raw['id'] === 'string' && raw['id'] !== '' ? raw['id'] : stableText(raw);
    // two of the same id are two rules
    const copy = (copies.get(identity) ?? 0) + 1;
    copies.set(identity, copy);
    found.set(`${copy} ${identity}`, { raw, rule: shownRule(raw, position) });
  }
  return found;
}

function shownRule(raw: unknown, position: number): ShownRule {
  const { id, name, decision, actions, resources } = headOf(isObject(raw) ? raw : {}, position);
  return { id, name, decision, actions, resources };
}

function changed(before: Known, after: Known): RuleDifference {
  const [were, are] = [new Set(before.rule.resources), new Set(after.rule.resources)];
  return {
    kind: 'changed',
    rule: after.rule,
    members: changedValues(withoutResources(before.raw), withoutResources(after.raw)),
    resources: {
      added: [...are].filter((resource) => !were.has(resource)),
      removed: [...were].filter((resource) => !are.has(resource)),
    },
  };
}

function withoutResources(raw: unknown): Readonly<Record<string, unknown>> {
  return isObject(raw) ? Object.fromEntries(Object.entries(raw).filter(([name]) => name !== 'resources')) : {};
}

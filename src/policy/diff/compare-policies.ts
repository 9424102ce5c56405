import type { BundleChange } from '../bundle-terms.ts';
import { isObject, type RuleFields } from '../rule-shape.ts';
import { changedValues, type ValueChange } from './changed-values.ts';
import { compareRules, type RuleDifference, type ShownRule, shownRules } from './compare-rules.ts';

interface NamedPolicy {
  readonly id: string;
  readonly name: string;
}

export type PolicyDifference =
  | (NamedPolicy & { readonly kind: 'added' | 'removed'; readonly rules: readonly ShownRule[] })
  | (NamedPolicy & {
      readonly kind: 'changed';
      /** Who changed it, when and why, as far as it says. */
      readonly change: BundleChange;
      /** Of the policy itself: its scope, its state, its validity. */
      readonly members: readonly ValueChange[];
      readonly rules: readonly RuleDifference[];
    });

/** They tell of a change and are none themselves. */
const RECORDS = new Set(['created_at', 'created_by', 'updated_at', 'updated_by', 'change_reason', 'version']);

/** What became of each policy, by its id: removed ones first, then those that are there, in the order of their ids. */
export function comparePolicies(before: readonly unknown[], after: readonly unknown[]): readonly PolicyDifference[] {
  const old = byId(before);
  const now = byId(after);
  const removed = [...old.values()].filter(({ id }) => !now.has(id)).map((policy) => whole('removed', policy));
  const others = [...now.values()].flatMap((policy): PolicyDifference[] => {
    const earlier = old.get(policy.id);
    if (earlier === undefined) return [whole('added', policy)];
    const members = changedValues(ownMembers(earlier), ownMembers(policy));
    const rules = compareRules(earlier.rules, policy.rules);
    if (members.length === 0 && rules.length === 0) return [];
    const { id, name } = policy;
    return [{ kind: 'changed', id, name, change: changeOf(policy.raw), members, rules }];
  });
  return [...removed, ...others];
}

interface KnownPolicy extends NamedPolicy {
  readonly raw: RuleFields;
  readonly rules: readonly unknown[];
}

/** Sorted, so that the same two bundles always give the same comparison. */
function byId(policies: readonly unknown[]): ReadonlyMap<string, KnownPolicy> {
  const known = policies.map(knownPolicy).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return new Map(known.map((policy) => [policy.id, policy]));
}

function knownPolicy(value: unknown, position: number): KnownPolicy {
  const raw = isObject(value) ? value : {};
  const { id = raw['name'], name = id } = raw;
  const label = typeof id === 'string' && id !== '' ? id : `#${position + 1}`;
  const allowlist = raw['allowlist_v0'];
  const rules = isObject(allowlist) && Array.isArray(allowlist['rules']) ? allowlist['rules'] : [];
  return { id: label, name: typeof name === 'string' ? name : label, raw, rules };
}

function whole(kind: 'added' | 'removed', { id, name, rules }: KnownPolicy): PolicyDifference {
  return { kind, id, name, rules: shownRules(rules) };
}

function ownMembers({ raw }: KnownPolicy): Readonly<Record<string, unknown>> {
  const { allowlist_v0: allowlist, ...own } = raw;
  const members = Object.entries({ ...own, ...(isObject(allowlist) ? allowlist : {}) });
  return Object.fromEntries(members.filter(([name]) => !RECORDS.has(name) && name !== 'rules'));
}

function changeOf({ updated_at: at, updated_by: by, change_reason: reason }: RuleFields): BundleChange {
  return {
    ...(typeof at === 'string' ? { at } : {}),
    ...(typeof by === 'string' ? { by } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}

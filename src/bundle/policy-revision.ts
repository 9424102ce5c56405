import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** Lists whose order says nothing: a server may give them in another order each time, and it is no change. */
const SETS = new Set(['policies', 'rules', 'actions', 'resources', 'http_resources', 'teams', 'tags']);
/** Free-form below here: a list there is whatever its author meant. */
const FREE_FORM = 'metadata';

/** What a `governance` source delivers: an organisation's policies, as one. */
export interface PolicyContent {
  readonly org: string;
  /** Governance `Policy` objects, raw. */
  readonly policies: readonly unknown[];
}

/** `sha256:…` of the canonical content, unordered (delivery, Sources 1). */
export function policyRevision(content: PolicyContent): string {
  return digestOf(canonicalJson(unordered({ org: content.org, policies: content.policies })));
}

/** `sha256:…` of a text as it is stored; finds a row that something else has written. */
export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}

function unordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unordered);
  if (typeof value !== 'object' || value === null) return value;
  // entries, not a new object member by member: a member may be called `__proto__`
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === FREE_FORM ? member : unorderedMember(name, member)]),
  );
}

function unorderedMember(name: string, member: unknown): unknown {
  const inner = unordered(member);
  if (!SETS.has(name) || !Array.isArray(inner)) return inner;
  return inner
    .map((item: unknown) => ({ item, text: canonicalJson(item) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ item }) => item);
}

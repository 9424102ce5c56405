import { isIPv6 } from 'node:net';
import { shown } from '../base/shown.ts';

/** Who wrote the rule: org rules are data from elsewhere, local ones could have been refused when written. */
export type RuleAuthor = 'org' | 'local';

/** What someone who writes rules should hear. `refused` = our control plane and `reeve local add` do not take it. */
export interface RuleIssue {
  readonly refused: boolean;
  /** Absent when the issue is about the rule as a whole. */
  readonly resource?: string;
  readonly message: string;
}

/** What can be shown of a rule whatever is wrong with it. */
export interface RuleHead {
  readonly id: string;
  readonly name: string;
  readonly decision: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** A raw rule's members, before any of them is believed. */
export type RuleFields = Readonly<Record<string, unknown>>;

const RULE_MEMBERS = new Set(['id', 'name', 'decision', 'actions', 'resources', 'http_resources']);

/** What is wrong with the shape of a rule whatever its actions, or null. */
export function shapeFault(fields: RuleFields): string | null {
  for (const key of Object.keys(fields)) {
    if (!RULE_MEMBERS.has(key)) return `unknown member ${shown(key)}`;
  }
  if (!isOptionalString(fields['id'])) return '`id` must be a string';
  if (!isOptionalString(fields['name'])) return '`name` must be a string';
  if (fields['decision'] !== 'allow' && fields['decision'] !== 'deny') return '`decision` must be `allow` or `deny`';
  if (fields['resources'] !== undefined && fields['http_resources'] !== undefined) {
    return 'a rule has either `resources` or `http_resources`';
  }
  const resources = fields['resources'] ?? httpDestinations(fields['http_resources']);
  if (!Array.isArray(resources) || resources.length === 0) return '`resources` must name at least one resource';
  if (!resources.every(isString)) return '`resources` must hold strings';
  return null;
}

/** `http_resources` as `host[:port]` texts; anything else in them makes the rule unparsable. */
function httpDestinations(targets: unknown): readonly unknown[] | null {
  if (!Array.isArray(targets)) return null;
  return targets.map((target: unknown) => {
    if (!isObject(target) || typeof target['host'] !== 'string') return null;
    const { port } = target as { port?: unknown };
    // The API takes a bare IPv6 address here, which a resource writes in brackets.
    const host = isIPv6(target['host']) ? `[${target['host']}]` : target['host'];
    if (port === undefined) return host;
    return typeof port === 'number' ? `${host}:${port}` : null;
  });
}

export function headOf(fields: RuleFields, position: number): RuleHead {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const resources = fields['resources'] ?? httpDestinations(fields['http_resources']);
  const id = text(fields['id']);
  return {
    id: id === '' ? `#${position + 1}` : id,
    name: text(fields['name']),
    decision: text(fields['decision']),
    actions: strings(fields['actions']),
    resources: strings(resources),
  };
}

export function isObject(value: unknown): value is RuleFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOptionalString(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function strings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return NO_STRINGS;
  // almost always all of them: the list stands for itself then
  return value.every(isString) ? value : value.filter(isString);
}

const NO_STRINGS: readonly string[] = [];

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

import { shown, shownValue } from '../base/shown.ts';
import { DOMAINS, type Domain } from './action.ts';
import type { BundleChange } from './bundle-terms.ts';
import type { PolicySet } from './policy-set.ts';
import { domainsOf } from './rule-actions.ts';
import { isObject, type RuleFields } from './rule-shape.ts';

/** A governance `Policy` object, read (semantics, 4.4 and 4.5). */
export interface PolicyDocument {
  readonly kind: 'policy';
  readonly id: string;
  readonly name: string;
  /** The domains it speaks about: one, if it is well made. */
  readonly domains: readonly Domain[];
  readonly rules: readonly unknown[];
  /** Its allows need an approval first (semantics, 4.7). */
  readonly approval: boolean;
  /** Why nobody of ours takes it when it is written: its type cannot be evaluated. It takes no part. */
  readonly unsupported: string | null;
  /** Why it takes no part at all; null = it does. */
  readonly inactive: string | null;
  /** Beyond `inactive`: why its allows do not count, though its denies do. */
  readonly allowsInert: string | null;
  /** Why its denies do not count, though it is part of its domain's government (another team's policy). */
  readonly deniesInert: string | null;
  /** When its taking part changes by itself, in milliseconds since the epoch; null = never. */
  readonly nextChange: number | null;
  /** Its denies end once a verified time has passed this; null = they do not wait for one. */
  readonly awaitsVerified: number | null;
  readonly change: BundleChange;
}

/** `rejected`: it says something this version does not know; it may be a deny, so nothing is granted beside it. */
export type PolicyReading = PolicyDocument | { readonly kind: 'rejected'; readonly id: string; readonly cause: string };

/** Every member a policy may have; an unknown one may be a restriction that this version does not know. */
export const POLICY_MEMBERS: ReadonlySet<string> = new Set(
  (
    'id name org type scope allowlist_v0 cedar_v1 created_at updated_at description enabled tags metadata status ' +
    'version change_reason created_by updated_by valid_from valid_until approval_required require_approval'
  ).split(' '),
);

const ALLOWLIST = 'allowlist_v0';
const TAKES_NO_PART = new Set(['draft', 'in_review', 'pending_review', 'rejected', 'archived']);
const TAKES_PART = new Set<unknown>([undefined, 'active', 'approved']);
const INSTANT = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

type Moment = Pick<PolicySet, 'now' | 'verifiedNow' | 'teams'>;

export function readPolicy(raw: unknown, moment: Moment, position: number): PolicyReading {
  if (!isObject(raw)) return { kind: 'rejected', id: `#${position + 1}`, cause: 'a policy is an object' };
  const { id = raw['name'], name = id } = raw;
  const label = typeof id === 'string' && id !== '' ? id : `#${position + 1}`;
  const fault = faultOf(raw);
  if (fault !== null) return { kind: 'rejected', id: label, cause: fault };
  const allowlist = raw['allowlist_v0'] as RuleFields | undefined;
  const rules = (allowlist?.['rules'] ?? []) as readonly unknown[];
  const unsupported = unsupportedCause(raw);
  const off = unsupported ?? inactiveCause(raw);
  const window = off === null ? validity(raw, moment) : { ...ALWAYS, inactive: off };
  const team = teamScope(raw, moment.teams);
  return {
    kind: 'policy',
    id: label,
    name: typeof name === 'string' ? name : label,
    domains: domainsIn(allowlist, rules),
    rules,
    approval: Boolean(raw['approval_required']) || Boolean(raw['require_approval']),
    unsupported,
    inactive: window.inactive,
    allowsInert: window.allowsInert ?? team.allowsInert,
    deniesInert: team.deniesInert,
    nextChange: window.nextChange,
    awaitsVerified: window.awaitsVerified,
    change: changeOf(raw),
  };
}

function changeOf(raw: RuleFields): BundleChange {
  const { updated_at: at, updated_by: by, change_reason: reason } = raw;
  return {
    ...(typeof at === 'string' ? { at } : {}),
    ...(typeof by === 'string' ? { by } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}

function faultOf(raw: RuleFields): string | null {
  const type = raw['type'] ?? ALLOWLIST;
  if (typeof type !== 'string') return '`type` must be a string';
  // A policy of a type that we cannot evaluate takes no part: whatever else it says is that type's own business.
  const unknown = type === ALLOWLIST ? Object.keys(raw).find((key) => !POLICY_MEMBERS.has(key)) : undefined;
  if (unknown !== undefined) return `unknown member ${shown(unknown)}`;
  const status = raw['status'];
  if (!TAKES_PART.has(status) && !(typeof status === 'string' && TAKES_NO_PART.has(status))) {
    return `unknown status ${shownValue(status)}`;
  }
  const enabled = raw['enabled'];
  if (enabled !== undefined && typeof enabled !== 'boolean') return '`enabled` must be true or false';
  for (const key of ['valid_from', 'valid_until']) {
    if (Number.isNaN(instant(raw[key]))) return `\`${key}\` must be an RFC 3339 time`;
  }
  return scopeFault(raw['scope']) ?? allowlistFault(raw);
}

function scopeFault(scope: unknown): string | null {
  if (scope === undefined || scope === null) return null;
  if (!isObject(scope)) return '`scope` must be an object';
  const unknown = Object.keys(scope).find((key) => key !== 'teams');
  if (unknown !== undefined) return `unknown member ${shown(`scope.${unknown}`)}`;
  const teams = scope['teams'] ?? [];
  const strings = Array.isArray(teams) && teams.every((team) => typeof team === 'string');
  return strings ? null : '`scope.teams` must hold strings';
}

function allowlistFault(raw: RuleFields): string | null {
  const allowlist = raw['allowlist_v0'];
  if (allowlist === undefined) return null;
  if (raw['cedar_v1'] !== undefined) return 'a policy has either `allowlist_v0` or `cedar_v1`';
  if (!isObject(allowlist)) return '`allowlist_v0` must be an object';
  const unknown = Object.keys(allowlist).find((key) => key !== 'domain' && key !== 'rules');
  if (unknown !== undefined) return `unknown member ${shown(`allowlist_v0.${unknown}`)}`;
  const { domain, rules } = allowlist as { domain?: unknown; rules?: unknown };
  if (domain !== undefined && !isDomain(domain)) return '`allowlist_v0.domain` must be `network` or `filesystem`';
  return Array.isArray(rules) ? null : '`allowlist_v0.rules` must be an array';
}

/** The declared domain, else what its rules' actions say; rules that say nothing known could be about either. */
function domainsIn(allowlist: RuleFields | undefined, rules: readonly unknown[]): readonly Domain[] {
  const declared = allowlist?.['domain'];
  if (isDomain(declared)) return [declared];
  const known = new Set<Domain>();
  for (const rule of rules) {
    for (const domain of domainsOf(rule)) known.add(domain);
    if (known.size === DOMAINS.length) break;
  }
  return rules.length > 0 && known.size === 0 ? DOMAINS : DOMAINS.filter((domain) => known.has(domain));
}

function unsupportedCause(raw: RuleFields): string | null {
  const type = raw['type'] ?? ALLOWLIST;
  if (type === ALLOWLIST && raw['cedar_v1'] === undefined) return null;
  return `policy type ${shownValue(type === ALLOWLIST ? 'cedar_v1' : type)} is not supported`;
}

function inactiveCause(raw: RuleFields): string | null {
  if (raw['enabled'] === false) return 'disabled';
  const status = raw['status'];
  return typeof status === 'string' && TAKES_NO_PART.has(status) ? `status \`${status}\`` : null;
}

type Validity = Pick<PolicyDocument, 'inactive' | 'allowsInert' | 'nextChange' | 'awaitsVerified'>;

const ALWAYS: Validity = { inactive: null, allowsInert: null, nextChange: null, awaitsVerified: null };

function validity(raw: RuleFields, { now, verifiedNow }: Moment): Validity {
  const from = instant(raw['valid_from']);
  const until = instant(raw['valid_until']);
  if (from !== null && now < from) {
    return { ...ALWAYS, inactive: `not valid before ${shownValue(raw['valid_from'])}`, nextChange: from };
  }
  if (until === null || now < until) return { ...ALWAYS, nextChange: until };
  const cause = `not valid after ${shownValue(raw['valid_until'])}`;
  // A wall clock can be set; a deny ends only when a verified time has passed its end (delivery, "Time").
  const ended = verifiedNow !== null && verifiedNow >= until;
  if (ended) return { ...ALWAYS, inactive: cause };
  return { ...ALWAYS, allowsInert: cause, awaitsVerified: until };
}

function teamScope(
  raw: RuleFields,
  teams: readonly string[] | null,
): { allowsInert: string | null; deniesInert: string | null } {
  const wanted = ((raw['scope'] as RuleFields | null | undefined)?.['teams'] ?? []) as readonly string[];
  if (wanted.length === 0) return { allowsInert: null, deniesInert: null };
  if (teams === null) return { allowsInert: 'for a team, and this machine has no team list', deniesInert: null };
  if (wanted.some((team) => teams.includes(team))) return { allowsInert: null, deniesInert: null };
  return { allowsInert: 'for another team', deniesInert: 'for another team' };
}

/** An RFC 3339 time as milliseconds since the epoch; null = not given; NaN = not a time. */
export function instant(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return Number.NaN;
  const day = INSTANT.exec(value)?.[1];
  return day !== undefined && isDay(day) ? Date.parse(value) : Number.NaN;
}

/** `Date` carries the 30th of February over into March. */
function isDay(day: string): boolean {
  const start = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(start.getTime()) && start.toISOString().startsWith(day);
}

function isDomain(value: unknown): value is Domain {
  return value === 'network' || value === 'filesystem';
}

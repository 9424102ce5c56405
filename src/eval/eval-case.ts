import { shown } from '../base/shown.ts';
import { DOMAINS } from '../policy/action.ts';
import { builtinRules } from '../policy/builtin-rules.ts';
import { instant } from '../policy/policy-document.ts';
import type { HostFacts, PerDomain, PolicySet } from '../policy/policy-set.ts';
import { isObject } from '../policy/rule-shape.ts';
import { isPresetName, loadPreset, type PresetName } from '../sources/presets.ts';

/** One line of `reeve eval`, read: a whole policy set and one request. */
export interface EvalCase {
  /** Echoed; absent where the line had none. */
  readonly id?: string | number;
  readonly org: readonly unknown[];
  readonly policies: readonly unknown[];
  readonly local: readonly unknown[];
  readonly preset: PresetName;
  readonly teams: readonly string[] | null;
  readonly governed: Partial<PerDomain<boolean>>;
  readonly delegated: Partial<PerDomain<boolean>>;
  readonly home: string | null;
  readonly uid: number | null;
  /** Milliseconds since the epoch; counts as a verified time. */
  readonly now: number;
  readonly request: unknown;
}

export type EvalCaseReading =
  | { readonly kind: 'case'; readonly case: EvalCase }
  | { readonly kind: 'no_case'; readonly id?: string | number; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;

const MEMBERS = new Set('id governed delegated org policies teams local preset home uid now request'.split(' '));
/** Those of a system installation. */
const BUILTIN = builtinRules({ written: [], read: [] });
/** The owner of a `home` that came without `uid`: some ordinary user. */
const ORDINARY_UID = 1000;
const MAX_UID = 0xffff_fffe;

export function readEvalCase(value: unknown): EvalCaseReading {
  if (!isObject(value)) return { kind: 'no_case', message: 'a case is one JSON object a line' };
  const id = value['id'];
  const echo = isId(id) ? { id } : {};
  const fault = faultOf(value);
  if (fault !== null) return { kind: 'no_case', ...echo, message: fault };
  const { org = [], policies = [], local = [], teams = null, home = null, uid = null, now, preset } = value;
  return {
    kind: 'case',
    case: {
      ...echo,
      org: org as readonly unknown[],
      policies: policies as readonly unknown[],
      local: local as readonly unknown[],
      preset: isPresetName(preset) ? preset : 'locked-down',
      teams: teams as readonly string[] | null,
      governed: value['governed'] ?? {},
      delegated: value['delegated'] ?? {},
      home: home as string | null,
      uid: uid as number | null,
      now: typeof now === 'string' ? Date.parse(now) : Date.now(),
      request: value['request'],
    },
  };
}

function faultOf(fields: Fields): string | null {
  for (const key of Object.keys(fields)) {
    if (!MEMBERS.has(key)) return `unknown member ${shown(key)}`;
  }
  const { id, preset, home, uid, now } = fields;
  if (id !== undefined && !isId(id)) return '`id` must be a string or a number within ±(2^53−1)';
  for (const key of ['org', 'policies', 'local']) {
    if (fields[key] !== undefined && !Array.isArray(fields[key])) return `\`${key}\` must be an array`;
  }
  if (preset !== undefined && !isPresetName(preset)) return '`preset` must be open, balanced or locked-down';
  if (home !== undefined && (typeof home !== 'string' || !home.startsWith('/')))
    return '`home` must be an absolute path';
  if (uid !== undefined && !isUid(uid)) return '`uid` must be a user id';
  if (now !== undefined && (typeof now !== 'string' || Number.isNaN(instant(now)))) {
    return '`now` must be an RFC 3339 time';
  }
  if (fields['request'] === undefined) return '`request` is missing';
  return teamsFault(fields['teams']) ?? flagsFault(fields, 'governed') ?? flagsFault(fields, 'delegated');
}

function teamsFault(teams: unknown): string | null {
  if (teams === undefined || teams === null) return null;
  return Array.isArray(teams) && teams.every((team) => typeof team === 'string') ? null : '`teams` must hold strings';
}

function flagsFault(fields: Fields, key: 'governed' | 'delegated'): string | null {
  const flags = fields[key];
  if (flags === undefined) return null;
  if (!isObject(flags)) return `\`${key}\` must be an object`;
  for (const domain of Object.keys(flags)) {
    if (!DOMAINS.some((known) => known === domain)) return `\`${key}\` knows network and filesystem only`;
    if (typeof flags[domain] !== 'boolean') return `\`${key}.${domain}\` must be true or false`;
  }
  return null;
}

/** As on the socket (api, "Newline-delimited JSON"): beyond these bounds an echo would not be the same number. */
function isId(value: unknown): value is string | number {
  return typeof value === 'string' || (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER);
}

function isUid(value: unknown): value is number {
  return Number.isInteger(value) && typeof value === 'number' && value >= 0 && value <= MAX_UID;
}

/** The uid that asks: `home` belongs to `uid`; `home` alone is an ordinary user's, `uid` alone has no known home. */
export function askerOf({ home, uid }: EvalCase): number | null {
  // 65534 is nobody in particular, as for the daemon (Paths 6)
  return uid === 65_534 ? null : (uid ?? (home === null ? null : ORDINARY_UID));
}

/** What only a look at this machine's disk can tell. */
export type DiskFacts = Pick<HostFacts, 'links' | 'foldingMounts'>;

/** The case as the daemon would hold it: `org` and `policies` come from an org, `local` is a local file. */
export function policySetOf(value: EvalCase, disk: DiskFacts): PolicySet {
  const uid = askerOf(value);
  const preset = loadPreset(value.preset);
  return {
    revision: 'eval',
    now: value.now,
    verifiedNow: value.now,
    policies: [...value.org.map(policyAround), ...value.policies],
    teams: value.teams,
    governs: value.governed,
    wasGoverned: [],
    delegated: value.delegated,
    monitored: {},
    closed: {},
    staleness: 'fresh',
    expiresAt: null,
    local: [{ name: 'local', uid: null, rules: value.local }],
    preset,
    builtin: BUILTIN,
    host: {
      platform: process.platform === 'darwin' ? 'darwin' : 'linux',
      homes: new Map(value.home === null || uid === null ? [] : [[uid, value.home]]),
      ...disk,
      metadataAddresses: [],
      nat64Prefixes: [],
    },
    supportMessage: null,
    change: null,
  };
}

/** A bare org rule stands in a policy of its own, so that one case may hold rules of both domains. */
function policyAround(rule: unknown, position: number): unknown {
  const named = isObject(rule) && rule['id'] === undefined ? { ...rule, id: `#${position + 1}` } : rule;
  return { id: 'org', name: 'org', allowlist_v0: { rules: [named] } };
}

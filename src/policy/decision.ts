import type { Action } from './action.ts';

export type Effect = 'allow' | 'deny';

/** Where a rule comes from (semantics, 1). Listed in the order in which determining rules are named. */
export const ORIGINS = ['builtin', 'org', 'local', 'preset'] as const;
export type Origin = (typeof ORIGINS)[number];

export const ALLOW_CODES = ['org_allow', 'local_allow', 'preset_allow'] as const;

export const DENY_CODES = [
  'org_deny',
  'local_deny',
  'builtin_deny',
  'default_deny',
  'address_guard',
  'approval_required',
  'invalid_request',
  'unresolvable_path',
  'no_policy',
  'policy_stale',
  'policy_expired',
  'policy_invalid',
  'local_invalid',
  'org_conflict',
  'not_ready',
  'overloaded',
  'internal',
  'daemon_unavailable',
] as const;

export type AllowCode = (typeof ALLOW_CODES)[number];
export type DenyCode = (typeof DENY_CODES)[number];
/** Stable: clients and dashboards key on it (semantics, 6). */
export type DecisionCode = AllowCode | DenyCode;

/** The rule that determined an answer; `policy` is a policy id, a local file's name or a preset's name. */
export interface DeterminingRule {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly origin: Origin;
  readonly resource: string;
}

/** What was decided, after normalisation: the fields that the evaluator saw, and no others. */
export interface CanonicalRequest {
  readonly action: Action;
  readonly host?: string;
  readonly ip?: readonly string[];
  readonly port?: number;
  readonly path?: string;
  readonly real?: string;
  readonly recursive?: boolean;
  /** Whose home and own files were meant, where root asked for another user. */
  readonly uid?: number;
}

/** The whole answer (semantics, 6). Only `decision: 'allow'` may ever be read as allow. */
export interface Answer {
  readonly decision: Effect;
  readonly kind: 'explicit' | 'implicit' | 'error';
  readonly code: DecisionCode;
  /** One sentence for a person. */
  readonly reason: string;
  readonly rule?: DeterminingRule;
  readonly revision: string;
  readonly generation: number;
  readonly request?: CanonicalRequest;
  /** The exact path to open; only on an allowed filesystem request. */
  readonly resolved_path?: string;
  /** Network only: false when a name was judged without the address that will be dialled. */
  readonly ip_checked?: boolean;
  /** Milliseconds for which the answer may be reused; 0 = not at all. */
  readonly ttl_ms: number;
  readonly would_deny?: boolean;
  /** The organisation's own words, on a denial that its policy caused. */
  readonly support_message?: string;
}

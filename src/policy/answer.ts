import type { Domain } from './action.ts';
import type { AllowCode, Answer, DecisionCode, DenyCode, Origin } from './decision.ts';
import { canonicalOf, destinationText, type FilesystemRequest, type NetworkRequest } from './request.ts';
import { partsOf } from './rule-parts.ts';
import type { CompiledPolicy, Snapshot } from './snapshot.ts';
import type { Cause, Match } from './verdict.ts';

export const ALLOW_CODE: Readonly<Record<Origin, AllowCode>> = {
  builtin: 'preset_allow', // completes the table: builtin rules only deny
  org: 'org_allow',
  local: 'local_allow',
  preset: 'preset_allow',
};

/** Denials by what stands in a policy; every other denial but `default_deny` is an error (semantics, 6). */
const EXPLICIT_DENIALS: ReadonlySet<DecisionCode> = new Set<DenyCode>([
  'org_deny',
  'local_deny',
  'builtin_deny',
  'address_guard',
  'approval_required',
]);

/** Codes that mean: the organisation's own policy said no. */
const ORG_CODES: ReadonlySet<DecisionCode> = new Set<DenyCode>(['org_deny', 'approval_required']);

export type JudgedRequest = NetworkRequest | FilesystemRequest;

export function allowed(snapshot: Snapshot, request: JudgedRequest, grant: Match): Answer {
  const { rule, verdict } = partsOf(grant);
  return {
    decision: 'allow',
    kind: 'explicit',
    code: ALLOW_CODE[grant.layer.origin],
    reason: `${describe(request)}${verdict}`,
    rule,
    ...shared(snapshot, request),
    ...(request.kind === 'filesystem' && request.real.kind === 'real' ? { resolved_path: request.real.real } : {}),
    ttl_ms: request.kind === 'filesystem' ? 0 : snapshot.ttlMs,
  };
}

export interface Denial {
  readonly cause: Cause;
  /** Monitor mode: the answer is allow, and says that it would be a denial (semantics, 5). */
  readonly wouldDeny: boolean;
}

export function denied(snapshot: Snapshot, request: JudgedRequest, { cause, wouldDeny }: Denial): Answer {
  const { code } = cause;
  const rule = cause.match === null ? undefined : partsOf(cause.match).rule;
  const kind = kindOf(code);
  const supportMessage = supportOn(snapshot, request.kind, code);
  return {
    decision: wouldDeny ? 'allow' : 'deny',
    kind,
    code,
    reason: reasonOf(request, cause, wouldDeny),
    ...(rule === undefined ? {} : { rule }),
    ...shared(snapshot, request),
    ...(wouldDeny && request.kind === 'filesystem' && request.real.kind === 'real'
      ? { resolved_path: request.real.real }
      : {}),
    ttl_ms: wouldDeny || kind === 'error' || request.kind === 'filesystem' ? 0 : snapshot.ttlMs,
    ...(wouldDeny ? { would_deny: true } : {}),
    ...(supportMessage === null ? {} : { support_message: supportMessage }),
  };
}

/** The organisation's own words, on a denial that its policy caused; null = none. */
export function supportOn({ policy }: Snapshot, domain: Domain, code: DenyCode): string | null {
  return policy.supportMessage !== null && isByOrg(policy, domain, code) ? policy.supportMessage : null;
}

/** Whether the organisation's policy caused a denial: its people are the ones to ask. */
export function isByOrg(policy: CompiledPolicy, domain: Domain, code: DecisionCode): boolean {
  if (code === 'default_deny') return policy.domains[domain].governed;
  if (ORG_CODES.has(code)) return true;
  // its end, its age, or a rule of its own: one that cannot be evaluated may as well stand in a local file
  return policy.closures.some((closure) => closure.byOrg && closure.domain === domain && closure.code === code);
}

/** A value that means nothing: the question cannot be judged, so it is denied. */
export function invalidRequest(snapshot: Snapshot, reason: string): Answer {
  return errorAnswer(snapshot, 'invalid_request', reason);
}

/** A denial that no rule was asked for: overload, not ready, an invalid request. */
export function errorAnswer(snapshot: Snapshot, code: DenyCode, reason: string): Answer {
  const { policy, generation } = snapshot;
  return { decision: 'deny', kind: 'error', code, reason, revision: policy.revision, generation, ttl_ms: 0 };
}

function shared(
  snapshot: Snapshot,
  request: JudgedRequest,
): Pick<Answer, 'revision' | 'generation' | 'request' | 'ip_checked'> {
  return {
    revision: snapshot.policy.revision,
    generation: snapshot.generation,
    request: canonicalOf(request),
    // A name without its address was judged as a name only; the PEP pins what it dials (semantics, 4.3).
    ...(request.kind === 'network' ? { ip_checked: request.name === null || request.addresses.length > 0 } : {}),
  };
}

/** What kind of denial a code is. */
export function kindOf(code: DenyCode): Answer['kind'] {
  if (code === 'default_deny') return 'implicit';
  return EXPLICIT_DENIALS.has(code) ? 'explicit' : 'error';
}

function reasonOf(request: JudgedRequest, cause: Cause, wouldDeny: boolean): string {
  const text = cause.match === null ? cause.reason : `${describe(request)}${deniedBy(request, cause, cause.match)}`;
  return wouldDeny ? `${text}; let through in monitor mode` : text;
}

function deniedBy(request: JudgedRequest, { reason }: Cause, match: Match): string {
  const { rule, verdict, source } = partsOf(match);
  if (reason !== '') return ` is denied: ${reason} (${source})`;
  const meetsSubtree = request.kind === 'filesystem' && request.recursive;
  return meetsSubtree ? ` is denied: the subtree meets \`${rule.resource}\` (${source})` : verdict;
}

function describe(request: JudgedRequest): string {
  if (request.kind === 'network') return `${request.action} to ${destinationText(request)}`;
  return `${request.action} of ${request.recursive ? 'everything below ' : ''}${request.lexical}`;
}

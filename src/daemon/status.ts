import type { DecisionLogState } from '../audit/decision-log.ts';
import type { BundleChange, BundleTerms, StalenessLimits } from '../policy/bundle-terms.ts';
import type { Staleness } from '../policy/policy-set.ts';
import type { DomainState, Snapshot } from '../policy/snapshot.ts';
import type { LocalListing } from '../sources/local/local-layer.ts';
import type { SourceStatus } from '../sources/source.ts';
import type { PolicyReport, SupplyFacts } from './policy-messages.ts';

/** One thing that somebody should look at; the code is stable, the message is for a person. */
export interface StatusWarning {
  readonly code: string;
  readonly message: string;
}

/** What `GET /v1/status` answers: no secrets, times in RFC 3339. */
export interface DaemonStatus {
  readonly version: string;
  readonly pid: number;
  readonly started_at: string;
  readonly ready: boolean;
  readonly revision: string;
  readonly generation: number;
  readonly organisation: string | null;
  readonly source: SourceStatus | null;
  readonly domains: Readonly<Record<string, DomainStatus>>;
  readonly staleness: StalenessStatus;
  /** What the bundle says beside its policies; null = a listing, which says nothing, or none. */
  readonly bundle: BundleStatus | null;
  readonly preset: string;
  readonly local_files: readonly LocalListing[];
  readonly rules: { readonly active: number; readonly inactive: number };
  readonly peer_credentials: string;
  /** False for the governance API, which carries no version that only grows. */
  readonly rollback_protection: boolean;
  /** null = no decision is kept. */
  readonly decision_log: DecisionLogStatus | null;
  readonly warnings: readonly StatusWarning[];
}

/** Decisions since the start, and what became of them. */
export interface DecisionLogStatus {
  readonly recorded: number;
  readonly written: number;
  /** There was no room for them: more came than the log takes. */
  readonly dropped: number;
  /** They could not be written. */
  readonly lost: number;
  readonly queued: number;
  readonly last_error: string | null;
}

/** How old the policy is, and what comes of it. */
export interface StalenessStatus {
  readonly state: Staleness;
  /** Since what confirmed it last; null = nothing did, or it does not age. */
  readonly age_seconds: number | null;
  readonly confirmed_at: string | null;
  /** The next step of the ladder and when it comes; null = there is none. */
  readonly next: { readonly state: Staleness; readonly at: string } | null;
}

export interface BundleStatus {
  readonly issued_at: string;
  readonly expires_at: string;
  readonly support_message: string | null;
  /** Who made this revision, when and why. */
  readonly change: BundleChange | null;
}

export interface DomainStatus {
  readonly governed: boolean;
  readonly delegated: boolean;
  readonly mode: 'enforce' | 'monitor';
  /** Why everything in it is denied; null = it is not. */
  readonly closed: { readonly code: string; readonly reason: string } | null;
}

/** What makes the policies, as it was heard of last. */
export interface SupplyState {
  readonly facts: SupplyFacts;
  /** Of the policy that serves. */
  readonly report: PolicyReport;
  /** Why there is no thread; null = it runs. */
  readonly trouble: string | null;
}

export interface StatusInputs extends SupplyState {
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly snapshot: Snapshot | null;
  /** What the configuration says; null = no source. */
  readonly configuredOrg: string | null;
  readonly preset: string;
  readonly peerCredentials: string;
  readonly decisionLog: DecisionLogState | null;
}

export function statusOf(inputs: StatusInputs): DaemonStatus {
  const { snapshot, facts, report } = inputs;
  return {
    version: inputs.version,
    pid: process.pid,
    started_at: new Date(inputs.startedAt).toISOString(),
    ready: snapshot !== null,
    revision: snapshot?.policy.revision ?? 'none',
    generation: snapshot?.generation ?? 0,
    organisation: inputs.configuredOrg ?? facts.organisation,
    source: facts.source,
    domains: snapshot === null ? {} : domainsOf(snapshot),
    staleness: stalenessStatus(inputs),
    bundle: facts.terms === null ? null : bundleStatus(facts.terms),
    preset: inputs.preset,
    local_files: facts.localFiles,
    rules: { active: report.active, inactive: report.inactive },
    peer_credentials: inputs.peerCredentials,
    rollback_protection: facts.rollbackProtection,
    decision_log: logStatusOf(inputs.decisionLog),
    warnings: [
      ...troubleWarnings(inputs.trouble),
      ...logWarnings(inputs.decisionLog),
      ...(facts.source?.warnings ?? []),
      ...stalenessWarnings(snapshot?.policy.staleness ?? 'fresh', facts.limits),
      ...shadowWarnings(facts.terms),
      ...facts.localWarnings.map((message) => ({ code: 'local_files', message })),
      ...policyWarnings(report),
    ],
  };
}

function troubleWarnings(trouble: string | null): readonly StatusWarning[] {
  if (trouble === null) return [];
  const message = `no policy is made at the moment, and the last one serves: ${trouble}; it is tried again`;
  return [{ code: 'policy_thread_lost', message }];
}

function logStatusOf(state: DecisionLogState | null): DecisionLogStatus | null {
  if (state === null) return null;
  const { recorded, written, dropped, lost, queued, lastError } = state;
  return { recorded, written, dropped, lost, queued, last_error: lastError?.message ?? null };
}

function logWarnings(state: DecisionLogState | null): readonly StatusWarning[] {
  if (state === null || state.lastError === null) return [];
  return [{ code: 'decision_log', message: `decisions are made, and cannot be kept: ${state.lastError.message}` }];
}

function stalenessStatus({ snapshot, facts, now }: StatusInputs): StalenessStatus {
  const state = snapshot?.policy.staleness ?? 'fresh';
  const { confirmedAt, limits } = facts;
  if (confirmedAt === null) return { state, age_seconds: null, confirmed_at: null, next: null };
  const steps = [
    { state: 'warn', after: limits.warnAfterMs },
    { state: 'restrict', after: limits.restrictAfterMs },
    { state: 'block', after: limits.blockAfterMs },
  ] as const;
  const next = steps.find(({ after }) => confirmedAt + after > now);
  return {
    state,
    age_seconds: Math.max(0, Math.round((now - confirmedAt) / 1000)),
    confirmed_at: timeText(confirmedAt),
    next: next === undefined ? null : { state: next.state, at: timeText(confirmedAt + next.after) },
  };
}

function bundleStatus({ issuedAt, expiresAt, supportMessage, change }: BundleTerms): BundleStatus {
  return { issued_at: timeText(issuedAt), expires_at: timeText(expiresAt), support_message: supportMessage, change };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

/** `30 days`, `12 hours`, `90 s`. */
function durationText(ms: number): string {
  for (const [unit, length] of [
    ['days', 86_400_000],
    ['hours', 3_600_000],
  ] as const) {
    if (ms >= length && ms % length === 0) return `${ms / length} ${ms === length ? unit.slice(0, -1) : unit}`;
  }
  return `${Math.round(ms / 1000)} s`;
}

function domainsOf({ policy }: Snapshot): Record<string, DomainStatus> {
  const statusOfDomain = ([name, state]: [string, DomainState]): [string, DomainStatus] => {
    const closure = policy.closures.find((found) => found.domain === name && found.uid === null);
    const closed = closure === undefined ? null : { code: closure.code, reason: closure.reason };
    const { governed, delegated, monitored } = state;
    return [name, { governed, delegated, mode: monitored ? 'monitor' : 'enforce', closed }];
  };
  return Object.fromEntries(Object.entries(policy.domains).map(statusOfDomain));
}

/** What each step of the ladder costs (delivery, "Staleness"). */
const STALENESS_COSTS: Readonly<Record<Staleness, string | null>> = {
  fresh: null,
  warn: 'see the last error of the source',
  restrict: 'delegation, monitor mode and local allows beside them are off; see the last error of the source',
  block: 'the governed domains are closed; reconnect this machine to its policy source',
};

function stalenessWarnings(state: Staleness, limits: StalenessLimits): readonly StatusWarning[] {
  const cost = STALENESS_COSTS[state];
  if (cost === null || state === 'fresh') return [];
  const after = { warn: limits.warnAfterMs, restrict: limits.restrictAfterMs, block: limits.blockAfterMs }[state];
  return [{ code: 'policy_aging', message: `nothing has confirmed the policy for ${durationText(after)}: ${cost}` }];
}

function shadowWarnings(terms: BundleTerms | null): readonly StatusWarning[] {
  if (terms?.shadow !== true) return [];
  const message = 'the bundle carries a next one to try beside it, and this version does not evaluate it';
  return [{ code: 'shadow_not_evaluated', message }];
}

function policyWarnings({ warnings, warningCount }: PolicyReport): readonly StatusWarning[] {
  const left = warningCount - warnings.length;
  if (left <= 0) return warnings;
  const more = { code: 'more_warnings', message: `${left} more: see \`reeve rules ls --include-inactive\`` };
  return [...warnings, more];
}

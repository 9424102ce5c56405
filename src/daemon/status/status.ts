import type { DecisionLogState } from '../../audit/decision-log.ts';
import type { RuleCounts } from '../../policy/compilation.ts';
import type { Staleness } from '../../policy/policy-set.ts';
import type { DomainState, Snapshot } from '../../policy/snapshot.ts';
import type { LocalListing } from '../../sources/local/local-layer.ts';
import type { SourceStatus } from '../../sources/source.ts';
import type { SourceConfig } from '../config/daemon-config.ts';
import type { PolicyReport, SupplyFacts } from '../policy/policy-messages.ts';
import { type BundleStatus, bundleStatus, type StalenessStatus, stalenessStatus } from './status-age.ts';
import { type MountsStatus, mountsStatus } from './status-mounts.ts';
import { type DaemonState, stateOf } from './status-state.ts';
import {
  credentialsWarnings,
  type ListedWarning,
  listed,
  logWarnings,
  mountWarnings,
  policyWarnings,
  reloadWarnings,
  type StatusWarning,
  shadowWarnings,
  stalenessWarnings,
  troubleWarnings,
} from './status-warnings.ts';

/** What `GET /v1/status` answers: no secrets, times in RFC 3339. */
export interface DaemonStatus {
  /** The worst that holds, in a word. */
  readonly state: DaemonState;
  readonly version: string;
  readonly pid: number;
  readonly started_at: string;
  readonly ready: boolean;
  readonly revision: string;
  readonly generation: number;
  readonly organisation: string | null;
  readonly source: (SourceStatus & { readonly location: string | null }) | null;
  readonly domains: Readonly<Record<string, DomainStatus>>;
  readonly staleness: StalenessStatus;
  /** What the bundle says beside its policies; null = a listing, which says nothing, or none. */
  readonly bundle: BundleStatus | null;
  readonly preset: string;
  readonly local_files: readonly LocalListing[];
  readonly rules: RuleCounts & { readonly local: RuleCounts };
  readonly peer_credentials: string;
  /** Whether this daemon sees the same files as the rest of the machine (semantics, Paths 2). */
  readonly mounts: MountsStatus;
  /** False for the governance API, which carries no version that only grows. */
  readonly rollback_protection: boolean;
  /** null = no decision is kept. */
  readonly decision_log: DecisionLogStatus | null;
  readonly warnings: readonly ListedWarning[];
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
  /** Nothing can be kept at the moment. */
  readonly failing: boolean;
  /** It stays after the log works again. */
  readonly last_error: string | null;
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
  readonly configuredSource: SourceConfig | null;
  readonly preset: string;
  readonly peerCredentials: string;
  readonly decisionLog: DecisionLogState | null;
  /** Why the configuration file says something else than what serves; null = it does not. */
  readonly reloadRefusal: string | null;
  /** Why callers cannot reach a socket; none = they can. */
  readonly socketTroubles: readonly string[];
}

export function statusOf(inputs: StatusInputs): DaemonStatus {
  const { snapshot, facts, report } = inputs;
  const staleness = snapshot?.policy.staleness ?? 'fresh';
  const domains = snapshot === null ? {} : domainsOf(snapshot);
  const warnings = warningsOf(inputs, staleness).map(listed);
  return {
    state: stateOf({ ready: snapshot !== null, domains, staleness, source: facts.source, warnings }),
    version: inputs.version,
    pid: process.pid,
    started_at: new Date(inputs.startedAt).toISOString(),
    ready: snapshot !== null,
    revision: snapshot?.policy.revision ?? 'none',
    generation: snapshot?.generation ?? 0,
    organisation: inputs.configuredSource?.org ?? facts.organisation,
    source: facts.source === null ? null : { ...facts.source, location: locationOf(inputs.configuredSource) },
    domains,
    staleness: stalenessStatus(staleness, facts, inputs.now),
    bundle: facts.terms === null ? null : bundleStatus(facts.terms),
    preset: inputs.preset,
    local_files: facts.localFiles,
    rules: { active: report.active, inactive: report.inactive, local: report.local },
    peer_credentials: inputs.peerCredentials,
    mounts: mountsStatus(facts.mounts),
    rollback_protection: facts.rollbackProtection,
    decision_log: logStatusOf(inputs.decisionLog),
    warnings,
  };
}

function warningsOf(
  { trouble, decisionLog, facts, report, peerCredentials, reloadRefusal, socketTroubles }: StatusInputs,
  staleness: Staleness,
): readonly StatusWarning[] {
  return [
    ...troubleWarnings(trouble),
    ...reloadWarnings(reloadRefusal),
    ...socketTroubles.map((message) => ({ code: 'socket_lost', message }) as const),
    ...mountWarnings(facts.mounts),
    ...logWarnings(decisionLog),
    ...credentialsWarnings(peerCredentials),
    ...(facts.source?.warnings ?? []),
    ...stalenessWarnings(staleness, facts),
    ...shadowWarnings(facts.terms),
    ...facts.localWarnings.map((message) => ({ code: 'local_files', message }) as const),
    ...policyWarnings(report),
  ];
}

/** Where the policy comes from, as far as everybody may know: a path of a URL may hold what is meant for nobody. */
function locationOf(source: SourceConfig | null): string | null {
  if (source === null) return null;
  return source.type === 'file' ? source.path : new URL(source.baseUrl).host;
}

function logStatusOf(state: DecisionLogState | null): DecisionLogStatus | null {
  if (state === null) return null;
  const { recorded, written, dropped, lost, queued, failing, lastError } = state;
  return { recorded, written, dropped, lost, queued, failing, last_error: lastError?.message ?? null };
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

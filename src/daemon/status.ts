import type { Staleness } from '../policy/policy-set.ts';
import type { DomainState, PolicyWarning, Snapshot } from '../policy/snapshot.ts';
import type { SourceStatus } from '../sources/governance/source.ts';
import type { LocalListing } from '../sources/local/local-layer.ts';
import type { LastSync } from '../store/sync-rows.ts';

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
  readonly staleness: { readonly state: Staleness; readonly age_seconds: number | null };
  readonly preset: string;
  readonly local_files: readonly LocalListing[];
  readonly rules: { readonly active: number; readonly inactive: number };
  readonly peer_credentials: string;
  /** The governance API carries no version that only grows. */
  readonly rollback_protection: boolean;
  readonly warnings: readonly StatusWarning[];
}

export interface DomainStatus {
  readonly governed: boolean;
  readonly delegated: boolean;
  readonly mode: 'enforce' | 'monitor';
  /** Why everything in it is denied; null = it is not. */
  readonly closed: { readonly code: string; readonly reason: string } | null;
}

export interface StatusInputs {
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly snapshot: Snapshot | null;
  readonly organisation: string | null;
  readonly source: SourceStatus | null;
  readonly lastSync: LastSync | null;
  readonly preset: string;
  readonly local: { readonly listing: readonly LocalListing[]; readonly warnings: readonly string[] };
  readonly peerCredentials: string;
}

/** The most warnings of one kind that are listed one by one. */
const MAX_POLICY_WARNINGS = 50;

export function statusOf(inputs: StatusInputs): DaemonStatus {
  const { snapshot, lastSync, local } = inputs;
  const listing = snapshot?.policy.listing ?? [];
  const active = listing.filter((rule) => rule.active).length;
  return {
    version: inputs.version,
    pid: process.pid,
    started_at: new Date(inputs.startedAt).toISOString(),
    ready: snapshot !== null,
    revision: snapshot?.policy.revision ?? 'none',
    generation: snapshot?.generation ?? 0,
    organisation: inputs.organisation,
    source: inputs.source,
    domains: snapshot === null ? {} : domainsOf(snapshot),
    staleness: {
      state: snapshot?.policy.staleness ?? 'fresh',
      age_seconds: lastSync === null ? null : Math.max(0, Math.round((inputs.now - lastSync.completedAt) / 1000)),
    },
    preset: inputs.preset,
    // Anybody may ask for the status: the names in a user's own directory are that user's business.
    local_files: local.listing.filter((file) => file.uid === null),
    rules: { active, inactive: listing.length - active },
    peer_credentials: inputs.peerCredentials,
    rollback_protection: false,
    warnings: [
      ...(inputs.source?.warnings ?? []),
      ...stalenessWarnings(snapshot?.policy.staleness ?? 'fresh'),
      ...local.warnings.map((message) => ({ code: 'local_files', message })),
      ...policyWarnings(snapshot?.policy.warnings ?? []),
    ],
  };
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
const STALENESS_MESSAGES: Readonly<Record<Staleness, string | null>> = {
  fresh: null,
  warn: 'the policy source has not confirmed the policy for a day: see its last error',
  restrict: 'the policy source has not confirmed the policy for a week: delegation and monitor mode are off',
  block: 'the policy source has not confirmed the policy for 30 days: the governed domains are closed',
};

function stalenessWarnings(state: Staleness): readonly StatusWarning[] {
  const message = STALENESS_MESSAGES[state];
  return message === null ? [] : [{ code: 'policy_aging', message }];
}

function policyWarnings(warnings: readonly PolicyWarning[]): readonly StatusWarning[] {
  const left = warnings.length - MAX_POLICY_WARNINGS;
  if (left <= 0) return warnings;
  const more = { code: 'more_warnings', message: `${left} more: see \`reeve rules ls --include-inactive\`` };
  return [...warnings.slice(0, MAX_POLICY_WARNINGS), more];
}

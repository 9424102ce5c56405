import type { SourceStatus } from '../../sources/source.ts';
import type { DaemonStatus, DecisionLogStatus } from '../status/status.ts';
import type { Sample, Samples } from './exposition.ts';

const STALENESS = ['fresh', 'warn', 'restrict', 'block'] as const;

/** What the status says, as numbers: the two cannot disagree. */
export function statusSamples(status: DaemonStatus): Samples {
  return {
    reeve_build_info: [{ labels: { version: status.version }, value: 1 }],
    reeve_ready: flagged(status.ready),
    process_start_time_seconds: instant(status.started_at),
    ...policySamples(status),
    ...syncSamples(status.source),
    ...logSamples(status.decision_log),
  };
}

function policySamples(status: DaemonStatus): Samples {
  const { revision, generation, organisation, rules, staleness, bundle, warnings } = status;
  const codes = countBy(warnings.map(({ code }) => code));
  return {
    reeve_policy_info: [{ labels: { revision, organisation: organisation ?? '' }, value: 1 }],
    reeve_policy_generation: [{ value: generation }],
    reeve_policy_rules: (['active', 'inactive'] as const).map((state) => ({ labels: { state }, value: rules[state] })),
    reeve_policy_age_seconds: known(staleness.age_seconds),
    reeve_policy_staleness: STALENESS.map((state) => ({ labels: { state }, value: Number(state === staleness.state) })),
    reeve_policy_expires_timestamp_seconds: instant(bundle?.expires_at ?? null),
    reeve_policy_thread_up: flagged(!codes.has('policy_thread_lost')),
    ...domainSamples(status),
    reeve_local_files: byLabel('state', countBy(status.local_files.map(({ state }) => state))),
    reeve_warnings: byLabel('code', codes),
  };
}

function domainSamples({ domains }: DaemonStatus): Samples {
  const entries = Object.entries(domains);
  const of = (holds: (state: DaemonStatus['domains'][string]) => boolean): readonly Sample[] =>
    entries.map(([domain, state]) => ({ labels: { domain }, value: Number(holds(state)) }));
  return {
    reeve_domain_governed: of(({ governed }) => governed),
    reeve_domain_monitored: of(({ mode }) => mode === 'monitor'),
    reeve_domain_closed: of(({ closed }) => closed !== null),
  };
}

function syncSamples(source: SourceStatus | null): Samples {
  if (source === null) return {};
  const { state, runs, last_error: error } = source;
  return {
    reeve_sync_runs_total: Object.entries(runs).map(([result, value]) => ({ labels: { result }, value })),
    reeve_sync_failing: flagged(state === 'failing'),
    reeve_sync_last_error_info: error === null ? [] : [{ labels: { stage: error.stage, code: error.code }, value: 1 }],
    reeve_sync_last_success_timestamp_seconds: instant(source.last_success),
    reeve_sync_next_attempt_timestamp_seconds: instant(source.next_attempt),
  };
}

function logSamples(log: DecisionLogStatus | null): Samples {
  if (log === null) return {};
  return {
    reeve_decision_log_decisions_total: (['recorded', 'written', 'dropped', 'lost'] as const).map((result) => ({
      labels: { result },
      value: log[result],
    })),
    reeve_decision_log_queued: [{ value: log.queued }],
    reeve_decision_log_failing: flagged(log.failing),
  };
}

function flagged(holds: boolean): readonly Sample[] {
  return [{ value: Number(holds) }];
}

function known(value: number | null): readonly Sample[] {
  return value === null ? [] : [{ value }];
}

/** Of an RFC 3339 text, in seconds since the epoch. */
function instant(text: string | null): readonly Sample[] {
  return text === null ? [] : [{ value: Date.parse(text) / 1_000 }];
}

function countBy(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function byLabel(name: string, counts: ReadonlyMap<string, number>): readonly Sample[] {
  return [...counts].map(([label, value]) => ({ labels: { [name]: label }, value }));
}

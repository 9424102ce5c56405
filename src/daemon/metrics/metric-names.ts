export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One line, for a person. */
  readonly help: string;
  readonly labels: readonly string[];
  /** Names of rules are for those who may read the policy: not on the decide socket (api, "Files and who may what"). */
  readonly on?: 'admin';
}

const counter = (help: string, ...labels: readonly string[]): MetricSpec => ({ type: 'counter', help, labels });
const gauge = (help: string, ...labels: readonly string[]): MetricSpec => ({ type: 'gauge', help, labels });
const histogram = (help: string, ...labels: readonly string[]): MetricSpec => ({ type: 'histogram', help, labels });
const adminOnly = (spec: MetricSpec): MetricSpec => ({ ...spec, on: 'admin' });

const PROCESS = {
  reeve_build_info: gauge('Always 1; the version of the daemon.', 'version'),
  reeve_ready: gauge('1 while there is a policy to decide by.'),
  process_start_time_seconds: gauge('When the daemon was started.'),
  process_cpu_seconds_total: counter('Processor time of all threads.'),
  process_resident_memory_bytes: gauge('Memory of the process that is in use.'),
  reeve_event_loop_lag_seconds: histogram(
    'How late the answering thread came to a task that was due; looked at once a second.',
  ),
  reeve_event_loop_busy_seconds_total: counter('How long the answering thread has been at work.'),
  reeve_threads_lost: gauge('Threads that are stuck in a system call.'),
} as const;

const POLICY = {
  reeve_policy_info: gauge('Always 1; the revision that serves, and whose it is.', 'revision', 'organisation'),
  reeve_policy_generation: gauge('The generation that serves; one more with each change of the policy.'),
  reeve_policy_rules: gauge('Rules that serve, by whether they take part.', 'state'),
  reeve_policy_age_seconds: gauge('Time since the policy was confirmed; absent where it does not age.'),
  reeve_policy_staleness: gauge('1 for the step of the staleness ladder that is in force.', 'state'),
  reeve_policy_expires_timestamp_seconds: gauge('When the bundle that serves ends; absent without one.'),
  reeve_policy_thread_up: gauge('1 while the thread runs that pulls and compiles policies.'),
  reeve_domain_governed: gauge('1 where the organisation governs the domain.', 'domain'),
  reeve_domain_monitored: gauge('1 where denials are reported and not enforced.', 'domain'),
  reeve_domain_closed: gauge('1 while everything in the domain is denied.', 'domain'),
  reeve_local_files: gauge('Local override files that count for everybody.', 'state'),
  reeve_warnings: gauge('Warnings of the status.', 'code'),
} as const;

const SYNC = {
  reeve_sync_runs_total: counter('Runs of the policy source since the thread for policies started.', 'result'),
  reeve_sync_failing: gauge('1 while the last run of the source failed.'),
  reeve_sync_last_error_info: gauge('Always 1, while the source fails; the newest failure.', 'stage', 'code'),
  reeve_sync_last_success_timestamp_seconds: gauge('When the last complete sync ended.'),
  reeve_sync_next_attempt_timestamp_seconds: gauge('When the source is asked next; absent while it is being asked.'),
} as const;

const DECISIONS = {
  reeve_decisions_total: counter('Decisions made.', 'domain', 'outcome', 'code'),
  reeve_decision_duration_seconds: histogram(
    'From a question that was read to its answer, with waiting for a disk, without the way through the socket.',
    'outcome',
  ),
  reeve_decisions_refused_total: counter('Questions that got no decision.', 'code'),
  reeve_rule_hits_total: adminOnly(counter('Decisions that a rule determined.', 'origin', 'policy', 'rule', 'name')),
  reeve_rule_hits_other_total: adminOnly(counter('Decisions that other rules than those listed determined.')),
} as const;

const QUEUES = {
  reeve_connections: gauge('Open connections of both sockets.'),
  reeve_connections_waiting: gauge('Connections with input that wait for their turn.'),
  reeve_questions_waiting: gauge('Questions of the line framing that wait for a disk or a home.'),
  reeve_path_lookups_waiting: gauge('Paths that wait to be looked up.'),
  reeve_decision_log_decisions_total: counter('Decisions for the log, by what became of them.', 'result'),
  reeve_decision_log_queued: gauge('Decisions that are not written yet.'),
  reeve_decision_log_failing: gauge('1 while decisions cannot be kept.'),
} as const;

/** Every metric of the daemon, in the order in which they are written; docs/metrics.md is made of it. */
export const METRICS = { ...PROCESS, ...POLICY, ...SYNC, ...DECISIONS, ...QUEUES } as const;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

import { type CatalogueEntry, fault, warning } from './catalogue-entry.ts';

/** What can be wrong with what a daemon decides, with what it decides by, and with who asks it. */
export const POLICY_FINDINGS = {
  decision_failed: fault(
    'decisions',
    'the daemon did not decide a plain question',
    'restart the daemon, and see its log',
  ),
  domain_closed: fault('decisions', 'everything in a domain is denied', 'see the reason'),
  explain_disagrees: fault(
    'decisions',
    '`explain` and `decide` say different things',
    'this is a defect: report it with `reeve bugreport`',
  ),
  other_configuration: fault(
    'decisions',
    'the daemon that answers does not protect the files of this configuration: it runs with another one',
    'restart the daemon with this configuration, or name the one it has with `--config`',
  ),
  metadata_open: warning(
    'decisions',
    'the cloud’s metadata service may be reached, which hands out credentials',
    'see `reeve explain network 169.254.169.254:80`',
  ),
  slow_decisions: warning('decisions', 'decisions take long', 'see what else keeps this machine busy'),

  policy_stale: fault('policy', 'nothing has confirmed the policy for so long that it is cut', 'mend the source'),
  policy_aging: warning('policy', 'nothing has confirmed the policy for a while', 'mend the source'),
  policy_expiring: warning('policy', 'what is in force ends soon, and then denies', 'have it published anew'),
  would_close: fault(
    'policy',
    'with this configuration a daemon would deny everything in a domain',
    'see the reason; the daemon that runs now may not know yet',
  ),
  daemon_fault: fault('policy', 'the daemon says that something does not work', 'docs/status.md lists what it says'),
  daemon_warning: warning('policy', 'the daemon says what somebody should know', 'docs/status.md lists what it says'),

  local_file_refused: fault(
    'local files',
    'rules that somebody wrote are not in force as written',
    'correct the file; `reeve local validate FILE` says what is wrong',
  ),
  local_files_warning: warning('local files', 'not everything could be looked at', 'do what the message says'),

  source_fetch: fault('source', 'no policy can be fetched', 'see the cause'),
  source_verify: fault('source', 'what is fetched is not believed', 'see the cause'),
  source_store: fault('source', 'what was verified cannot be stored', 'see the state directory and its disk'),
  source_compile: fault('source', 'the policy cannot be compiled', 'see the message; the last one serves'),
  source_activate: fault('source', 'the policy does not become active', 'see the message; the last one serves'),
  source_resting: warning('source', 'the server wants to be left alone for a while', 'wait for so long'),
  daemon_behind: fault(
    'source',
    'the daemon serves something else than its source offers',
    '`reeve sync`, then `reeve status`; restart the daemon if it stays',
  ),

  log_not_written: fault('log', 'a decision does not appear in the log', 'see the disk, and the log of the daemon'),
  log_troubled: fault('log', 'decisions cannot be kept', 'do what the message says'),
  log_broken: fault(
    'log',
    'records of the log were changed or removed',
    'keep a copy of log.db for whoever looks into it, then move it away',
  ),
  log_unreadable: fault('log', 'the log cannot be read', 'do what the message says'),
  log_was_troubled: warning('log', 'decisions could not be kept for a while', 'see `reeve log --type gap`'),
  log_lossy: warning('log', 'some decisions were not kept', 'see whether the disk is slow, or who asks so often'),

  clock_behind: fault(
    'clock',
    'the clock is behind a time that was already seen or signed',
    'set the clock: what expires, and how old the policy is, depend on it',
  ),
  clock_ahead: fault('clock', 'the clock is ahead of the policy server’s', 'set the clock: policies age too early'),

  client_fails_open: fault(
    'clients',
    'an agent goes on when its hook cannot ask reeve',
    'do what the message says: a hook that breaks has to block',
  ),
  client_caches: fault(
    'clients',
    'an enforcement point keeps answers longer than they hold',
    'set `ttl=0 negative_ttl=0`',
  ),
  client_settings_broken: fault(
    'clients',
    'the settings of an enforcement point are not read, and its defaults count',
    'correct the file',
  ),
  client_bypasses: warning(
    'clients',
    'some hosts are allowed without asking reeve',
    'leave that list empty, so that reeve is asked',
  ),
  client_not_connected: warning(
    'clients',
    'an agent on this machine does not ask reeve',
    'connect its hook, or run it in a sandbox that asks',
  ),
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

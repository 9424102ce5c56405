/** What `reeve doctor` looks at, in this order. */
export const CHECKS = [
  'configuration',
  'state',
  'sockets',
  'daemon',
  'decisions',
  'policy',
  'local files',
  'source',
  'log',
  'clock',
  'clients',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** A fault is something that does not work, or protects nobody; a warning is something that somebody should know. */
export type Severity = 'fault' | 'warning';

interface Entry {
  readonly check: CheckName;
  readonly severity: Severity;
  /** What it means; the message of a finding says what was seen. */
  readonly what: string;
  /** What to do next. */
  readonly mend: string;
}

const fault = (check: CheckName, what: string, mend: string): Entry => ({ check, severity: 'fault', what, mend });
const warning = (check: CheckName, what: string, mend: string): Entry => ({ check, severity: 'warning', what, mend });

/** Every finding there is, by its stable code; docs/doctor.md is made of it. */
export const CATALOGUE = {
  check_failed: fault(
    'configuration',
    'a check broke off',
    'see the message; `reeve bugreport` gathers what a report needs',
  ),
  check_hung: fault(
    'configuration',
    'a check did not end in time',
    'see what it waits for: a disk, a mount, a name service',
  ),
  no_configuration: fault('configuration', 'there is no configuration file', 'make one with `reeve init`'),
  config_untrusted: fault(
    'configuration',
    'somebody else could write the configuration, or what it trusts',
    'give the named file or directory to root (or this user), and take group and other write away',
  ),
  config_invalid: fault(
    'configuration',
    'the daemon would not start with this file',
    'correct the members that are named',
  ),
  config_refused: fault('configuration', 'the configuration cannot be used here', 'do what the message says'),

  state_missing: fault('state', 'there is no state directory', 'start the daemon, which makes it'),
  state_untrusted: fault(
    'state',
    'somebody else could put another database there',
    'give the directory to the daemon’s user: chmod 700',
  ),
  state_readable: fault(
    'state',
    'a file that only the daemon may read is open to others',
    'chmod 600 the file: it names every host and path that was asked for',
  ),
  state_unwritable: fault(
    'state',
    'nothing can be written there, so that no policy can be activated',
    'mount it writable, or give it to the daemon’s user',
  ),
  state_unusable: fault(
    'state',
    'a daemon would not start with this state',
    'do what the message says; `reeve reset` gives up what is stored',
  ),
  state_not_believed: fault(
    'state',
    'what is stored is not what was served last, or no longer signed by anybody who is trusted',
    'let a sync bring the policy anew; if it stays, `reeve reset`',
  ),
  disk_full: fault('state', 'there is no room for state and log', 'make room on that disk'),
  disk_low: warning(
    'state',
    'room for state and log is getting scarce',
    'make room, or lower `decision_log.max_megabytes`',
  ),

  socket_directory_open: fault(
    'sockets',
    'somebody else could put another socket in its place',
    'chmod go-w the directory',
  ),
  socket_replaced: fault('sockets', 'something else stands in the socket’s place', 'remove it, and restart the daemon'),
  socket_closed: fault(
    'sockets',
    'those who should be able to ask are not',
    'restart the daemon: it sets the mode when it binds',
  ),
  socket_open: fault(
    'sockets',
    'others than the owner can reach a socket that changes state',
    'restart the daemon: it sets the mode when it binds',
  ),

  daemon_not_running: fault(
    'daemon',
    'nobody listens at the socket',
    'start it: `reeve service status`, or `reeve daemon`',
  ),
  daemon_silent: fault('daemon', 'somebody listens at the socket and does not answer', 'restart the daemon'),
  daemon_strange: fault('daemon', 'what answers is no daemon of ours', 'see who listens there: ss -xlp'),
  socket_refused: fault('daemon', 'clients do not trust this socket', 'do what the message says'),
  not_ready: fault('daemon', 'there is no policy to decide by yet', 'see the log of the daemon'),
  other_version: warning('daemon', 'the daemon is another version than this command', 'restart the daemon'),
  config_not_loaded: warning(
    'daemon',
    'the configuration was changed after the daemon read it',
    'reload it with SIGHUP, or restart the daemon',
  ),
  no_peer_credentials: warning(
    'daemon',
    'the daemon cannot tell who asks: socket modes alone protect it',
    'install the optional dependency koffi',
  ),

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
  daemon_warning: warning('policy', 'the daemon has a warning', 'docs/api.md lists them'),

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
} as const satisfies Readonly<Record<string, Entry>>;

export type FindingCode = keyof typeof CATALOGUE;

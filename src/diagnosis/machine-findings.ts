import { type CatalogueEntry, fault, warning } from './catalogue-entry.ts';

/** What can be wrong with an installation: its files, its sockets, its process. */
export const MACHINE_FINDINGS = {
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

  state_missing: fault(
    'state',
    'there is no state directory',
    'start the daemon, or restart the one that runs: it makes it',
  ),
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
  socket_replaced: fault(
    'sockets',
    'something else stands in the socket’s place',
    'remove it: the daemon takes its place again',
  ),
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

  service_not_installed: warning(
    'service',
    'nobody starts the daemon again after a reboot or a crash',
    'install it: `reeve service install`',
  ),
  service_outdated: warning(
    'service',
    'the service is not the one that this version would install',
    'run `reeve service install` again',
  ),
  service_down: fault(
    'service',
    'the service manager does not have it running',
    'see `journalctl -u reeve`, then start it',
  ),
  service_disabled: warning('service', 'it does not start with the machine', 'enable it: `reeve service install`'),
  service_restarted: warning(
    'service',
    'the daemon broke down or hung, and was started again',
    'see `journalctl -u reeve`',
  ),

  daemon_not_running: fault(
    'daemon',
    'nobody listens at the socket',
    'start it: `reeve service install`, or `reeve daemon --config FILE`',
  ),
  socket_lost: fault(
    'daemon',
    'the daemon runs, and callers do not reach it at its decide socket',
    'remove what stands there: within seconds the daemon takes its place again; if it does not, restart it',
  ),
  daemon_silent: fault('daemon', 'somebody listens at the socket and does not answer', 'restart the daemon'),
  daemon_strange: fault('daemon', 'what answers is no daemon of ours', 'see who listens there: ss -xlp'),
  socket_refused: fault('daemon', 'clients do not trust this socket', 'do what the message says'),
  not_ready: fault('daemon', 'there is no policy to decide by yet', 'see the log of the daemon'),
  other_version: warning('daemon', 'the daemon is another version than this command', 'restart the daemon'),
  config_not_loaded: warning(
    'daemon',
    'the daemon goes by something else than this configuration says',
    'reload it (`systemctl reload reeve`, or SIGHUP), or restart the daemon',
  ),
  no_peer_credentials: warning(
    'daemon',
    'the daemon cannot tell who asks: socket modes alone protect it',
    'install the optional dependency koffi',
  ),
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

import type { PolicyWarning } from '../../policy/snapshot.ts';
import type { SourceWarningCode } from '../../sources/source.ts';

/** `fault`: something does not work as it should. `notice`: something that somebody should know. */
export type WarningSeverity = 'fault' | 'notice';

/** What the daemon itself warns of. */
type DaemonWarningCode =
  | 'policy_thread_lost'
  | 'config_not_reloaded'
  | 'socket_lost'
  | 'mounts_differ'
  | 'mounts_unknown'
  | 'decision_log'
  | 'decision_log_was_failing'
  | 'policy_aging'
  | 'shadow_not_evaluated'
  | 'local_files'
  | 'more_warnings'
  | 'peer_credentials';

/** Stable: monitoring keys on it. */
export type WarningCode = DaemonWarningCode | SourceWarningCode | PolicyWarning['code'];

export interface WarningEntry {
  readonly severity: WarningSeverity;
  /** What it means, for docs/status.md. */
  readonly what: string;
  /** What to do about it; shown with each warning. */
  readonly remedy: string;
}

/** Every warning of `status`: a code without an entry does not compile. docs/status.md is written from it. */
export const WARNINGS: Readonly<Record<WarningCode, WarningEntry>> = {
  policy_thread_lost: {
    severity: 'fault',
    what: 'what pulls and compiles policies broke down; it is started again, and the last policy serves',
    remedy: 'mend what the message names, or restart the daemon; `reeve doctor` tests its parts',
  },
  config_not_reloaded: {
    severity: 'fault',
    what: 'a reload was asked for and refused, with the cause; everything is as it was',
    remedy: 'correct the configuration file and reload again, or restart the daemon to take it up as it is',
  },
  socket_lost: {
    severity: 'fault',
    what: 'somebody has put something else in the place of a socket, and callers do not reach the daemon there',
    remedy: 'find out who may write in that directory, and remove what is there: the daemon takes its place again',
  },
  mounts_differ: {
    severity: 'fault',
    what: 'below these mount points the daemon sees another tree: what is asked there without `real` is denied',
    remedy: 'take private mounts out of the unit of the service, or have enforcement points send `real`',
  },
  mounts_unknown: {
    severity: 'notice',
    what: 'the mounts of process 1 cannot be read (`hidepid`), so that the daemon’s own tree has to count',
    remedy: 'let the daemon’s user see process 1, as `ProtectProc=default` does',
  },
  decision_log: {
    severity: 'fault',
    what: 'decisions are made and cannot be kept, with the cause',
    remedy: 'make room on the disk of the state directory, and see that the daemon may write there',
  },
  decision_log_was_failing: {
    severity: 'notice',
    what: 'decisions could not be kept for a while since the start, and are kept again; with the last cause',
    remedy: 'see what is missing with `reeve log --type gap`; a restart of the daemon forgets it',
  },
  policy_aging: {
    severity: 'fault',
    what: 'nothing has confirmed the policy for a day, a week, 30 days, or what the bundle says instead',
    remedy:
      'see that this machine reaches its policy source, then `reeve sync`; where it does, a newer policy is needed there',
  },
  shadow_not_evaluated: {
    severity: 'notice',
    what: 'the bundle carries a next one to try beside it, and this version does not evaluate it',
    remedy: 'nothing to do here; a later version will evaluate it',
  },
  local_files: {
    severity: 'fault',
    what: 'a directory of local files cannot be read, or a last good version could not be kept',
    remedy: 'correct the owner and the mode of what is named; `reeve local ls` shows each file',
  },
  more_warnings: {
    severity: 'notice',
    what: 'more than fifty warnings about policies and rules',
    remedy: '`reeve rules ls --include-inactive` has all of them',
  },
  peer_credentials: {
    severity: 'notice',
    what: 'the kernel does not tell who asks: the modes of the sockets are all there is',
    remedy: 'install the optional package koffi, then start the daemon again',
  },
  no_rollback_protection: {
    severity: 'notice',
    what: 'always, with a `governance` source: its API has no version that only grows',
    remedy: 'publish signed bundles and use a `tuf` source where that matters',
  },
  credential_can_write: {
    severity: 'notice',
    what: 'the credential can probably change policies too',
    remedy: 'give this machine a credential that can only read',
  },
  password_credential: {
    severity: 'notice',
    what: 'the credential looks like a password',
    remedy: 'use an access token instead',
  },
  superseded_keys: {
    severity: 'notice',
    what: 'the keys that signed the bundle in force were replaced since; it serves until the next one arrives',
    remedy: 'whoever publishes finishes the publication, then `reeve sync`',
  },
  damaged_metadata: {
    severity: 'notice',
    what: 'stored TUF metadata was not what was written; it is fetched again',
    remedy: 'if it comes back, look after the disk of the state directory',
  },
  rule_unparsable: {
    severity: 'fault',
    what: 'a rule cannot be evaluated: as an allow it is inert, as a deny it closes its domain',
    remedy: 'correct the rule where it was written; `reeve rules ls --include-inactive` shows it',
  },
  policy_rejected: {
    severity: 'fault',
    what: 'a policy cannot be evaluated and closes both domains',
    remedy: 'whoever writes the organisation’s policies corrects it',
  },
  policy_inactive: {
    severity: 'notice',
    what: 'a policy takes no part, with the cause',
    remedy: 'nothing to do if that is meant; else correct its status or its validity',
  },
  ungoverned_deny: {
    severity: 'notice',
    what: 'an organisation’s deny counts in a domain that it does not govern',
    remedy: 'whoever writes the policies declares the domain as governed, or takes the rule out',
  },
};

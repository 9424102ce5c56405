import { callHttp } from '../client/http-call.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { examined, type Finding, found, type Verdict } from './finding.ts';
import type { Subject } from './subject.ts';

/** A daemon that does not answer within this time does not answer an enforcement point either. */
const TIMEOUT_MS = 5_000;

export interface DaemonReading {
  readonly verdict: Verdict;
  /** What it says of itself; null = it does not answer. */
  readonly status: RuleFields | null;
}

/** Whether a daemon answers, and which one. */
export async function checkDaemon(subject: Subject): Promise<DaemonReading> {
  const { decide } = subject;
  if (decide.kind === 'refused') return silent(found('socket_refused', decide.message));
  const outcome = await callHttp({ socketPath: decide.path, method: 'GET', path: '/v1/status', timeoutMs: TIMEOUT_MS });
  if (outcome.kind === 'unavailable') return silent(unavailable(outcome.message));
  if (outcome.status !== 200 || !isObject(outcome.body) || typeof outcome.body['generation'] !== 'number') {
    return silent(found('daemon_strange', `\`${decide.path}\` answers HTTP status ${outcome.status}, and no status`));
  }
  const status = outcome.body;
  const says = `reeve ${String(status['version'])}, pid ${String(status['pid'])}, generation ${String(status['generation'])}`;
  return { verdict: examined(says, statusFindings(subject, status)), status };
}

function silent(finding: Finding): DaemonReading {
  return { verdict: examined('', [finding]), status: null };
}

function unavailable(message: string): Finding {
  if (/\((?:ENOENT|ECONNREFUSED|ENOTDIR)\)/.test(message)) return found('daemon_not_running', message);
  if (message.includes('in time')) return found('daemon_silent', message);
  if (message.includes('(EACCES)')) return found('socket_refused', message, { mend: 'see the mode of the socket' });
  return found('daemon_strange', message);
}

function statusFindings({ options }: Subject, status: RuleFields): readonly Finding[] {
  const { version } = options;
  const peers = status['peer_credentials'];
  return [
    ...(status['ready'] === true ? [] : [found('not_ready', 'the daemon has no policy to decide by')]),
    ...(status['version'] === version
      ? []
      : [found('other_version', `the daemon is reeve ${String(status['version'])}, and this is ${version}`)]),
    ...(peers === 'available' ? [] : [found('no_peer_credentials', String(peers))]),
  ];
}

import { callHttp } from '../client/http-call.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import type { SocketChoice } from '../socket/find-socket.ts';
import { examined, type Finding, found, type Verdict } from './finding.ts';
import type { Subject } from './subject.ts';

/** A daemon that does not answer within this time does not answer an enforcement point either. */
const TIMEOUT_MS = 5_000;

export interface DaemonReading {
  readonly verdict: Verdict;
  /** What it says of itself; null = it does not answer. */
  readonly status: RuleFields | null;
  /** It answers at the decide socket, where callers ask. */
  readonly reachable: boolean;
}

/** Whether a daemon answers, and which one. */
export async function checkDaemon(subject: Subject): Promise<DaemonReading> {
  const { decide, admin } = subject;
  const asked = await statusAt(decide);
  if (asked.kind === 'said') return reading(subject, asked.status, true);
  // somebody who stands in the place of one socket does not make the daemon stop
  const other = asked.finding.code === 'daemon_not_running' ? await statusAt(admin) : asked;
  if (other.kind === 'said') return reading(subject, other.status, false);
  return { verdict: examined('', [asked.finding]), status: null, reachable: false };
}

type Said =
  | { readonly kind: 'said'; readonly status: RuleFields }
  | { readonly kind: 'silent'; readonly finding: Finding };

/** What a daemon says there, or what is wrong. */
async function statusAt(socket: SocketChoice): Promise<Said> {
  const silent = (finding: Finding): Said => ({ kind: 'silent', finding });
  if (socket.kind === 'refused') return silent(found('socket_refused', socket.message));
  const { path } = socket;
  const outcome = await callHttp({ socketPath: path, method: 'GET', path: '/v1/status', timeoutMs: TIMEOUT_MS });
  if (outcome.kind === 'unavailable') return silent(unavailable(outcome.message));
  if (outcome.status === 200 && isObject(outcome.body) && typeof outcome.body['generation'] === 'number') {
    return { kind: 'said', status: outcome.body };
  }
  return silent(found('daemon_strange', `\`${path}\` answers HTTP status ${outcome.status}, and no status`));
}

function reading(subject: Subject, status: RuleFields, reachable: boolean): DaemonReading {
  const says = `reeve ${String(status['version'])}, pid ${String(status['pid'])}, generation ${String(status['generation'])}`;
  const lost = reachable ? [] : [found('socket_lost', `pid ${String(status['pid'])} answers at its admin socket only`)];
  return { verdict: examined(says, [...lost, ...statusFindings(subject, status)]), status, reachable };
}

function unavailable(message: string): Finding {
  if (/\((?:ENOENT|ECONNREFUSED|ENOTDIR)\)/.test(message)) return found('daemon_not_running', message);
  if (message.includes('in time')) return found('daemon_silent', message);
  if (message.includes('(EACCES)')) return found('socket_refused', message, { mend: 'see the mode of the socket' });
  return found('daemon_strange', message);
}

function statusFindings({ options, config }: Subject, status: RuleFields): readonly Finding[] {
  const { version } = options;
  const peers = status['peer_credentials'];
  return [
    ...(config === null ? [] : configFindings(config, status)),
    ...(status['ready'] === true ? [] : [found('not_ready', 'the daemon has no policy to decide by')]),
    ...(status['version'] === version
      ? []
      : [found('other_version', `the daemon is reeve ${String(status['version'])}, and this is ${version}`)]),
    ...(peers === 'available' ? [] : [found('no_peer_credentials', String(peers))]),
  ];
}

/** What can be seen of a configuration from outside; what cannot may still be another. */
function configFindings(
  { preset, source }: DaemonConfig,
  { preset: serving, source: asked, ...status }: RuleFields,
): readonly Finding[] {
  const served = isObject(asked) && typeof asked['type'] === 'string' ? asked['type'] : 'none';
  const differences = [
    ...(serving === preset.name ? [] : [`preset ${String(serving)} instead of ${preset.name}`]),
    ...(served === (source?.type ?? 'none') ? [] : [`source ${served} instead of ${source?.type ?? 'none'}`]),
    ...(source === null || status['organisation'] === source.org
      ? []
      : [`organisation ${String(status['organisation'])} instead of ${source.org}`]),
  ];
  return differences.length === 0 ? [] : [found('config_not_loaded', differences.join(', '))];
}

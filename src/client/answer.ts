import { ALLOW_CODES, type Answer, DENY_CODES, type DenyCode } from '../policy/decision.ts';
import { isObject } from '../policy/rule-shape.ts';

type Fields = Readonly<Partial<Record<string, unknown>>>;

/** Codes of an error line that say more than "unavailable"; all of them deny. */
const TELLING_CODES: readonly DenyCode[] = ['invalid_request', 'overloaded', 'not_ready'];

/** A denial that this side makes itself. It belongs to no generation and may not be kept. */
export function denial(code: DenyCode, reason: string): Answer {
  return { decision: 'deny', kind: 'error', code, reason, revision: '', generation: 0, ttl_ms: 0 };
}

/** The daemon did not give an answer that may be believed. */
export function unavailable(message: string): Answer {
  return denial('daemon_unavailable', `no answer from the reeve daemon: ${message}`);
}

/**
 * Reads one answer. Total: whatever is not a complete, coherent answer to a question with this action is a denial, so
 * that nothing but `"decision":"allow"` in a whole answer can ever be read as allow.
 */
export function readAnswer(value: unknown, action: string): Answer {
  if (!isObject(value)) return unavailable('it sent something that is no answer');
  if (value['decision'] === undefined && isObject(value['error'])) return errorAnswer(value['error']);
  const fault = answerFault(value, action);
  if (fault !== null) return unavailable(`its answer ${fault}`);
  const answer: Record<string, unknown> = { ...value };
  delete answer['id'];
  return answer as unknown as Answer;
}

function errorAnswer(error: Readonly<Record<string, unknown>>): Answer {
  const message = typeof error['message'] === 'string' ? error['message'] : 'it sent an error without a message';
  const code = TELLING_CODES.find((telling) => telling === error['code']);
  return code === undefined ? unavailable(message) : denial(code, message);
}

function answerFault(value: Readonly<Record<string, unknown>>, action: string): string | null {
  const { decision, kind, reason, revision, generation, request } = value as Fields;
  const ttl = value['ttl_ms'];
  if (decision !== 'allow' && decision !== 'deny') return 'has no decision';
  if (kind !== 'explicit' && kind !== 'implicit' && kind !== 'error') return 'has no kind';
  if (!codeFits(value, decision)) return 'has a code that does not fit its decision';
  if (typeof reason !== 'string' || typeof revision !== 'string') return 'is not complete';
  if (!isCount(generation) || !isCount(ttl)) return 'is not complete';
  if (isObject(request) ? request['action'] !== action : decision === 'allow') return 'is not about what was asked';
  const opens = (action === 'read' || action === 'write') && decision === 'allow' && value['would_deny'] !== true;
  if (opens && typeof value['resolved_path'] !== 'string') return 'allows a path without saying which one to open';
  return null;
}

function codeFits(value: Readonly<Record<string, unknown>>, decision: 'allow' | 'deny'): boolean {
  const code = value['code'];
  const denies = DENY_CODES.some((known) => known === code);
  if (decision === 'deny') return denies;
  // monitor mode keeps the code of the denial that it does not enforce (semantics, 5)
  if (value['would_deny'] === true) return code === 'org_deny' || code === 'default_deny';
  return ALLOW_CODES.some((known) => known === code);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

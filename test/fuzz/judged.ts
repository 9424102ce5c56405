/** The pure core with a small policy, for fuzzers that follow what they read to its answer. */
import assert from 'node:assert/strict';
import {
  type Answer,
  type Asker,
  builtinRules,
  compile,
  decide,
  explain,
  type Request,
  readRequest,
  withReal,
} from '../../src/policy/index.ts';
import { emptySet } from '../support/policy-sets.ts';
import { RULES } from './words.ts';

const OWNER: Asker = { uid: 1000 };

/** A policy around raw rules of an org, each in a policy of its own. */
export function snapshotOf(org: readonly unknown[], builtin: readonly unknown[] = []) {
  const set = emptySet({
    policies: org.map((rule, position) => ({ id: `p${position}`, name: 'p', allowlist_v0: { rules: [rule] } })),
    builtin,
    host: { ...emptySet().host, homes: new Map([[1000, '/home/ana']]) },
  });
  return { policy: compile(set), generation: 1, ttlMs: 0 };
}

type Snapshot = ReturnType<typeof snapshotOf>;

export const SNAPSHOT = snapshotOf(RULES, builtinRules({ written: [], read: [] }));

/** A path that is still to be resolved counts as resolved. */
export function settled(request: Request): Request {
  if (request.kind !== 'filesystem' || request.real.kind !== 'pending') return request;
  return withReal(request, { kind: 'real', real: request.lexical });
}

/** The answer to a native request; null where it is none. What is decided is also explained, alike. */
export function answerTo(snapshot: Snapshot, value: unknown): Answer | null {
  const reading = readRequest(value);
  if (reading.kind === 'not_a_request') {
    assertMessage(reading.message);
    return null;
  }
  const request = settled(reading.request);
  const answer = decide(snapshot, request, OWNER);
  assert.deepEqual(explain(snapshot, request, OWNER).answer, answer);
  assert.ok(answer.reason.length > 0 && answer.reason.isWellFormed(), JSON.stringify(answer.reason));
  assert.ok(answer.decision === 'deny' || answer.kind === 'explicit');
  return answer;
}

/** One line, short, and never empty (messages go to logs and terminals). */
export function assertMessage(message: string): void {
  assert.ok(message.length > 0 && message.length < 3_000, `a message of ${message.length} characters`);
  assert.ok(!/[\0-\x1f\x7f]/.test(message), `control characters in ${JSON.stringify(message)}`);
  assert.ok(message.isWellFormed(), `a lone surrogate in ${JSON.stringify(message)}`);
}

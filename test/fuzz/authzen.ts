import assert from 'node:assert/strict';
import fc from 'fast-check';
import { authzenBatchRoute, authzenSingleRoute } from '../../src/localapi/authzen-routes.ts';
import type { HttpReply } from '../../src/localapi/http-reply.ts';
import type { Exchange, Handling } from '../../src/localapi/router.ts';
import { createDecisionPoint } from '../../src/pdp/decision-point.ts';
import { createSnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import { readPath } from '../../src/policy/resource/path.ts';
import { parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { answerTo, SNAPSHOT } from './judged.ts';
import { mutatedText, mutatedValue } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { HOST_WORDS, REQUEST_KEYS, REQUEST_VALUES } from './words.ts';

const SUBJECT = { type: 'agent', id: 'claude', properties: { sandbox: 'sbx-1', labels: { team: 'core' } } };
const CONNECT = {
  subject: SUBJECT,
  action: { name: 'connect:tcp' },
  resource: { type: 'network', id: 'api.example.com:443', properties: { ip: ['10.1.2.3'], port: 443 } },
  context: { time: '2026-05-01T00:00:00Z' },
};
const READ = {
  subject: { type: 'user', id: 'ana' },
  action: { name: 'read', properties: { recursive: false } },
  resource: { type: 'filesystem', id: '/srv/data/a', properties: { real: '/srv/data/a', path: '/srv/data/./a' } },
};
const WRITE = { ...READ, action: { name: 'write' }, resource: { type: 'filesystem', id: '/srv/data/secret' } };
const BODIES = [
  CONNECT,
  READ,
  { ...CONNECT, evaluations: [] },
  { ...CONNECT, evaluations: [{}, READ, { resource: { type: 'network', id: '[::1]:22' } }, null] },
  { evaluations: [READ, WRITE, CONNECT], options: { evaluations_semantic: 'deny_on_first_deny' } },
  { ...READ, evaluations: [WRITE, CONNECT, {}], options: { evaluations_semantic: 'permit_on_first_permit' } },
];
const KEYS = [
  ...REQUEST_KEYS,
  ...'subject action resource context properties type id name evaluations options evaluations_semantic'.split(' '),
];
const VALUES = [
  ...REQUEST_VALUES,
  'network',
  'filesystem',
  'agent',
  'unknown',
  'execute_all',
  'example.com:443',
  'example.com:0443',
  '[2001:db8::1]:443',
  '2001:db8::1',
  'a:b:1',
  Array(1_001).fill({}),
];
const TEXTS = BODIES.map((body) => JSON.stringify(body));

function lexicalOf(sent: string): string {
  const reading = readPath(sent);
  return reading.kind === 'path' ? reading.lexical : '/';
}

const holder = createSnapshotHolder(() => 0);
holder.swap(SNAPSHOT.policy, 'start');
const decisionPoint = createDecisionPoint({
  holder,
  resolve: (sent) => Promise.resolve({ kind: 'real', real: lexicalOf(sent) }),
  homeKnown: () => true,
  findHome: () => Promise.resolve(),
});

function exchangeOf(body: string): Exchange {
  return {
    head: { method: 'POST', path: '/', minor: 1, fields: [['content-type', 'application/json']] },
    body: Buffer.from(body),
    peer: { uid: 1000, gid: 1000, pid: 1 },
    socketName: 'decide',
    deadline: performance.now() + 60_000,
    port: {
      decisionPoint,
      identity: () => ({ revision: 'r', generation: 1 }),
      status: () => null,
      metrics: () => '',
      ready: () => true,
      sync: () => Promise.reject(new Error('nothing to sync')),
      rules: () => Promise.reject(new Error('nothing to list')),
      reset: () => Promise.reject(new Error('nothing to reset')),
      log: () => Promise.resolve({ kind: 'unavailable' as const, message: 'no log here' }),
      authzenIdentifier: 'https://reeve.invalid',
    },
    load: () => ({ connections: 0, waitingForTurn: 0, waitingForAnswer: 0 }),
  };
}

type Json = Readonly<Record<string, unknown>>;

/** A refusal, or decisions each of which the native form gives as well. */
function assertReply(given: HttpReply): void {
  assert.ok('json' in given);
  const { status, json: text } = given;
  assert.ok(status === 200 || status === 400, `${status}`);
  const reading = parseStrictJsonText(text);
  assert.ok(reading.kind === 'value', text);
  const reply = reading.value as Json;
  if (status === 400) {
    assert.deepEqual(Object.keys(reply), ['error']);
    return;
  }
  const evaluations = reply['evaluations'];
  const decisions: readonly Json[] = Array.isArray(evaluations) ? (evaluations as Json[]) : [reply];
  decisions.forEach(assertDecision);
}

function assertDecision({ decision, context }: Json): void {
  assert.ok(typeof decision === 'boolean' && typeof context === 'object' && context !== null);
  const { request, code } = context as Json;
  if (request === undefined) {
    assert.equal(decision, false);
    return;
  }
  const native = answerTo(SNAPSHOT, request);
  assert.equal(native?.decision === 'allow', decision);
  if (code !== 'unresolvable_path') assert.equal(native?.code, code);
}

/** A batch in the smallest bits that there are. */
async function finished(handling: Handling): Promise<HttpReply> {
  const begun = await handling;
  if (!('advance' in begun)) return begun;
  for (;;) {
    const done = begun.advance(0);
    if (done !== null && !(done instanceof Promise)) return done;
    await done;
  }
}

/** Bodies of both AuthZEN routes, from their bytes to the decisions. */
export const AUTHZEN = fuzzTarget<string>('authzen', 'AUTHZEN', () => ({
  inputs: fc.oneof(
    { weight: 4, arbitrary: mutatedValue(BODIES, KEYS, VALUES).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: mutatedText(TEXTS, ['"', '{', '}', '[', ']', ',', ':', 'null', ...HOST_WORDS], 8_000) },
  ),
  async check(body) {
    assertReply(await authzenSingleRoute(exchangeOf(body)));
    assertReply(await finished(authzenBatchRoute(exchangeOf(body))));
  },
}));

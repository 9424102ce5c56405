import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createDecisionPoint, type DecisionPoint } from '../../src/pdp/decision-point.ts';
import { compile } from '../../src/policy/compile.ts';
import { AUTHZEN_POLICIES, type DecisionDaemon, policySet, startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, exchangeHttp, httpRequest, parseResponses, type RawResponse } from '../support/raw-http.ts';

const ALLOWED = { action: 'connect:tcp', host: 'api.example.com', port: 443 };
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** How long a decision takes here; a batch of a thousand takes a hundred times as long as a turn. */
const COST_MS = 0.1;

/** A decision point on which deciding costs something. */
function slowPoint(): DecisionPoint {
  const snapshot = { policy: compile(policySet(AUTHZEN_POLICIES)), generation: 1, ttlMs: 0 };
  return createDecisionPoint({
    holder: { current: () => snapshot },
    resolve: (sent) => ({ kind: 'real', real: sent }),
    homeKnown: () => true,
    findHome: () => Promise.resolve(),
    record: () => {
      const end = performance.now() + COST_MS;
      while (performance.now() < end) {
        // busy: the event loop is what this is about
      }
    },
  });
}

function slowDaemon(t: TestContext): Promise<DecisionDaemon> {
  return startDecisionDaemon(t, { port: { decisionPoint: slowPoint() }, limits: { requestMs: 60_000 } });
}

/** Sends a batch, and asks one question after the other until it is answered: the batch's answer, and how many. */
async function askBeside(
  path: string,
  batch: Buffer,
): Promise<{ readonly reply: RawResponse; readonly beside: number }> {
  const [batching, single] = [await connect(path), await connect(path)];
  let [beside, open] = [0, true];
  const ask = (): void => void single.write(`${JSON.stringify(ALLOWED)}\n`);
  single.on('data', () => {
    if (!open) return;
    beside += 1;
    ask();
  });
  const chunks: Buffer[] = [];
  const answered = new Promise<void>((resolve) => {
    batching.on('data', (chunk: Buffer) => {
      open = false;
      chunks.push(chunk);
    });
    batching.on('close', () => resolve());
  });
  ask();
  batching.end(batch);
  await answered;
  single.destroy();
  const [reply] = parseResponses(Buffer.concat(chunks));
  return { reply: reply ?? assert.fail('no answer'), beside };
}

describe('a batch of a thousand', () => {
  test('in the native form lets others in between', async (t) => {
    const { decide, errors } = await slowDaemon(t);
    const body = JSON.stringify(Array.from({ length: 1_000 }, () => ALLOWED));
    const { reply, beside } = await askBeside(decide, httpRequest('POST', '/v1/decide', { body }));
    const decisions = (reply.json as { decision: string }[]).map(({ decision }) => decision);
    assert.deepEqual([decisions.length, new Set(decisions)], [1_000, new Set(['allow'])]);
    assert.ok(beside >= 10, `${beside} others were answered`);
    assert.deepEqual(errors, []);
  });

  test('of AuthZEN lets others in between', async (t) => {
    const { decide, errors } = await slowDaemon(t);
    const evaluations = Array.from({ length: 1_000 }, () => ({
      resource: { type: 'network', id: 'api.example.com:443' },
    }));
    const whole = { subject: { type: 'agent', id: 'a' }, action: { name: 'connect:tcp' }, evaluations };
    const request = httpRequest('POST', '/access/v1/evaluations', { headers: JSON_TYPE, body: JSON.stringify(whole) });
    const { reply, beside } = await askBeside(decide, request);
    const { evaluations: told } = reply.json as { readonly evaluations: readonly { readonly decision: boolean }[] };
    assert.deepEqual([told.length, told.every(({ decision }) => decision)], [1_000, true]);
    assert.ok(beside >= 10, `${beside} others were answered`);
    assert.deepEqual(errors, []);
  });

  test('is answered in its place among other requests of its connection', async (t) => {
    const { decide } = await slowDaemon(t);
    const one = httpRequest('POST', '/v1/decide', { body: JSON.stringify(ALLOWED) });
    const many = httpRequest('POST', '/v1/decide', {
      body: JSON.stringify(Array.from({ length: 300 }, () => ALLOWED)),
    });
    const replies = await exchangeHttp(decide, one, many, one, many);
    assert.deepEqual(
      replies.map(({ json }) => (Array.isArray(json) ? json.length : 1)),
      [1, 300, 1, 300],
    );
  });

  test('is finished when the server closes, and dropped when its client has gone', async (t) => {
    const daemon = await startDecisionDaemon(t, {
      port: { decisionPoint: slowPoint() },
      limits: { requestMs: 60_000, drainMs: 10_000 },
    });
    const body = JSON.stringify(Array.from({ length: 1_000 }, () => ALLOWED));
    const gone = await connect(daemon.decide);
    gone.write(httpRequest('POST', '/v1/decide', { body }));
    const stays = await connect(daemon.decide);
    const chunks: Buffer[] = [];
    stays.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = new Promise<void>((resolve) => stays.on('end', () => resolve()));
    stays.write(httpRequest('POST', '/v1/decide', { body }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    gone.destroy();
    await daemon.api.close();
    await ended;
    stays.destroy();
    const [reply] = parseResponses(Buffer.concat(chunks));
    assert.equal((reply?.json as unknown[]).length, 1_000);
    assert.deepEqual(daemon.errors, []);
  });

  test('that fails half-way is an internal error, and the connection goes on', async (t) => {
    const broken: DecisionPoint = {
      ...slowPoint(),
      tellMany: () => {
        let bits = 0;
        return {
          advance() {
            bits += 1;
            if (bits < 3) return null;
            if (bits === 3) return Promise.resolve();
            if (bits === 4) throw new Error('a fault');
            return assert.fail('nobody goes on with what has failed');
          },
        };
      },
    };
    const { decide, errors } = await startDecisionDaemon(t, { port: { decisionPoint: broken } });
    const batch = httpRequest('POST', '/v1/decide', { body: JSON.stringify([ALLOWED]) });
    const one = httpRequest('POST', '/v1/decide', { body: JSON.stringify(ALLOWED) });
    const replies = await exchangeHttp(decide, batch, one);
    assert.deepEqual(
      replies.map(({ status }) => status),
      [500, 200],
    );
    assert.equal(errors.length, 1);
  });

  test('whose wait is rejected is an internal error, too', async (t) => {
    const broken: DecisionPoint = {
      ...slowPoint(),
      tellMany: () => ({ advance: () => Promise.reject(new Error('a fault')) }),
    };
    const { decide, errors } = await startDecisionDaemon(t, { port: { decisionPoint: broken } });
    const [reply] = await exchangeHttp(decide, httpRequest('POST', '/v1/decide', { body: JSON.stringify([ALLOWED]) }));
    assert.deepEqual([reply?.status, errors.length], [500, 1]);
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, httpRequest, parseResponses, readToEnd } from '../support/raw-http.ts';

const LINE = '{"action":"connect:tcp","host":"api.example.com","port":443}\n';
const LIVE = { kind: 'live', generation: 1, revision: 'r' } as const;

describe('closing', () => {
  test('ends idle connections at once and takes the socket files away', async (t) => {
    const { api, decide, admin } = await startDecisionDaemon(t);
    const idle = await connect(decide);
    const ended = readToEnd(idle);
    const part = await connect(decide);
    part.write('{"part');
    const partEnded = readToEnd(part);
    await sleep(20);
    const start = performance.now();
    await api.close();
    assert.ok(performance.now() - start < 500);
    assert.deepEqual([(await ended).length, (await partEnded).length], [0, 0]);
    assert.equal(api.connections, 0);
    assert.deepEqual([existsSync(decide), existsSync(admin)], [false, false]);
    await assert.rejects(connect(decide));
  });

  test('lets what is in progress be answered, says that the connection ends, and begins nothing new', async (t) => {
    let syncs = 0;
    const { api, admin } = await startDecisionDaemon(t, {
      sync: () => {
        syncs += 1;
        return sleep(200, LIVE);
      },
    });
    const socket = await connect(admin);
    const answer = readToEnd(socket);
    socket.write(Buffer.concat([httpRequest('POST', '/v1/sync'), httpRequest('POST', '/v1/sync')]));
    await sleep(50);
    await api.close();
    const responses = parseResponses(await answer);
    assert.deepEqual(
      responses.map(({ status, fields }) => [status, fields.find(([name]) => name === 'connection')?.[1]]),
      [[200, 'close']],
    );
    assert.equal(syncs, 1);
  });

  test('answers the lines that had arrived', async (t) => {
    const { api, decide } = await startDecisionDaemon(t);
    const socket = await connect(decide);
    const answer = readToEnd(socket);
    socket.write(LINE.repeat(500) + LINE.slice(0, 10));
    while (socket.bytesRead === 0) await sleep(1);
    await api.close();
    assert.equal((await answer).toString().split('\n').length, 501);
  });

  test('waits no longer than the drain time, and is the same promise when asked again', async (t) => {
    const { api, admin } = await startDecisionDaemon(t, {
      limits: { drainMs: 150 },
      sync: () => new Promise(() => undefined),
    });
    const socket = await connect(admin);
    const answer = readToEnd(socket);
    socket.write(httpRequest('POST', '/v1/sync'));
    await sleep(50);
    const start = performance.now();
    const closing = api.close();
    assert.equal(api.close(), closing);
    await closing;
    const took = performance.now() - start;
    assert.ok(took >= 100 && took < 1_000, `${took} ms`);
    assert.equal((await answer).length, 0);
  });
});

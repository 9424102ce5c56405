import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerCredentials } from '../../src/localapi/peer-credentials.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, exchangeHttp, httpRequest, readToEnd } from '../support/raw-http.ts';

const LINE = '{"action":"connect:tcp","host":"api.example.com","port":443}\n';

/** Uids in the order in which connections come: the one thing about a peer that a test cannot be. */
function uidsInTurn(...uids: readonly (number | null)[]): PeerCredentials {
  const left = uids.values();
  return { kind: 'available', of: () => ({ uid: left.next().value ?? null, gid: null, pid: null }) };
}

const NOBODY_KNOWN: PeerCredentials = { kind: 'unavailable', reason: 'a test' };

async function open(t: TestContext, path: string): Promise<Socket> {
  const socket = await connect(path);
  t.after(() => socket.destroy());
  socket.on('data', () => undefined);
  return socket;
}

/** Sends a line and waits for its answer; null when the connection was closed instead. */
function askOn(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    if (socket.readableEnded || socket.destroyed) {
      resolve(null);
      return;
    }
    const onData = (chunk: Buffer): void => settle(chunk.toString());
    const onEnd = (): void => settle(null);
    const settle = (answer: string | null): void => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      resolve(answer);
    };
    socket.on('data', onData).on('end', onEnd).on('close', onEnd);
    socket.write(LINE);
  });
}

/** How long it took until the other side closed; null when it did not within `ms`. */
async function closesWithin(socket: Socket, ms: number): Promise<number | null> {
  const start = performance.now();
  while (!socket.readableEnded && !socket.destroyed) {
    if (performance.now() - start > ms) return null;
    await sleep(5);
  }
  return performance.now() - start;
}

describe('the times of a connection', () => {
  test('end it when its first request does not come whole', async (t) => {
    const { decide, api } = await startDecisionDaemon(t, { limits: { firstRequestMs: 150, idleMs: 10_000 } });
    const silent = await open(t, decide);
    const slow = await open(t, decide);
    slow.write('{"action"');
    const blank = await open(t, decide);
    blank.write('GET /healthz HT');
    const drip = setInterval(() => slow.write(':'), 20);
    t.after(() => clearInterval(drip));
    const times = await Promise.all([silent, slow, blank].map((socket) => closesWithin(socket, 2_000)));
    for (const ms of times) assert.ok(ms !== null && ms > 100, String(ms));
    await sleep(20);
    assert.equal(api.connections, 0);
  });

  test('end it when it is idle, counted from its last answer', async (t) => {
    const { decide } = await startDecisionDaemon(t, { limits: { firstRequestMs: 100, idleMs: 250 } });
    const socket = await open(t, decide);
    for (let round = 0; round < 4; round += 1) {
      assert.ok((await askOn(socket)) !== null);
      await sleep(100);
    }
    // part of a request is no request: it does not keep the connection
    const drip = setInterval(() => socket.write(' '), 20);
    t.after(() => clearInterval(drip));
    assert.ok((await closesWithin(socket, 2_000)) !== null);
  });

  test('do not end it while a request is in progress', async (t) => {
    const { admin } = await startDecisionDaemon(t, {
      limits: { firstRequestMs: 50, idleMs: 50 },
      sync: () => sleep(400, { kind: 'live', generation: 1, revision: 'r' } as const),
    });
    const [response] = await exchangeHttp(admin, httpRequest('POST', '/v1/sync'));
    assert.equal(response?.status, 200);
  });
});

describe('the number of connections', () => {
  test('when full, the oldest without a request in progress goes', async (t) => {
    const { decide, api } = await startDecisionDaemon(t, { limits: { maxConnections: 3 }, credentials: NOBODY_KNOWN });
    const [first, second, third] = [await open(t, decide), await open(t, decide), await open(t, decide)];
    assert.ok((await askOn(first)) !== null);
    second.write('{"part of a request');
    const fourth = await open(t, decide);
    assert.ok((await askOn(fourth)) !== null);
    assert.ok((await closesWithin(first, 1_000)) !== null);
    const fifth = await open(t, decide);
    assert.ok((await askOn(fifth)) !== null);
    assert.ok((await closesWithin(second, 1_000)) !== null, 'part of a request protects nobody');
    assert.ok((await askOn(third)) !== null);
    assert.equal(api.connections, 3);
  });

  test('when all have a request in progress, the new one is closed', async (t) => {
    let finish = (): void => undefined;
    const running = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { admin, decide } = await startDecisionDaemon(t, {
      limits: { maxConnections: 2 },
      credentials: NOBODY_KNOWN,
      sync: () => running.then(() => ({ kind: 'live', generation: 1, revision: 'r' }) as const),
    });
    const busy = [await connect(admin), await connect(admin)];
    const answers = busy.map((socket) => readToEnd(socket));
    for (const socket of busy) socket.end(httpRequest('POST', '/v1/sync'));
    await sleep(50);
    const late = await open(t, decide);
    assert.equal(await askOn(late), null);
    finish();
    for (const answer of await Promise.all(answers)) assert.match(answer.toString(), /^HTTP\/1\.1 200/u);
    const next = await open(t, decide);
    assert.ok((await askOn(next)) !== null);
  });

  test('a uid that has its share makes room itself, and takes none from others', async (t) => {
    const { decide } = await startDecisionDaemon(t, {
      limits: { maxConnections: 10, maxConnectionsPerUid: 2 },
      credentials: uidsInTurn(7, 8, 8, 8, null, null, null),
    });
    const sockets: Socket[] = [];
    for (let index = 0; index < 7; index += 1) {
      const socket = await open(t, decide);
      assert.ok((await askOn(socket)) !== null);
      sockets.push(socket);
    }
    const gone = await Promise.all(sockets.map((socket) => closesWithin(socket, 100)));
    assert.deepEqual(
      gone.map((ms) => ms !== null),
      [false, true, false, false, false, false, false],
    );
  });

  test('leaves room for one that comes while all others flood', async (t) => {
    const { decide } = await startDecisionDaemon(t, { limits: { maxConnections: 20 }, credentials: NOBODY_KNOWN });
    for (let index = 0; index < 20; index += 1) flood(await open(t, decide), Buffer.from(LINE.repeat(200)));
    await sleep(100);
    const socket = await open(t, decide);
    for (let round = 0; round < 5; round += 1) assert.ok((await askOn(socket)) !== null);
  });

  test('of one real uid is limited as well', async (t) => {
    const { decide, api } = await startDecisionDaemon(t, { limits: { maxConnectionsPerUid: 3 } });
    if (api.credentials.kind === 'unavailable') {
      t.skip(api.credentials.reason);
      return;
    }
    const sockets: Socket[] = [];
    for (let index = 0; index < 5; index += 1) sockets.push(await open(t, decide));
    await sleep(50);
    assert.equal(api.connections, 3);
  });

  test('is none of a thousand idle clients against one that asks', async (t) => {
    const { decide } = await startDecisionDaemon(t, { credentials: NOBODY_KNOWN, limits: { maxConnections: 200 } });
    for (let index = 0; index < 400; index += 1) await open(t, decide);
    const socket = await open(t, decide);
    assert.ok((await askOn(socket)) !== null);
  });
});

/** Keeps a connection flooded: always more questions on the way than anybody can answer. */
function flood(socket: Socket, block: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.writableLength < 65_536) socket.write(block);
  };
  socket.on('drain', more);
  more();
}

/** Latencies of a caller that asks one question after the other. */
async function askFor(socket: Socket, ms: number): Promise<number[]> {
  const latencies: number[] = [];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const start = performance.now();
    assert.ok((await askOn(socket)) !== null);
    latencies.push(performance.now() - start);
  }
  return latencies.toSorted((a, b) => a - b);
}

describe('fairness', () => {
  test('a caller is answered in time while others flood the socket', async (t) => {
    const { decide } = await startDecisionDaemon(t, { credentials: NOBODY_KNOWN });
    const batch = httpRequest('POST', '/v1/decide', { body: `[${Array(200).fill(LINE.trim()).join(',')}]` });
    for (let index = 0; index < 40; index += 1) {
      flood(await open(t, decide), index % 4 === 0 ? batch : Buffer.from(LINE.repeat(200)));
    }
    const latencies = await askFor(await open(t, decide), 1_200);
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? Number.POSITIVE_INFINITY;
    // the flooders live in this very process and take their share of the one core: the bound is the spec's, not a goal
    assert.ok(latencies.length >= 10, `only ${latencies.length} answers`);
    assert.ok(p99 <= 250, `p99 is ${p99.toFixed(1)} ms`);
  });

  test('a flooder that reads nothing does not make the daemon hold its answers', async (t) => {
    const { decide } = await startDecisionDaemon(t, { credentials: NOBODY_KNOWN });
    const before = process.memoryUsage().rss;
    for (let index = 0; index < 10; index += 1) {
      const socket = await connect(decide);
      t.after(() => socket.destroy());
      socket.pause();
      flood(socket, Buffer.from(LINE.repeat(200)));
    }
    await sleep(500);
    const socket = await open(t, decide);
    assert.ok((await askOn(socket)) !== null);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 150 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB more`);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type BodyReading, readBoundedBody } from '../../src/http/bounded-body.ts';

/** A real server that reads each body with this limit and answers with how that went. */
async function reader(t: TestContext, limit: number): Promise<{ url: string; readings: Promise<BodyReading>[] }> {
  const readings: Promise<BodyReading>[] = [];
  const server = createServer((incoming, response) => {
    const reading = readBoundedBody(incoming, limit);
    readings.push(reading);
    void reading.then(({ kind }) => response.end(kind));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, readings };
}

async function post(url: string, body: string | ReadableStream): Promise<string> {
  const init: RequestInit & { duplex?: 'half' } = { method: 'POST', body, duplex: 'half' };
  return (await fetch(url, { ...init, signal: AbortSignal.timeout(5_000) })).text();
}

test('a body up to the limit arrives whole, one byte more is too large', async (t) => {
  const { url, readings } = await reader(t, 1_000);
  assert.equal(await post(url, 'x'.repeat(1_000)), 'body');
  const reading = await readings[0];
  assert.deepEqual(reading, { kind: 'body', bytes: Buffer.from('x'.repeat(1_000)) });
  assert.equal(await post(url, 'x'.repeat(1_001)), 'too_large');
  assert.equal(await post(url, ''), 'body');
});

test('a body without an announced length is counted while it arrives', async (t) => {
  const { url } = await reader(t, 1_000);
  const chunks = (count: number): ReadableStream =>
    new ReadableStream({
      start: (controller) => {
        for (let index = 0; index < count; index += 1) controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
  assert.equal(await post(url, chunks(10)), 'body');
  assert.equal(await post(url, chunks(11)), 'too_large');
});

test('a sender that goes away in the middle is told apart from one that has finished', async (t) => {
  const { url, readings } = await reader(t, 1_000);
  const outgoing = request(url, { method: 'POST', headers: { 'Content-Length': 10 } });
  outgoing.on('error', () => undefined);
  outgoing.write('abc');
  while (readings.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  outgoing.destroy();
  assert.deepEqual(await readings[0], { kind: 'aborted' });
});

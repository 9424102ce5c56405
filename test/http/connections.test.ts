import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Connections, trackConnections } from '../../src/http/connections.ts';

interface Held {
  readonly connections: Connections;
  readonly open: () => Promise<Socket>;
  /** Responses that the server owes. */
  readonly owed: ServerResponse[];
}

async function holdingServer(t: TestContext): Promise<Held> {
  const owed: ServerResponse[] = [];
  const server = createServer((_, response) => void owed.push(response));
  const connections = trackConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    connections.destroyAll();
    server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
    return socket;
  };
  return { connections, open, owed };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test('idle are: never a request, half a request head, an answered request; not: a request without its answer', async (t) => {
  const { connections, open, owed } = await holdingServer(t);
  const [silent, partial, answered, waiting] = [await open(), await open(), await open(), await open()];
  partial.write('GET / HTTP/1.1\r\nHo');
  answered.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => owed.length === 1);
  owed[0]?.end('done');
  await once(answered, 'data');
  waiting.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => owed.length === 2);
  const ended = Promise.all([silent, partial, answered].map((socket) => once(socket, 'close')));
  connections.closeIdle();
  await ended;
  assert.equal(waiting.closed, false);
  owed[1]?.end('done');
  const [data] = (await once(waiting, 'data')) as [Buffer];
  assert.match(data.toString(), /^HTTP\/1\.1 200/);
  const last = once(waiting, 'close');
  connections.closeIdle();
  await last;
});

test('in the end all connections go, answered or not', async (t) => {
  const { connections, open, owed } = await holdingServer(t);
  const waiting = await open();
  waiting.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => owed.length === 1);
  const closed = once(waiting, 'close');
  connections.destroyAll();
  await closed;
});

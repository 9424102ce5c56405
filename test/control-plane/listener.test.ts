import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { MAX_CONNECTIONS, REQUEST_TIMEOUT_MS } from '../../src/control-plane/limits.ts';
import { assertPrivate, createListener } from '../../src/control-plane/listener.ts';

test('a request that takes too long to arrive is ended with a 408, one byte at a time or none', async (t) => {
  const server = createListener(undefined, (_, response) => response.end());
  assert.equal(server.requestTimeout, REQUEST_TIMEOUT_MS);
  assert.equal(server.maxConnections, MAX_CONNECTIONS);
  // the same server, less patient
  server.headersTimeout = 200;
  server.requestTimeout = 300;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const drip = setInterval(() => socket.write('x'), 50);
  t.after(() => {
    clearInterval(drip);
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nX: ');
  const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
  assert.match(data.toString(), /^HTTP\/1\.1 408 .*"code":"invalid_argument"/s);
});

test('plain HTTP is private on loopback only, in any spelling of it', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '0:0:0:0:0:0:0:1', 'localhost'])
    assertPrivate(host, false, false);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '127.0.0.1.example', '', '1.1', 'fe80::1']) {
    assert.throws(() => assertPrivate(host, false, false), { code: 'plain_http_refused' }, host);
    assertPrivate(host, true, false);
    assertPrivate(host, false, true);
  }
});

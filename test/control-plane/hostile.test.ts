import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { MAX_BODY_BYTES } from '../../src/control-plane/limits.ts';
import { at, NETWORK_RULE, newPolicy, POLICIES, type RunningServer, startServer } from './running-server.ts';

/** Sends bytes as they are and returns everything that comes back until the connection closes. */
function raw(server: RunningServer, ...chunks: readonly (string | Uint8Array)[]): Promise<string> {
  const { hostname, port } = new URL(server.plane.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end: ${received}`)));
    socket.on('data', (data) => (received += data.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    for (const chunk of chunks) socket.write(chunk);
  });
}

const HEAD = 'Host: x\r\nContent-Type: application/json\r\n';

test('hostile JSON is a 400 on every endpoint that takes a body, and nothing is written', async (t) => {
  const server = await startServer(t);
  const id = await newPolicy(server);
  const texts: readonly (string | Uint8Array<ArrayBuffer>)[] = [
    '',
    'nonsense',
    '{"name":"a","name":"b"}',
    '{"name":"a","\\u006eame":"b"}',
    '{"__proto__":{"name":"a"}}',
    '{"name":"a","__proto__":{"admin":true}}',
    '{"name":"a","constructor":{"prototype":{}}}',
    '{"constructor":1}',
    '{"name":"\\ud800"}',
    `{"name":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
    `{"name":"a","scope":${'{"teams":'.repeat(17)}1${'}'.repeat(17)}}`,
    '{"name":"a"} {"name":"b"}',
    '{"name":NaN}',
    '\ufeff{"name":"a"}',
    new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  ];
  const lines = [`POST ${POLICIES}`, `PATCH ${POLICIES}/${id}`, `POST ${POLICIES}/${id}/rules`, 'POST /auth/token'];
  for (const line of lines) {
    for (const text of texts) {
      const answer = await server.ask(line, { raw: text, headers: { 'Content-Type': 'application/json' } });
      assert.equal(answer.status, 400, `${line} ${String(text).slice(0, 60)}`);
      assert.equal(at(answer.body, 'error', 'code'), 'invalid_argument');
      assert.equal(String(at(answer.body, 'error', 'message')).includes('    at '), false);
    }
  }
  assert.equal(({} as { admin?: unknown }).admin, undefined);
  assert.equal(at((await server.ask(`GET ${POLICIES}`)).body, 'data', 1), undefined);
});

test('member names from the prototype are no members of a rule', async (t) => {
  const server = await startServer(t);
  const line = `POST ${POLICIES}/${await newPolicy(server)}/rules`;
  for (const member of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const text = JSON.stringify(NETWORK_RULE).replace('{', `{"${member}":{"decision":"allow"},`);
    const answer = await server.ask(line, { raw: text });
    assert.equal(answer.status, 400);
    assert.match(String(at(answer.body, 'error', 'message')), new RegExp(`unknown member \`${member}\``));
  }
});

test('only JSON is taken: another type, an encoding, or none at all is a 415', async (t) => {
  const server = await startServer(t);
  const line = `POST ${POLICIES}`;
  const raw = '{"name":"a"}';
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json; charset=latin1',
  ]) {
    assert.equal((await server.ask(line, { raw, headers: { 'Content-Type': type } })).status, 415, type);
  }
  assert.equal((await server.ask(line, { raw, headers: { 'Content-Encoding': 'gzip' } })).status, 415);
  assert.equal((await server.ask(line)).status, 415);
  const good = await server.ask(line, { raw, headers: { 'Content-Type': 'Application/JSON; charset=UTF-8' } });
  assert.equal(good.status, 201);
});

test('a body over 1 MiB is a 413, announced or not, and the server goes on', async (t) => {
  const server = await startServer(t);
  const big = 'x'.repeat(MAX_BODY_BYTES + 1);
  const answer = await server.ask(`POST ${POLICIES}`, { raw: big });
  assert.equal(answer.status, 413);
  assert.equal(at(answer.body, 'error', 'code'), 'invalid_argument');

  const head = `POST /v2/auth/token HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const chunked = await raw(server, head, ...Array.from({ length: 17 }, () => chunk), '0\r\n\r\n');
  assert.match(chunked, /^HTTP\/1\.1 413 /);
  assert.equal((await server.ask(`GET ${POLICIES}`)).status, 200);
});

test('a connection is usable after a 413 whose body arrived after all', async (t) => {
  const server = await startServer(t);
  const big = 'x'.repeat(MAX_BODY_BYTES + 1);
  const received = await raw(
    server,
    `POST /v2/auth/token HTTP/1.1\r\n${HEAD}Content-Length: ${big.length}\r\n\r\n`,
    big,
    'GET /v2/auth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  assert.deepEqual(received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 405']);
});

test('nobody without a token makes the server read a body', async (t) => {
  const server = await startServer(t);
  const received = await raw(
    server,
    `POST /v2${POLICIES} HTTP/1.1\r\n${HEAD}Content-Length: 1000000\r\nConnection: close\r\n\r\n`,
  );
  assert.match(received, /^HTTP\/1\.1 401 /);
});

test('malformed HTTP is refused with the envelope, and the server goes on', async (t) => {
  const server = await startServer(t);
  const cases: readonly [bytes: string, status: RegExp][] = [
    ['NONSENSE\r\n\r\n', /^HTTP\/1\.1 400 /],
    [`GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['GET /v2/ HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      `POST /v2/ HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
  ];
  for (const [bytes, status] of cases) assert.match(await raw(server, bytes), status);
  assert.match(
    await raw(server, 'NONSENSE\r\n\r\n'),
    /\{"error":\{"code":"invalid_argument","message":"malformed HTTP request"\}\}/,
  );
  assert.equal((await server.ask(`GET ${POLICIES}`)).status, 200);
});

test('dot segments are not resolved: what was sent is what is routed', async (t) => {
  const server = await startServer(t);
  const get = (target: string): Promise<string> =>
    raw(
      server,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.admin}\r\nConnection: close\r\n\r\n`,
    );
  assert.match(await get(`/v2${POLICIES}/x/../`), /no such endpoint/);
  assert.match(await get(`/v2/orgs/globex/../acme/governance/policies`), /no such endpoint/);
  assert.match(await get(`//v2${POLICIES}`), /no such endpoint/);
  assert.match(await get(`/v2/orgs/%zz/governance/policies`), /no such endpoint/);
  assert.match(await get(`http://elsewhere.example/v2${POLICIES}?page_size=1`), /^HTTP\/1\.1 200 /);
});

test('names come back as they were sent, whatever SQL or JSON would make of them', async (t) => {
  const server = await startServer(t);
  for (const name of [
    `'; DROP TABLE policies; --`,
    '"\\u0000"',
    '%s%n',
    'Sécurité — 安全 🔒',
    '</script>',
    '__proto__',
  ]) {
    const id = await newPolicy(server, name);
    assert.equal(at((await server.ask(`GET ${POLICIES}/${id}`)).body, 'name'), name);
  }
});

test('a message quotes at most a little of what was sent, on one line and without control characters', async (t) => {
  const server = await startServer(t);
  const line = `POST ${POLICIES}/${await newPolicy(server)}/rules`;
  const resources = [`https://\u001b[31m\u202e\n${'x'.repeat(100_000)}`];
  const answer = await server.ask(line, { body: { ...NETWORK_RULE, resources } });
  assert.equal(answer.status, 400);
  const message = String(at(answer.body, 'error', 'message'));
  assert.ok(message.length < 2_000, String(message.length));
  assert.doesNotMatch(message, /[\p{Cc}\u202e]/u);
});

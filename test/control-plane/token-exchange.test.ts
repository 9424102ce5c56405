import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCredential, revokeCredential } from '../../src/control-plane/credentials.ts';
import { openControlPlaneDatabase } from '../../src/control-plane/store/open.ts';
import { ask, at, newCredential, ORG, POLICIES, settableClock, startServer, tokenOf } from './running-server.ts';

const UNAUTHENTICATED = { error: { code: 'unauthenticated', message: 'unauthenticated' } };

test('a secret is exchanged for a token, and the answer holds nothing else', async (t) => {
  const { plane, database } = await startServer(t);
  const answer = await ask(plane.url, 'POST /auth/token', { body: newCredential(database, 'machine') });
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body as object), ['access_token']);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});

test('a wrong secret and an unknown identifier get the same 401', async (t) => {
  const { plane, database } = await startServer(t);
  const login = newCredential(database, 'admin');
  for (const body of [
    { ...login, secret: `${login.secret}x` },
    { ...login, secret: login.secret.toUpperCase() },
    { ...login, identifier: 'nobody' },
    { identifier: login.identifier, secret: newCredential(database, 'admin').secret },
  ]) {
    const answer = await ask(plane.url, 'POST /auth/token', { body });
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body, UNAUTHENTICATED);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  }
});

test('a body that is no exchange is a 400 that names the member', async (t) => {
  const { plane } = await startServer(t);
  const cases: readonly [body: unknown, message: RegExp][] = [
    [{}, /^identifier is required$/],
    [{ identifier: 'a' }, /^secret is required$/],
    [{ identifier: 'a', password: 'b' }, /unknown member `password`: the body takes `identifier`, `secret`/],
    [{ identifier: 1, secret: 'b' }, /`identifier` must be a string/],
    [{ identifier: '', secret: 'b' }, /`identifier` must be/],
    [{ identifier: 'a', secret: ['b'] }, /`secret` must be a string/],
    [{ identifier: 'a', secret: 'b'.repeat(257) }, /`secret` must be a string of 1 to 256/],
  ];
  for (const [body, message] of cases) {
    const answer = await ask(plane.url, 'POST /auth/token', { body });
    assert.equal(answer.status, 400);
    assert.match(String(at(answer.body, 'error', 'message')), message);
  }
});

test('the eleventh failure in a minute is a 429 with Retry-After, also for the right secret, until it is over', async (t) => {
  const clock = settableClock();
  const { plane, database } = await startServer(t, { clock });
  const login = newCredential(database, 'admin', { clock });
  const wrong = { ...login, secret: 'wrong' };
  for (let count = 0; count < 10; count += 1) {
    assert.equal((await ask(plane.url, 'POST /auth/token', { body: wrong })).status, 401);
  }
  for (const body of [wrong, login]) {
    const refused = await ask(plane.url, 'POST /auth/token', { body });
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '60');
    assert.equal(at(refused.body, 'error', 'code'), 'limit_exceeded');
  }
  clock.time += 60_000;
  assert.equal((await ask(plane.url, 'POST /auth/token', { body: login })).status, 200);
});

test('failures sent side by side are counted one by one', async (t) => {
  const { plane } = await startServer(t);
  const body = { identifier: 'nobody', secret: 'wrong' };
  const answers = await Promise.all(Array.from({ length: 25 }, () => ask(plane.url, 'POST /auth/token', { body })));
  const wrong = answers.filter((answer) => answer.status === 401).length;
  assert.ok(wrong >= 10 && wrong <= 11, String(wrong));
  assert.equal(answers.filter((answer) => answer.status === 429).length, 25 - wrong);
});

test('behind a terminator the source is what it appended, never what the client wrote before that', async (t) => {
  const { plane, database } = await startServer(t, { behindTlsTerminator: true });
  const wrong = { identifier: 'nobody', secret: 'wrong' };
  const from = (forwarded: string, body: unknown) =>
    ask(plane.url, 'POST /auth/token', { body, headers: { 'X-Forwarded-For': forwarded } });
  for (let count = 0; count < 10; count += 1) {
    assert.equal((await from(`203.0.113.${count}, 198.51.100.7`, wrong)).status, 401);
  }
  assert.equal((await from('203.0.113.99, 198.51.100.7', wrong)).status, 429);
  assert.equal((await from('198.51.100.7, 198.51.100.8', newCredential(database, 'machine'))).status, 200);
});

test('a direct client cannot choose its source', async (t) => {
  const { plane } = await startServer(t);
  const statuses: number[] = [];
  for (let count = 0; count < 11; count += 1) {
    const answer = await ask(plane.url, 'POST /auth/token', {
      body: { identifier: 'nobody', secret: 'wrong' },
      headers: { 'X-Forwarded-For': `203.0.113.${count}` },
    });
    statuses.push(answer.status);
  }
  assert.equal(statuses.at(-1), 429);
});

test('a token works for ten minutes', async (t) => {
  const clock = settableClock();
  const server = await startServer(t, { clock });
  clock.time += 599_000;
  assert.equal((await server.ask(`GET ${POLICIES}`)).status, 200);
  clock.time += 1_000;
  const answer = await server.ask(`GET ${POLICIES}`);
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.body, UNAUTHENTICATED);
});

test('a revocation works at once: for tokens that are out, and for new ones', async (t) => {
  const server = await startServer(t);
  const login = newCredential(server.database, 'admin');
  const token = await tokenOf(server.plane.url, login);
  assert.equal((await server.ask(`GET ${POLICIES}`, { token })).status, 200);
  const database = openControlPlaneDatabase(server.database);
  t.after(() => database.close());
  revokeCredential(database, login.identifier);
  assert.equal((await server.ask(`GET ${POLICIES}`, { token })).status, 401);
  assert.equal((await ask(server.plane.url, 'POST /auth/token', { body: login })).status, 401);
  // the name is free again, and the new credential has nothing of the old one
  createCredential(database, { org: ORG, kind: 'machine', identifier: login.identifier });
  assert.equal((await server.ask(`GET ${POLICIES}`, { token })).status, 401);
  assert.equal((await ask(server.plane.url, 'POST /auth/token', { body: login })).status, 401);
});

test('only a bearer token of this server signs in', async (t) => {
  const server = await startServer(t);
  const other = await startServer(t);
  const basic = Buffer.from('admin:admin').toString('base64');
  const authorizations = [
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${other.admin}`,
    `Bearer ${server.admin}x`,
    `Bearer ${server.admin} x`,
    `Basic ${basic}`,
    `Basic ${server.admin}`,
    server.admin,
    `Bearer ${'a'.repeat(5_000)}`,
  ];
  for (const authorization of authorizations) {
    const headers = { Authorization: authorization };
    const answer = await server.ask(`GET ${POLICIES}`, { token: null, headers });
    assert.equal(answer.status, 401, authorization);
    assert.deepEqual(answer.body, UNAUTHENTICATED);
  }
  const headers = { Authorization: `bearer ${server.admin}` };
  assert.equal((await server.ask(`GET ${POLICIES}`, { token: null, headers })).status, 200);
});

test('neither secret nor token reaches the log', async (t) => {
  const server = await startServer(t);
  const login = newCredential(server.database, 'admin');
  await tokenOf(server.plane.url, login);
  await ask(server.plane.url, 'POST /auth/token', { body: { ...login, secret: 'hunter2hunter2' } });
  await ask(server.plane.url, `POST /auth/token?secret=${login.secret}`, { body: login });
  await ask(server.plane.url, `GET /${login.secret}`);
  await server.ask(`GET ${POLICIES}?page_token=${server.admin}`);
  const text = JSON.stringify(server.log);
  for (const secret of [login.secret, 'hunter2', server.admin]) assert.equal(text.includes(secret), false);
  assert.ok(server.log.some((entry) => entry.event === 'request' && entry.path === '/v2/auth/token'));
});

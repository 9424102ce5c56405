import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '../../src/base/clock.ts';
import { ControlPlaneError } from '../../src/control-plane/control-plane-error.ts';
import { startControlPlane } from '../../src/control-plane/server.ts';
import {
  ask,
  newCredential,
  newPolicy,
  newRule,
  POLICIES,
  startServer,
  temporaryDatabase,
  tokenOf,
} from './running-server.ts';

const QUIET = { port: 0, clock: systemClock, log: () => undefined };

test('the first start says how to create credentials, and no password works before that', async (t) => {
  const database = temporaryDatabase(t);
  const plane = await startControlPlane({ ...QUIET, database });
  t.after(() => plane.close());
  assert.equal(plane.notices.length, 1);
  assert.match(plane.notices[0] ?? '', /reeve control-plane credential create .*--kind admin/);
  for (const secret of ['admin', 'password', 'reeve']) {
    const answer = await ask(plane.url, 'POST /auth/token', { body: { identifier: 'admin', secret } });
    assert.equal(answer.status, 401);
  }
  const answer = await ask(plane.url, `GET ${POLICIES}`);
  assert.equal(answer.status, 401);
  newCredential(database, 'admin');
  await plane.close();
  const again = await startControlPlane({ ...QUIET, database });
  t.after(() => again.close());
  assert.deepEqual(again.notices, []);
});

test('a restart keeps policies, rules, credentials and the tokens that are out', async (t) => {
  const first = await startServer(t);
  const id = await newPolicy(first);
  await newRule(first, id);
  const { body } = await first.ask(`GET ${POLICIES}/${id}`);
  const login = newCredential(first.database, 'machine');
  await first.plane.close();
  const second = await startControlPlane({ ...QUIET, database: first.database });
  t.after(() => second.close());
  const answer = await ask(second.url, `GET ${POLICIES}/${id}`, { token: first.admin });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, body);
  await tokenOf(second.url, login);
});

test('secrets are not in the database file, and nobody else may read it', async (t) => {
  const server = await startServer(t);
  const login = newCredential(server.database, 'admin');
  await server.plane.close();
  assert.equal(readFileSync(server.database).includes(login.secret), false);
  assert.equal(statSync(server.database).mode & 0o777, 0o600);
});

test('plain HTTP beyond loopback is refused unless a terminator is said to be in front', async (t) => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'control.example']) {
    await assert.rejects(startControlPlane({ ...QUIET, database: temporaryDatabase(t), host }), (error) => {
      assert.ok(error instanceof ControlPlaneError);
      return error.code === 'plain_http_refused';
    });
  }
  const plane = await startControlPlane({
    ...QUIET,
    database: temporaryDatabase(t),
    host: '0.0.0.0',
    behindTlsTerminator: true,
  });
  await plane.close();
});

test('serves TLS with a certificate and key, and nothing in the clear', async (t) => {
  const database = temporaryDatabase(t);
  const [certFile, keyFile] = [join(dirname(database), 'cert.pem'), join(dirname(database), 'key.pem')];
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject];
    execFileSync('openssl', [...made, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  } catch {
    t.skip('no openssl here to make a certificate with');
    return;
  }
  const plane = await startControlPlane({ ...QUIET, database, tls: { certFile, keyFile } });
  t.after(() => plane.close());
  assert.match(plane.url, /^https:\/\/127\.0\.0\.1:\d+\/v2$/);
  const request = httpsRequest(`${plane.url}${POLICIES}`, { ca: readFileSync(certFile), agent: false }).end();
  const [response] = (await once(request, 'response')) as [{ statusCode: number; resume: () => void }];
  response.resume();
  assert.equal(response.statusCode, 401);
  await assert.rejects(fetch(`${plane.url.replace('https', 'http')}${POLICIES}`));
  // one that has shaken hands and is silent does not hold up the end
  const silent = connectTls(Number(new URL(plane.url).port), '127.0.0.1', { rejectUnauthorized: false });
  await once(silent, 'secureConnect');
  const begun = performance.now();
  silent.resume();
  await Promise.all([plane.close(), once(silent, 'close')]);
  assert.ok(performance.now() - begun < 3_000);
});

test('a start that fails leaves nothing open and says what failed', async (t) => {
  const database = temporaryDatabase(t);
  const coded = (code: string) => (error: unknown) => error instanceof ControlPlaneError && error.code === code;
  const missing = { certFile: join(dirname(database), 'none.pem'), keyFile: join(dirname(database), 'none.key') };
  await assert.rejects(startControlPlane({ ...QUIET, database, tls: missing }), coded('tls_unusable'));
  const plane = await startControlPlane({ ...QUIET, database });
  t.after(() => plane.close());
  const port = Number(new URL(plane.url).port);
  const taken = startControlPlane({ ...QUIET, database: temporaryDatabase(t), port });
  await assert.rejects(taken, coded('listen_failed'));
  writeFileSync(`${database}.bad`, 'not a database, but long enough to be looked at as one '.repeat(20));
  await assert.rejects(startControlPlane({ ...QUIET, database: `${database}.bad` }), { code: 'database_corrupt' });
});

test('closing lets a request under way finish, drops idle connections, and may be asked twice', async (t) => {
  const server = await startServer(t);
  const { hostname, port } = new URL(server.plane.url);
  const idle = connect(Number(port), hostname);
  const busy = connect(Number(port), hostname);
  await Promise.all([once(idle, 'connect'), once(busy, 'connect')]);
  const body = JSON.stringify(newCredential(server.database, 'machine'));
  busy.write(`POST /v2/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`);
  busy.write(`Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
  // the head has been read once the server has asked for more
  await new Promise((resolve) => setTimeout(resolve, 50));
  const begun = performance.now();
  const closed = Promise.all([server.plane.close(), server.plane.close()]);
  busy.write(body.slice(5));
  let received = '';
  busy.on('data', (data) => (received += data.toString()));
  idle.resume();
  await Promise.all([once(busy, 'close'), once(idle, 'close'), closed]);
  assert.ok(performance.now() - begun < 3_000, 'the deadline had to end it');
  assert.match(received, /^HTTP\/1\.1 200 /);
  assert.match(received, /connection: close/i);
  await assert.rejects(fetch(server.plane.url));
});

test('closing does not wait beyond its deadline for a request that never ends', async (t) => {
  const server = await startServer(t, { closeDeadlineMs: 100 });
  const { hostname, port } = new URL(server.plane.url);
  const stuck = connect(Number(port), hostname);
  stuck.on('error', () => undefined);
  await once(stuck, 'connect');
  stuck.write(
    'POST /v2/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  const begun = performance.now();
  await server.plane.close();
  const took = performance.now() - begun;
  assert.ok(took >= 50 && took < 3_000, `${took} ms`);
});

test('a log line tells who asked what, from where, with which outcome', async (t) => {
  const server = await startServer(t);
  await server.ask(`GET ${POLICIES}?page_size=3`);
  await server.ask('GET /nowhere', { token: null });
  const [listed, nowhere] = server.log.filter((entry) => entry.event === 'request').slice(-2);
  assert.equal(listed?.path, `/v2${POLICIES}`);
  assert.equal(listed.status, 200);
  assert.equal(listed.source, '127.0.0.1');
  assert.match(listed.credential ?? '', /^cred_[0-9a-f]{32}$/);
  assert.deepEqual([nowhere?.path, nowhere?.status, nowhere?.credential], ['(no route)', 404, null]);
});

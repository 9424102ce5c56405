import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryDirectory } from './run-cli.ts';

test('credentials are created once, listed without their secret, and revoked', async (t) => {
  const database = ['--database', join(temporaryDirectory(t), 'cp.db')];
  const create = (...more: string[]): ReturnType<typeof runCli> =>
    runCli(['control-plane', 'credential', 'create', ...database, '--org', 'example', ...more]);
  const created = await create('--kind', 'machine', '--identifier', 'fleet', '--team', 'a', '--team', 'b', '--json');
  const { identifier, secret } = JSON.parse(created.stdout) as { identifier: string; secret: string };
  assert.equal(identifier, 'fleet');
  assert.match((await create('--kind', 'machine', '--identifier', 'fleet')).stderr, /^reeve: a credential .* exists/);
  assert.match((await create('--kind', 'root', '--identifier', 'x')).stderr, /--kind must be admin or machine/);
  assert.match(
    (await create('--kind', 'admin', '--identifier', 'alice')).stdout,
    /secret: +reeve_admin_.*\nthe secret is not kept/,
  );
  const listed = await runCli(['control-plane', 'credential', 'ls', ...database]);
  assert.match(listed.stdout, /^IDENTIFIER .*\nfleet +example +machine +a,b +\S+ +in force\nalice .*in force\n$/);
  assert.ok(!listed.stdout.includes(secret));
  assert.equal(
    (await runCli(['control-plane', 'credential', 'revoke', 'fleet', ...database])).stdout,
    'revoked fleet\n',
  );
  assert.equal((await runCli(['control-plane', 'credential', 'revoke', 'fleet', ...database])).code, 1);
  assert.match(
    (await runCli(['control-plane', 'credential', 'ls', '--org', 'example', ...database])).stdout,
    /fleet .*revoked/,
  );
  const rows = JSON.parse(
    (await runCli(['control-plane', 'credential', 'ls', '--json', ...database])).stdout,
  ) as object[];
  assert.deepEqual(Object.keys(rows[0] ?? {}).toSorted(), [
    'created_at',
    'id',
    'identifier',
    'kind',
    'org',
    'revoked_at',
    'teams',
  ]);
});

test('what only looks or takes away makes no database of a mistyped name', async (t) => {
  const database = join(temporaryDirectory(t), 'typo.db');
  for (const argv of [
    ['credential', 'ls'],
    ['credential', 'revoke', 'fleet'],
    ['team', 'ls', '--org', 'example'],
    ['team', 'rm', 'platform', '--org', 'example'],
  ]) {
    const { code, stdout, stderr } = await runCli(['control-plane', ...argv, '--database', database]);
    assert.deepEqual([code, stdout], [1, ''], argv.join(' '));
    assert.match(stderr, /^reeve: there is no `.*typo\.db`\nhint: /);
  }
  assert.equal(existsSync(database), false);
});

test('teams are added, listed and removed', async (t) => {
  const where = ['--database', join(temporaryDirectory(t), 'cp.db'), '--org', 'example'];
  assert.equal((await runCli(['control-plane', 'team', 'add', 'platform', ...where])).stdout, 'registered platform\n');
  assert.equal((await runCli(['control-plane', 'team', 'ls', ...where])).stdout, 'platform\n');
  assert.equal((await runCli(['control-plane', 'team', 'rm', 'platform', ...where])).code, 0);
  assert.match((await runCli(['control-plane', 'team', 'ls', ...where])).stdout, /^no teams/);
  assert.equal((await runCli(['control-plane', 'team', 'ls', '--json', ...where])).stdout, '[]\n');
  assert.equal((await runCli(['control-plane', 'team', 'rm', 'platform', ...where])).code, 1);
});

test('start serves until it is told to stop, and says first how to create credentials', async (t) => {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  const { promise: serving, resolve: served } = Promise.withResolvers<string>();
  const database = join(temporaryDirectory(t), 'cp.db');
  const run = runCli(['control-plane', 'start', '--database', database, '--port', '0', '--json'], {
    stopped,
    onOutput: served,
  });
  t.after(() => {
    stop('test over');
    return run;
  });
  const { url } = JSON.parse(await serving) as { url: string };
  const response = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"identifier":"x","secret":"y"}',
  });
  assert.equal(response.status, 401);
  stop('SIGTERM');
  const { code, stderr } = await run;
  assert.equal(code, 0);
  assert.match(stderr, /no credentials yet.*reeve control-plane credential create/);
  await assert.rejects(fetch(url));
});

test('a server that cannot start is exit code 1', async (t) => {
  const { code, stderr } = await runCli([
    'control-plane',
    'start',
    '--database',
    join(temporaryDirectory(t), 'none', 'cp.db'),
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /^reeve: cannot open `.*cp\.db`: its directory does not exist: make it first\n$/);
});

test('a port in use is said in words', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const database = join(temporaryDirectory(t), 'cp.db');
  const { code, stderr } = await runCli(['control-plane', 'start', '--database', database, '--port', String(port)]);
  assert.equal(code, 1);
  assert.match(stderr, /^reeve: cannot listen on `127\.0\.0\.1` port \d+: another program listens there: stop it/);
});

import assert from 'node:assert/strict';
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
});

test('teams are added, listed and removed', async (t) => {
  const where = ['--database', join(temporaryDirectory(t), 'cp.db'), '--org', 'example'];
  assert.equal((await runCli(['control-plane', 'team', 'add', 'platform', ...where])).stdout, 'registered platform\n');
  assert.equal((await runCli(['control-plane', 'team', 'ls', ...where])).stdout, 'platform\n');
  assert.equal((await runCli(['control-plane', 'team', 'rm', 'platform', ...where])).code, 0);
  assert.equal((await runCli(['control-plane', 'team', 'ls', ...where])).stdout, '');
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
  assert.match(stderr, /^reeve: cannot open/);
});

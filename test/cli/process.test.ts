import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './run-cli.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function started(t: TestContext, argv: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...argv], { env: { ...process.env, ...environment }, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

function ended(child: ChildProcess): Promise<Ended> {
  const out = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...out })));
}

/** Runs the real program; nothing of this may take longer than a test may. */
function reeve(t: TestContext, ...argv: string[]): Promise<Ended> {
  const child = started(t, argv);
  child.stdin?.end();
  return ended(child);
}

test('the program exits with the code of the command, and a pipe gets plain text', async (t) => {
  const [usage, gone] = await Promise.all([
    reeve(t, 'chek'),
    reeve(t, 'check', 'network', 'a.example', '--socket', '/nonexistent.sock'),
  ]);
  assert.deepEqual([usage.code, usage.stdout], [2, '']);
  assert.ok(usage.stderr.startsWith('reeve: unknown command `chek`\n'));
  assert.deepEqual([gone.code, gone.stdout], [4, '']);
});

test('a pipe whose reader has gone ends the program quietly', async (t) => {
  const child = started(t, ['eval']);
  const end = ended(child);
  child.stdout?.destroy();
  child.stdin?.on('error', () => undefined);
  child.stdin?.end('{}\n'.repeat(20_000));
  const { code, stderr } = await end;
  assert.deepEqual([code, stderr], [0, '']);
});

test('100,000 cases go through in seconds', async (t) => {
  const child = started(t, ['eval']);
  const end = ended(child);
  const line = JSON.stringify({
    org: [{ decision: 'allow', actions: ['connect:tcp'], resources: ['*.example.com'] }],
    request: { action: 'connect:tcp', host: 'a.example.com', port: 443 },
  });
  const begun = performance.now();
  child.stdin?.end(`${line}\n`.repeat(100_000));
  const { code, stdout } = await end;
  assert.equal(code, 0);
  assert.equal(stdout.split('"decision":"allow"').length, 100_001);
  assert.ok(performance.now() - begun < 30_000);
});

test('a real daemon: check, local add, status, rules and a clean stop', async (t) => {
  const root = temporaryDirectory(t);
  const local = join(root, 'local.d');
  mkdirSync(local, { mode: 0o755 });
  const [decide, admin] = [join(root, 'run/decide.sock'), join(root, 'run/admin.sock')];
  const config = join(root, 'reeve.yaml');
  writeFileSync(
    config,
    `sockets: {decide: ${decide}, admin: ${admin}}\nstate_directory: ${root}/state\nlocal_directory: ${local}\npreset: balanced\n`,
    { mode: 0o644 },
  );
  const daemon = started(t, ['daemon', '--config', config]);
  const stopped = ended(daemon);
  const sockets = ['--socket', decide, '--admin-socket', admin];
  const ask = (...argv: string[]): Promise<Ended> => reeve(t, ...argv, ...sockets);
  const until = async (argv: readonly string[], code: number): Promise<Ended> => {
    for (const limit = performance.now() + 15_000; ; ) {
      const answer = await ask(...argv);
      if (answer.code === code || performance.now() > limit) return answer;
    }
  };
  assert.equal((await until(['check', 'network', 'github.com'], 0)).code, 0);
  const denied = await ask('check', 'network', 'a.example.com');
  assert.deepEqual(
    [denied.code, denied.stdout.split('\n')[0]],
    [3, 'deny connect:tcp a.example.com:443 (default_deny)'],
  );
  const added = await ask('local', 'add', 'allow', 'a.example.com', '--directory', local);
  assert.deepEqual([added.code, added.stderr], [0, '']);
  assert.match((await until(['check', 'network', 'a.example.com'], 0)).stdout, /\(local_allow\)/);
  const [explained, rules, status, sync] = await Promise.all([
    ask('explain', 'network', 'a.example.com', '--json'),
    ask('rules', 'ls', '--json'),
    ask('status', '--json'),
    ask('sync'),
  ]);
  assert.equal((JSON.parse(explained.stdout) as { answer: { code: string } }).answer.code, 'local_allow');
  assert.ok(
    (JSON.parse(rules.stdout) as { rules: { origin: string }[] }).rules.some((rule) => rule.origin === 'local'),
  );
  assert.equal((JSON.parse(status.stdout) as { local_files: unknown[] }).local_files.length, 1);
  assert.deepEqual([sync.code, /no source is configured/.test(sync.stderr)], [1, true]);
  daemon.kill('SIGTERM');
  assert.equal((await stopped).code, 0);
  assert.equal((await ask('status')).code, 4);
});

/** A machine whose policy server takes a question and never answers it: what asks there stays where it is. */
async function waitingMachine(t: TestContext) {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const root = temporaryDirectory(t);
  const [config, temporary] = [join(root, 'reeve.yaml'), join(root, 'tmp')];
  for (const name of ['state', 'tmp']) mkdirSync(join(root, name), { mode: 0o700 });
  const credential = join(root, 'credential.json');
  writeFileSync(credential, JSON.stringify({ identifier: 'id', secret: 'secret' }), { mode: 0o600 });
  const source = {
    ...{ type: 'governance', org: 'example', credential_file: credential },
    base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`,
  };
  const places = { state_directory: join(root, 'state'), local_directory: join(root, 'local.d') };
  const sockets = { decide: join(root, 'decide.sock'), admin: join(root, 'admin.sock') };
  writeFileSync(config, JSON.stringify({ ...places, sockets, source }), { mode: 0o600 });
  return { server, config, temporary };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends a doctor that is at work, and its copy of the state goes with it`, async (t) => {
    const { server, config, temporary } = await waitingMachine(t);
    const asked = once(server, 'request');
    const child = started(t, ['doctor', '--config', config], { TMPDIR: temporary });
    const end = ended(child);
    assert.equal(await Promise.race([asked.then(() => 'asked'), end.then(({ stderr }) => stderr)]), 'asked');
    const [copy = ''] = readdirSync(temporary).filter((name) => name.startsWith('reeve-doctor-'));
    assert.ok(readdirSync(join(temporary, copy)).includes('policy.db'), 'there is no copy');
    child.kill(signal);
    assert.equal((await end).code, 128 + constants.signals[signal]);
    assert.deepEqual(
      readdirSync(temporary).filter((name) => name.startsWith('reeve-')),
      [],
    );
  });
}

test('an init that is interrupted leaves nothing behind, no credential least of all', async (t) => {
  const { server } = await waitingMachine(t);
  const directory = join(temporaryDirectory(t), 'reeve');
  const credential = join(temporaryDirectory(t), 'credential.json');
  writeFileSync(credential, JSON.stringify({ identifier: 'id', secret: 'secret' }), { mode: 0o600 });
  const asked = once(server, 'request');
  const governance = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
  const options = ['--governance', governance, '--org', 'example', '--credential-file', credential];
  const child = started(t, ['init', ...options, '--config', join(directory, 'reeve.yaml')]);
  const end = ended(child);
  assert.equal(await Promise.race([asked.then(() => 'asked'), end.then(({ stderr }) => stderr)]), 'asked');
  assert.equal(readdirSync(directory).length, 1, 'what is to become the configuration');
  child.kill('SIGINT');
  assert.equal((await end).code, 128 + constants.signals.SIGINT);
  assert.ok(!existsSync(directory));
});

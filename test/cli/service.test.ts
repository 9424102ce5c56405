import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { placeFault } from '../../src/realpath/trusted-file.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

const ROOT = join(import.meta.dirname, '../..');
const uid = process.geteuid?.() ?? 0;
const root = uid === 0;
/** Whoever could change the program would be what a service starts. */
const unsafe = placeFault(join(ROOT, 'package.json'), root ? [0] : [0, uid]);
const skip = process.platform !== 'linux' ? 'the places are Linux’s' : (unsafe ?? false);

function configured(t: TestContext, config: object = {}): string {
  const file = join(temporaryDirectory(t), 'reeve.yaml');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

test('a dry run of an installation shows its files and commands and does nothing', { skip }, async (t) => {
  const config = configured(t);
  const { code, stdout, stderr } = await runCli(['service', 'install', '--dry-run', '--config', config]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /reeve-admin\.socket +new\n[^]*systemctl (?:--user )?enable reeve\.socket/);
  assert.match(
    stdout,
    /nothing was done: this is what `reeve service install` would do(?:; the daemon would start (?:at the next boot|when this user logs in: .+))?\n$/,
  );
  const json = await runCli(['service', 'install', '--dry-run', '--config', config, '--json']);
  const { done, files } = JSON.parse(json.stdout) as { done: boolean; files: readonly { path: string }[] };
  assert.equal(done, false);
  assert.equal(files.length, root ? 4 : 3);
  for (const { path } of files) assert.ok(!existsSync(path), path);
});

test('what could not start is not installed', { skip }, async (t) => {
  const absent = await runCli(['service', 'install', '--dry-run', '--config', '/nowhere/reeve.yaml']);
  assert.deepEqual([absent.code, absent.stdout], [1, '']);
  assert.match(absent.stderr, /\/nowhere/);
  const wrong = await runCli(['service', 'install', '--dry-run', '--config', configured(t, { preset: 'wrong' })]);
  assert.match(wrong.stderr, /`preset`: must be one of/);
  const sockets = configured(t, { sockets: { decide: '/run/elsewhere/decide.sock' } });
  const moved = await runCli(['service', 'install', '--dry-run', '--config', sockets]);
  assert.deepEqual([moved.code, moved.stdout], [1, '']);
  assert.match(moved.stderr, /the service listens where its socket units say: remove `sockets`/);
});

test('the system service writes only where it may', {
  skip: skip === false && !root ? 'for root' : skip,
}, async (t) => {
  for (const [config, message] of [
    [{ state_directory: '/srv/state' }, /can write to \/var\/lib\/reeve only: remove `state_directory`/],
    [{ log: { destination: '/srv/reeve.log' } }, /can write log files to \/var\/log\/reeve only/],
  ] as const) {
    const { code, stderr } = await runCli(['service', 'install', '--dry-run', '--config', configured(t, config)]);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
  const inPlace = configured(t, { log: { destination: '/var/log/reeve/reeve.log' } });
  assert.equal((await runCli(['service', 'install', '--dry-run', '--config', inPlace])).code, 0);
});

test('whose service is meant is clear, and the system’s is for root', async () => {
  const both = await runCli(['service', 'status', '--system', '--user']);
  assert.deepEqual([both.code, both.stderr.split('\n')[0]], [2, 'reeve: `--system` and `--user` exclude each other']);
  if (root) {
    const user = await runCli(['service', 'status', '--user']);
    assert.equal(user.code, 2);
    assert.match(user.stderr, /root’s service is the system’s/);
  } else {
    const { code, stderr } = await runCli(['service', 'uninstall', '--system']);
    assert.equal(code, 1);
    assert.match(stderr, /the system service is for root\nhint: use sudo/);
  }
});

test('a dry run of a removal removes nothing, and contradictory wishes are refused', { skip }, async () => {
  const both = await runCli(['service', 'uninstall', '--dry-run', '--purge', '--keep-state']);
  assert.equal(both.code, 2);
  const { code, stdout } = await runCli(['service', 'uninstall', '--dry-run', '--json']);
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { done: boolean }).done, false);
});

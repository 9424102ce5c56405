import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import SqliteDatabase from 'better-sqlite3';
import { mountSmallDisk, noSmallDisk, remount } from '../delivery/small-disk.ts';
import {
  call,
  decided,
  type Ended,
  eventually,
  logText,
  type Machine,
  machine,
  spawnDaemon,
  startDaemonProcess,
  toHost,
  verdict,
  within,
} from '../support/daemon-process.ts';
import { listenForNotifications } from '../support/notify-socket.ts';
import { daemonInOwnTree, noSecondTree } from '../support/own-tree.ts';
import { openScope } from '../support/scope.ts';

interface Status {
  readonly generation: number;
  readonly preset: string;
  readonly mounts: { readonly compared: boolean; readonly differ: readonly string[] };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

async function statusOf({ decide }: Machine): Promise<Status> {
  return (await call(decide, 'GET /v1/status')).json as Status;
}

async function warned(place: Machine, code: string): Promise<string | undefined> {
  return (await statusOf(place)).warnings.find((warning) => warning.code === code)?.message;
}

/** How a daemon that must not start ends: with one line, and the exit code after which nobody starts it again. */
async function refused(t: TestContext, config: string, message: RegExp): Promise<void> {
  const ended: Ended = await within(15_000, 'the daemon to refuse', spawnDaemon(t, config).ended);
  assert.deepEqual([ended.code, ended.signal], [1, null], ended.stderr);
  assert.match(ended.stderr, message);
  assert.doesNotMatch(ended.stderr, /internal error|\n\s+at |\n./);
}

describe('SIGHUP', () => {
  test('takes the configuration up while the daemon answers, keeps it where the file is wrong, and ends nothing', async (t) => {
    const place = machine(t);
    const daemon = await startDaemonProcess(t, place);
    const { generation } = await decided(place, toHost('a.example'));
    place.configure({ preset: 'open' });
    daemon.kill('SIGHUP');
    await eventually('the preset', async () => (await verdict(place, toHost('a.example'))) === 'allow preset_allow');
    assert.equal((await decided(place, toHost('a.example'))).generation, generation + 1);

    place.configure({ prset: 'locked-down' });
    daemon.kill('SIGHUP');
    await eventually('the warning', async () =>
      /`prset`: unknown member/.test((await warned(place, 'config_not_reloaded')) ?? ''),
    );
    chmodSync(place.config, 0o666);
    daemon.kill('SIGHUP');
    await eventually('the other warning', async () =>
      /chmod go-w it/.test((await warned(place, 'config_not_reloaded')) ?? ''),
    );
    assert.equal(await verdict(place, toHost('a.example')), 'allow preset_allow');
    assert.match(logText(place), /"level":40.*"code":"config_untrusted".*the configuration was not taken up/);

    chmodSync(place.config, 0o600);
    place.configure();
    daemon.kill('SIGHUP');
    await eventually('the old preset', async () => (await statusOf(place)).preset === 'locked-down');
    await eventually('no warning', async () => (await warned(place, 'config_not_reloaded')) === undefined);
    assert.deepEqual([(await daemon.stop()).code, existsSync(place.decide)], [0, false]);
  });

  test('is told to the service manager, and so is its end, whatever came of it', {
    skip: process.platform === 'linux' ? false : 'systemd is Linux’s',
  }, async (t) => {
    const place = machine(t);
    const socket = join(place.root, 'notify');
    const manager = listenForNotifications(t, socket);
    const daemon = await startDaemonProcess(t, place, { env: { NOTIFY_SOCKET: socket } });
    const heard: string[] = [];
    const states = (): string => {
      heard.push(...manager.take().filter((text) => !text.startsWith('STATUS=')));
      return heard.map((text) => text.split('=')[0]).join(' ');
    };
    await eventually('the start', () => states() === 'READY');
    for (const [preset, expected] of [
      ['open', 'READY RELOADING READY'],
      ['nonsense', 'READY RELOADING READY RELOADING READY'],
    ] as const) {
      place.configure({ preset });
      daemon.kill('SIGHUP');
      await eventually(expected, () => states() === expected);
    }
    await daemon.stop();
    assert.equal(states(), 'READY RELOADING READY RELOADING READY STOPPING');
  });

  test('that comes while the daemon starts is not forgotten, and does not end it', async (t) => {
    const place = machine(t);
    const daemon = spawnDaemon(t, place.config);
    await eventually('the database', () => existsSync(join(place.state, 'policy.db')));
    daemon.kill('SIGHUP');
    await eventually('the reload', () => /the configuration was read again/.test(logText(place)));
    assert.equal(await verdict(place, toHost('a.example')), 'deny default_deny');
    assert.equal((await daemon.stop()).code, 0);
  });
});

describe('a daemon that cannot start says why in one line, and exits 1', () => {
  test('where another one has its state, or its socket', async (t) => {
    const place = machine(t);
    await startDaemonProcess(t, place);
    await refused(t, place.config, /another daemon keeps its state in `.*\/state`: stop it first, or give this one/);
    place.configure({ state_directory: join(place.root, 'other') });
    await refused(t, place.config, /another daemon answers on `.*decide\.sock`: stop it first/);
    assert.equal(await verdict(place, toHost('a.example')), 'deny default_deny');
  });

  test('where a newer version has written the database, which stays as it is', async (t) => {
    const place = machine(t);
    await (await startDaemonProcess(t, place)).stop();
    const path = join(place.state, 'policy.db');
    const version = (write?: number): unknown => {
      const database = new SqliteDatabase(path);
      if (write !== undefined) database.pragma(`user_version = ${write}`);
      const found = database.pragma('user_version', { simple: true });
      database.close();
      return found;
    };
    version(999);
    await refused(
      t,
      place.config,
      /policy\.db` has schema 999 and this version knows up to \d+: install a newer reeve/,
    );
    assert.equal(version(), 999);
    assert.equal(existsSync(place.decide), false);
  });

  test('where the disk of its state is full, or read-only', { skip: noSmallDisk() }, async (t) => {
    const scope = openScope();
    t.after(() => scope.close());
    const place = machine(scope);
    mkdirSync(place.state, { mode: 0o700 });
    mountSmallDisk(scope, place.state);
    const fill = (): void => {
      for (let part = 0; ; part += 1) writeFileSync(join(place.state, `fill-${part}`), Buffer.alloc(4_096));
    };
    assert.throws(fill, { code: 'ENOSPC' });
    await refused(t, place.config, /state\/policy\.db`.*(?:full|disk I\/O).*make room on/);
    remount(place.state, 'ro');
    await refused(t, place.config, /`.*\/state` cannot hold the state \(`state_directory`\): .*(?:EROFS|read-only)/);
  });

  test('where the directory of its sockets cannot be made, or something else stands in their place', async (t) => {
    const place = machine(t);
    writeFileSync(join(place.root, 'file'), '');
    place.configure({ sockets: { decide: join(place.root, 'file/decide.sock') } });
    await refused(t, place.config, /`.*\/file` cannot hold the sockets: .*; mend it, or choose another with `sockets`/);
    mkdirSync(join(place.root, 'run'), { mode: 0o755 });
    writeFileSync(place.decide, '');
    place.configure();
    await refused(t, place.config, /decide\.sock` is there and is no socket: remove it or choose another path/);
  });
});

test('a log of a newer version is left alone: decisions go on, and the status warns', async (t) => {
  const place = machine(t);
  const first = await startDaemonProcess(t, place);
  await verdict(place, toHost('a.example'));
  await first.stop();
  const database = new SqliteDatabase(join(place.state, 'log.db'));
  database.pragma('user_version = 999');
  database.close();
  await startDaemonProcess(t, place);
  await verdict(place, toHost('a.example'));
  await eventually('the warning', async () => /schema 999/.test((await warned(place, 'decision_log')) ?? ''));
  assert.equal(await verdict(place, toHost('a.example')), 'deny default_deny');
});

describe('where the daemon sees another tree of mounts than the machine', { skip: noSecondTree() }, () => {
  test('paths below are denied without `real`, as long as that is so, and the status lists them', async (t) => {
    const place = machine(t);
    place.configure({ preset: 'open' });
    const [inside, beside] = [join(place.root, 'inside'), join(place.root, 'beside')];
    for (const directory of [inside, beside]) mkdirSync(directory);
    writeFileSync(join(inside, 'file'), '');
    symlinkSync(join(inside, 'file'), join(beside, 'link'));
    const enter = await daemonInOwnTree(t, place);
    const read = (path: string, more: object = {}): Promise<string> =>
      verdict(place, { action: 'read', path, ...more });
    assert.deepEqual((await statusOf(place)).mounts, { compared: true, differ: [], differ_count: 0 });
    assert.equal(await read(join(beside, 'link')), 'allow preset_allow');

    enter('mount', '-t', 'tmpfs', 'tmpfs', inside);
    await eventually('the difference', async () => (await statusOf(place)).mounts.differ.join() === inside);
    const denial = await decided(place, { action: 'read', path: join(inside, 'file') });
    assert.deepEqual([denial.decision, denial.code], ['deny', 'unresolvable_path']);
    assert.match(
      denial.reason,
      /inside` is another mount for the rest of the machine than for this daemon: send `real`/,
    );
    assert.equal(await read(join(beside, 'link')), 'deny unresolvable_path', 'through a link too');
    assert.equal(await read(inside), 'deny unresolvable_path');
    const real = join(inside, 'file');
    assert.equal(await read(join(beside, 'link'), { real }), 'allow preset_allow');
    assert.equal(await read(beside), 'allow preset_allow');
    assert.match((await warned(place, 'mounts_differ')) ?? '', /inside` the daemon sees other files/);

    enter('umount', inside);
    await eventually('the same tree', async () => (await statusOf(place)).mounts.differ.length === 0);
    assert.equal(await read(join(beside, 'link')), 'allow preset_allow');
  });

  test('what is mounted on itself is the same tree', async (t) => {
    const place = machine(t);
    place.configure({ preset: 'open' });
    const enter = await daemonInOwnTree(t, place);
    enter('mount', '--bind', place.local, place.local);
    enter('mount', '-o', 'remount,bind,ro', place.local);
    enter('mount', '-t', 'tmpfs', 'tmpfs', join(place.root, 'run'));
    await eventually('a difference', async () => (await statusOf(place)).mounts.differ.length > 0);
    assert.deepEqual((await statusOf(place)).mounts.differ, [join(place.root, 'run')]);
    assert.equal(await verdict(place, { action: 'read', path: join(place.local, 'x') }), 'allow preset_allow');
  });

  test('which may not be compared, its own counts, and the status says so', async (t) => {
    const place = machine(t);
    place.configure({ preset: 'open' });
    // an ordinary user, from whom the kernel hides what belongs to others
    const uid = 20_001;
    for (const path of [place.root, place.config, place.local]) chownSync(path, uid, uid);
    const by = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups'];
    await daemonInOwnTree(t, place, { first: 'mount -t proc -o hidepid=2 proc /proc', by });
    assert.deepEqual((await statusOf(place)).mounts, { compared: false, differ: [], differ_count: 0 });
    const expected = /^the mounts of process 1 cannot be read \(ENOENT\)/;
    assert.match((await warned(place, 'mounts_unknown')) ?? '', expected);
    assert.equal(await verdict(place, { action: 'read', path: '/srv/x' }), 'allow preset_allow');
  });
});

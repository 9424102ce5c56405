import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createNotifier,
  NO_SERVICE_MANAGER,
  NotifyError,
  notifyAddress,
  openServiceNotifier,
  watchdogPeriod,
} from '../../../src/daemon/service/service-notify.ts';
import { call, eventually, machine, spawnDaemon, startDaemonProcess } from '../../support/daemon-process.ts';
import { listenForNotifications } from '../../support/notify-socket.ts';
import { tempDirectory } from '../../support/temp-tree.ts';

/** As where the optional package is not installed. */
const NO_KOFFI = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (name === 'koffi') throw new Error('Cannot find package koffi');
  return next(name, context);
} });`;

const linux = process.platform === 'linux' ? false : 'only Linux has abstract sockets and systemd';

describe('a service manager', () => {
  test('that is not there is told nothing', async () => {
    assert.equal(await openServiceNotifier({}, 1), NO_SERVICE_MANAGER);
    assert.equal(await openServiceNotifier({ NOTIFY_SOCKET: '' }, 1), NO_SERVICE_MANAGER);
    assert.equal(NO_SERVICE_MANAGER.watchdogMs, null);
  });

  for (const kind of ['path', 'abstract'] as const) {
    test(`hears on a socket with ${kind} name what it is told, in order`, { skip: linux }, async (t) => {
      const address = kind === 'path' ? join(tempDirectory(t), 'notify') : `@reeve-test-${process.pid}`;
      const socket = listenForNotifications(t, address);
      const notifier = await openServiceNotifier({ NOTIFY_SOCKET: address, WATCHDOG_USEC: '3000000' }, process.pid);
      t.after(() => notifier.close());
      assert.equal(notifier.watchdogMs, 3_000);
      const before = process.hrtime.bigint() / 1_000n;
      notifier.status('starting');
      notifier.ready();
      notifier.reloading();
      notifier.alive();
      notifier.stopping();
      const [status, ready, reloading = '', alive, stopping, ...others] = socket.take();
      assert.deepEqual(
        [status, ready, alive, stopping, others],
        ['STATUS=starting', 'READY=1', 'WATCHDOG=1', 'STOPPING=1', []],
      );
      const [, usec = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading) ?? [];
      const after = process.hrtime.bigint() / 1_000n;
      assert.ok(BigInt(usec) >= before && BigInt(usec) <= after, reloading);
      notifier.close();
      notifier.ready();
      assert.deepEqual(socket.take(), [], 'nothing is sent once it is closed');
    });
  }

  test('that does not listen for a while holds nothing up, and hears the last word', { skip: linux }, async (t) => {
    const address = `@reeve-test-full-${process.pid}`;
    const socket = listenForNotifications(t, address);
    const notifier = await openServiceNotifier({ NOTIFY_SOCKET: address }, process.pid);
    t.after(() => notifier.close());
    // the kernel keeps ten or so, unless somebody has asked for more
    for (let line = 0; line < 2_000; line += 1) {
      notifier.alive();
      notifier.status(`line ${line}`);
    }
    notifier.ready();
    const heard: string[] = [];
    await eventually('the last word', () => heard.push(...socket.take()) > 0 && heard.at(-1) === 'READY=1');
    assert.equal(heard.at(-2), 'STATUS=line 1999');
    assert.ok(heard.length < 4_000, 'it was full');
  });

  test('whose socket is none keeps the daemon from starting, with what to do', async () => {
    for (const socket of ['relative', '@', `/${'x'.repeat(108)}`, 'vsock:2:1']) {
      await assert.rejects(openServiceNotifier({ NOTIFY_SOCKET: socket }, 1), (error) => {
        assert.ok(error instanceof NotifyError);
        assert.match(error.message, /`NOTIFY_SOCKET` is .*Type=exec/);
        return true;
      });
    }
  });

  test('is addressed as the kernel wants it', () => {
    assert.deepEqual([...(notifyAddress('@ab') ?? [])].slice(2), [0, 97, 98]);
    assert.deepEqual([...(notifyAddress('/ab') ?? [])].slice(2), [47, 97, 98, 0]);
    assert.equal(notifyAddress(`/${'x'.repeat(106)}`)?.length, 110);
    assert.equal(notifyAddress(`/${'x'.repeat(107)}`), null);
    assert.equal(notifyAddress(`@${'x'.repeat(107)}`)?.length, 110);
  });

  test('watches the process that it means, as often as it says', () => {
    assert.equal(watchdogPeriod({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7), 30_000);
    assert.equal(watchdogPeriod({ WATCHDOG_USEC: '30000000' }, 7), 30_000);
    assert.equal(watchdogPeriod({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7), null);
    for (const usec of [undefined, '', '0', '-1', '1e6', 'x']) {
      assert.equal(watchdogPeriod({ WATCHDOG_USEC: usec }, 7), null, usec);
    }
  });

  test('that takes nothing for a while is told later, in order, of several status lines the last', async () => {
    const taken: string[] = [];
    let open = false;
    const notifier = createNotifier({
      send: (text) => open && taken.push(text) > 0,
      close: () => undefined,
      watchdogMs: null,
    });
    notifier.status('one');
    notifier.ready();
    notifier.status('two\nREADY=1');
    notifier.status('three');
    notifier.alive();
    assert.deepEqual(taken, []);
    open = true;
    // the wait for the retry keeps no process alive
    await eventually('the rest', async () => {
      await sleep(10);
      return taken.length === 2;
    });
    assert.deepEqual(taken, ['READY=1', 'STATUS=three']);
    notifier.status('three');
    notifier.status('four\nREADY=1');
    assert.deepEqual(taken.slice(2), ['STATUS=four READY=1']);
    notifier.close();
  });
});

describe('a daemon with a service manager', { skip: linux }, () => {
  test('says that it is ready once it answers, what it does, that it is alive, and that it stops', async (t) => {
    const own = machine(t);
    const address = join(own.root, 'notify');
    const socket = listenForNotifications(t, address);
    const heard: string[] = [];
    const hears = (text: string | RegExp): Promise<void> =>
      eventually(`the service manager to hear ${String(text)}`, () => {
        heard.push(...socket.take());
        return heard.some((line) => (typeof text === 'string' ? line === text : text.test(line)));
      });
    const daemon = await startDaemonProcess(t, own, {
      env: { NOTIFY_SOCKET: address, WATCHDOG_USEC: '600000' },
    });
    await hears('READY=1');
    assert.equal((await call(own.decide, 'GET /readyz')).status, 200);
    await hears(/^STATUS=answers by the preset locked-down and local files, generation \d+$/);
    await hears('WATCHDOG=1');
    heard.length = 0;
    await hears('WATCHDOG=1');
    daemon.kill('SIGHUP');
    await hears(/^RELOADING=1\n/);
    await hears('READY=1');
    // a process that does not get on does not say so
    daemon.kill('SIGSTOP');
    await sleep(300);
    socket.take();
    await sleep(900);
    assert.deepEqual(socket.take(), []);
    daemon.kill('SIGCONT');
    await hears('WATCHDOG=1');
    await daemon.stop();
    await hears('STOPPING=1');
  });

  test('that cannot be told ends at once, and says so', async (t) => {
    const own = machine(t);
    const ended = await spawnDaemon(t, own.config, { env: { NOTIFY_SOCKET: 'nowhere' } }).ended;
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /the service manager waits to be told/);
  });

  test('that lacks koffi ends with what to install', (t) => {
    const own = machine(t);
    const without = spawnSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(NO_KOFFI)}`,
        join(import.meta.dirname, '../../../src/cli/main.ts'),
        ...['daemon', '--config', own.config],
      ],
      {
        encoding: 'utf8',
        env: { ...process.env, NOTIFY_SOCKET: '/run/notify', NODE_V8_COVERAGE: '' },
        timeout: 30_000,
      },
    );
    assert.equal(without.status, 1, without.stderr);
    assert.match(
      without.stderr,
      /cannot be told: .*koffi.*; install reeve with its optional package koffi, or set `Type=exec`/,
    );
  });
});

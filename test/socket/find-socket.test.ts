import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  findSocket,
  hasSystemInstall,
  ownSocketLayout,
  type SocketChoice,
  userSocketDirectory,
} from '../../src/socket/find-socket.ts';
import { type SocketLayout, socketLayout } from '../../src/socket/layout.ts';

const UID = process.geteuid?.() ?? 0;

/** The layout of a machine of its own below a temporary directory; nothing is in it yet. */
function emptyMachine(t: TestContext): SocketLayout & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), 'reeve-find-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'run'), { mode: 0o755 });
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'home/u'), { recursive: true });
  return {
    root,
    systemDirectory: join(root, 'run/reeve'),
    systemConfigDirectory: join(root, 'etc/reeve'),
    uid: UID,
    userRuntimeDirectory: join(root, 'user'),
    userStateDirectory: join(root, 'home/u/.local/state/reeve/run'),
  };
}

function pathOf(choice: SocketChoice): string {
  assert.ok(choice.kind === 'socket', JSON.stringify(choice));
  return choice.path;
}

function refusalOf(choice: SocketChoice): string {
  assert.ok(choice.kind === 'refused', JSON.stringify(choice));
  return choice.message;
}

describe('the layout of sockets', () => {
  test('follows from platform, uid and home', () => {
    assert.deepEqual(socketLayout({ platform: 'linux', uid: 7, home: '/home/u' }), {
      systemDirectory: '/run/reeve',
      systemConfigDirectory: '/etc/reeve',
      uid: 7,
      userRuntimeDirectory: '/run/user/7',
      userStateDirectory: '/home/u/.local/state/reeve/run',
    });
    const mac = socketLayout({ platform: 'darwin', uid: 501, home: '/Users/u' });
    assert.deepEqual(
      [mac.systemDirectory, mac.userRuntimeDirectory, mac.userStateDirectory],
      ['/Library/Application Support/reeve/run', null, '/Users/u/Library/Application Support/reeve/run'],
    );
    assert.equal(socketLayout({ platform: 'linux', uid: 7, home: null }).userStateDirectory, null);
  });

  test('is moved by no environment variable', () => {
    const before = ownSocketLayout();
    const names = ['HOME', 'XDG_RUNTIME_DIR', 'XDG_STATE_HOME', 'REEVE_SOCKET'] as const;
    const saved = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) process.env[name] = '/tmp/elsewhere';
    try {
      assert.deepEqual(ownSocketLayout(), before);
    } finally {
      for (const [name, value] of saved) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  });
});

describe('which socket a client asks', () => {
  test('is the one named by option, untested', (t) => {
    const machine = emptyMachine(t);
    mkdirSync(machine.systemDirectory, { mode: 0o755 });
    assert.equal(pathOf(findSocket('decide', machine, '/tmp/x.sock')), '/tmp/x.sock');
    assert.match(refusalOf(findSocket('decide', machine, `/${'x'.repeat(103)}`)), /over 103 bytes/u);
  });

  test("is the system's as soon as its directory or its configuration is there", (t) => {
    const machine = emptyMachine(t);
    assert.equal(hasSystemInstall(machine), false);
    mkdirSync(machine.systemConfigDirectory);
    assert.equal(hasSystemInstall(machine), true);
    assert.match(refusalOf(findSocket('decide', machine)), /is the reeve service running/u);
    mkdirSync(machine.systemDirectory, { mode: 0o755 });
    assert.equal(pathOf(findSocket('decide', machine)), join(machine.systemDirectory, 'decide.sock'));
    assert.equal(pathOf(findSocket('admin', machine)), join(machine.systemDirectory, 'admin.sock'));
    rmSync(machine.systemConfigDirectory, { recursive: true });
    assert.equal(pathOf(findSocket('decide', machine)), join(machine.systemDirectory, 'decide.sock'));
  });

  test("is not the system's while others can write to its directory or the parent", (t) => {
    const machine = emptyMachine(t);
    mkdirSync(machine.systemDirectory, { mode: 0o755 });
    for (const path of [machine.systemDirectory, join(machine.root, 'run')]) {
      for (const mode of [0o775, 0o757, 0o1777]) {
        chmodSync(path, mode);
        assert.match(refusalOf(findSocket('decide', machine)), /writable for group or others/u);
      }
      chmodSync(path, 0o755);
    }
    assert.equal(findSocket('decide', machine).kind, 'socket');
    rmSync(machine.systemDirectory, { recursive: true });
    mkdirSync(join(machine.root, 'planted'));
    symlinkSync(join(machine.root, 'planted'), machine.systemDirectory);
    assert.match(refusalOf(findSocket('decide', machine)), /is not a directory/u);
  });

  test("is the user's otherwise: the runtime directory only if it is theirs and 0700", (t) => {
    const machine = emptyMachine(t);
    const { userRuntimeDirectory: runtime, userStateDirectory: state } = machine;
    assert.ok(runtime !== null && state !== null);
    assert.equal(userSocketDirectory(machine), state);
    mkdirSync(runtime, { mode: 0o755 });
    assert.equal(userSocketDirectory(machine), state);
    chmodSync(runtime, 0o700);
    assert.equal(userSocketDirectory(machine), join(runtime, 'reeve'));
    assert.equal(userSocketDirectory({ ...machine, uid: UID + 1 }), state);
    assert.equal(pathOf(findSocket('decide', machine)), join(runtime, 'reeve/decide.sock'));
    rmSync(runtime, { recursive: true });
    symlinkSync(join(machine.root, 'home'), runtime);
    assert.equal(userSocketDirectory(machine), state);
    assert.match(
      refusalOf(findSocket('decide', { ...machine, userRuntimeDirectory: null, userStateDirectory: null })),
      /--socket/u,
    );
  });

  test("is not the user's when somebody else owns it, or could", (t) => {
    const machine = emptyMachine(t);
    const state = machine.userStateDirectory;
    assert.ok(state !== null);
    mkdirSync(state, { recursive: true, mode: 0o700 });
    assert.equal(pathOf(findSocket('decide', machine)), join(state, 'decide.sock'));
    assert.match(refusalOf(findSocket('decide', { ...machine, uid: UID + 1 })), /not this user's own/u);
    chmodSync(state, 0o770);
    assert.match(refusalOf(findSocket('decide', machine)), /not this user's own/u);
    chmodSync(state, 0o700);
    writeFileSync(join(state, 'decide.sock'), '');
    assert.equal(findSocket('decide', machine).kind, 'socket');
    if (UID !== 0) return;
    chownSync(join(state, 'decide.sock'), 12_345, 12_345);
    assert.match(refusalOf(findSocket('decide', machine)), /belongs to another user/u);
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readActivation } from '../../src/localapi/activation.ts';
import { listenOn } from '../../src/localapi/listen.ts';
import { LocalApiError, type LocalApiErrorCode } from '../../src/localapi/local-api-error.ts';
import { prepareSocketDirectory } from '../../src/localapi/socket-directory.ts';
import { startLocalApi } from '../../src/localapi/start-local-api.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, readToEnd } from '../support/raw-http.ts';

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-listen-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function listen(t: TestContext, path: string, mode = 0o666): Promise<Server> {
  const server = await listenOn({ kind: 'path', path, mode }, (socket) => socket.end());
  t.after(() => server.close());
  return server;
}

/** A socket file that nobody listens on any more. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(`${path}.x`, resolve));
  // closing takes the file away under the name it was bound to
  renameSync(`${path}.x`, path);
  await new Promise<void>((resolve) => void server.close(() => resolve()));
}

function refusedWith(code: LocalApiErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LocalApiError, String(error));
    assert.equal(error.code, code);
    assert.ok(!error.message.includes('\n'));
    return true;
  };
}

describe('listening on a path', () => {
  test('gives the socket its mode, whatever the umask, and leaves the umask alone', async (t) => {
    const directory = temporaryDirectory(t);
    const before = process.umask(0);
    t.after(() => process.umask(before));
    await listen(t, join(directory, 'a.sock'), 0o600);
    await listen(t, join(directory, 'b.sock'), 0o666);
    assert.equal(process.umask(0o777), 0);
    await listen(t, join(directory, 'c.sock'), 0o660);
    assert.equal(process.umask(0o777), 0o777);
    const modes = ['a', 'b', 'c'].map((name) => statSync(join(directory, `${name}.sock`)).mode & 0o777);
    assert.deepEqual(modes, [0o600, 0o666, 0o660]);
  });

  test('lets nobody else in between binding and setting the mode', async (t) => {
    const path = join(temporaryDirectory(t), 'a.sock');
    const before = process.umask(0);
    t.after(() => process.umask(before));
    const listening = listen(t, path, 0o666);
    // microtasks run before the event that says it listens, so this sees the first moment
    for (let round = 0; round < 1_000 && !existsSync(path); round += 1) await Promise.resolve();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await listening;
    assert.equal(statSync(path).mode & 0o777, 0o666);
  });

  test('refuses while another daemon answers, and leaves it alone', async (t) => {
    const path = join(temporaryDirectory(t), 'a.sock');
    await listen(t, path);
    await assert.rejects(listen(t, path), refusedWith('already_running'));
    (await connect(path)).destroy();
  });

  test('takes the place of a dead socket', async (t) => {
    const path = join(temporaryDirectory(t), 'a.sock');
    await leaveDeadSocket(path);
    assert.ok(lstatSync(path).isSocket());
    await listen(t, path);
    (await connect(path)).destroy();
  });

  test('refuses a link, a file and a directory in its place, and keeps them', async (t) => {
    const directory = temporaryDirectory(t);
    const dead = join(directory, 'dead.sock');
    await leaveDeadSocket(dead);
    const [link, dangling, file, folder] = ['link', 'dangling', 'file', 'folder'].map((name) => join(directory, name));
    assert.ok(link !== undefined && dangling !== undefined && file !== undefined && folder !== undefined);
    symlinkSync(dead, link);
    symlinkSync(join(directory, 'nowhere'), dangling);
    writeFileSync(file, 'precious');
    mkdirSync(folder);
    for (const path of [link, dangling, file, folder]) {
      await assert.rejects(listen(t, path), refusedWith('unsafe_socket_path'));
      assert.ok(lstatSync(path));
    }
    assert.ok(existsSync(dead));
    assert.ok(!existsSync(join(directory, 'nowhere')));
  });

  test('refuses a path over 103 bytes, and one that cannot be bound', async (t) => {
    const directory = temporaryDirectory(t);
    const of = (bytes: number): string => join(directory, 'x'.repeat(bytes - Buffer.byteLength(directory) - 1));
    await listen(t, of(103));
    await assert.rejects(listen(t, of(104)), refusedWith('path_too_long'));
    await assert.rejects(listen(t, join(directory, 'é'.repeat(40))), refusedWith('path_too_long'));
    await assert.rejects(listen(t, join(directory, 'missing', 'a.sock')), refusedWith('listen_failed'));
    await assert.rejects(listen(t, '\0reeve-abstract'), refusedWith('listen_failed'));
  });

  test('opens neither socket when one of them cannot be', async (t) => {
    const directory = temporaryDirectory(t);
    const decide = join(directory, 'decide.sock');
    const { api } = await startDecisionDaemon(t);
    const started = startLocalApi({
      sockets: {
        decide: { kind: 'path', path: decide, mode: 0o666 },
        admin: { kind: 'path', path: join(directory, 'missing/admin.sock'), mode: 0o600 },
      },
      port: {
        decisionPoint: {
          tell: () => '{}',
          tellMany: () => ({ advance: () => [] }),
          explain: () => Promise.resolve({ kind: 'not_a_request', message: '' }),
        },
        identity: () => ({ revision: '', generation: 0 }),
        status: () => ({}),
        metrics: () => '',
        ready: () => true,
        sync: () => Promise.resolve({ kind: 'live', generation: 0, revision: '' }),
        rules: () => Promise.resolve({ kind: 'rules', json: '[]' }),
        reset: () => Promise.resolve({ kind: 'failed', code: 'not_here', message: 'there is no state here' }),
        log: () => Promise.resolve({ kind: 'unavailable' as const, message: 'no log here' }),
        authzenIdentifier: 'https://reeve.invalid',
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      credentials: api.credentials,
    });
    await assert.rejects(started, refusedWith('listen_failed'));
    assert.equal(existsSync(decide), false);
  });
});

describe('socket activation', () => {
  const pid = 42;
  const mine = { LISTEN_PID: '42', LISTEN_FDS: '2' };

  test('gives the sockets by their names', () => {
    assert.deepEqual(readActivation({ ...mine, LISTEN_FDNAMES: 'admin:decide' }, pid), { admin: 3, decide: 4 });
    assert.deepEqual(readActivation({ ...mine, LISTEN_FDS: '1', LISTEN_FDNAMES: 'decide' }, pid), { decide: 3 });
  });

  test('is nothing without sockets or for another process', () => {
    assert.deepEqual(readActivation({}, pid), {});
    assert.deepEqual(readActivation({ ...mine, LISTEN_FDS: '0' }, pid), {});
    assert.deepEqual(readActivation({ ...mine, LISTEN_PID: '43', LISTEN_FDNAMES: 'x' }, pid), {});
  });

  test('refuses names that say nothing, and the wrong number of them', () => {
    const names = ['decide', 'decide:decide', 'decide:other', 'decide:', 'a:b:c', undefined];
    for (const LISTEN_FDNAMES of names) {
      assert.throws(() => readActivation({ ...mine, LISTEN_FDNAMES }, pid), refusedWith('activation_invalid'));
    }
    for (const LISTEN_FDS of ['x', '-1', '999', '1.5', '']) {
      assert.throws(
        () => readActivation({ ...mine, LISTEN_FDS, LISTEN_FDNAMES: 'decide' }, pid),
        refusedWith('activation_invalid'),
      );
    }
  });

  test('serves a socket that was handed over to another process', { timeout: 20_000 }, async (t) => {
    const path = join(temporaryDirectory(t), 'handed.sock');
    const manager = createServer();
    await new Promise<void>((resolve) => void manager.listen(`${path}.x`, resolve));
    const fd: unknown = Reflect.get(Reflect.get(manager, '_handle') as object, 'fd');
    assert.ok(typeof fd === 'number');
    const entry = join(import.meta.dirname, 'activated-server.ts');
    const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'ignore', 'inherit', fd] });
    t.after(() => child.kill('SIGKILL'));
    // closing takes the file away under the name it was bound to; the child holds the socket
    renameSync(`${path}.x`, path);
    manager.close();
    const socket = await connect(path);
    assert.equal((await readToEnd(socket, 15_000)).toString(), 'served');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });
});

describe('the directory of the sockets', () => {
  test('is made with its mode, parents included, whatever the umask', (t) => {
    const before = process.umask(0o077);
    t.after(() => process.umask(before));
    const path = join(temporaryDirectory(t), 'a/b/run');
    prepareSocketDirectory(path, 0o755);
    assert.equal(statSync(path).mode & 0o777, 0o755);
    prepareSocketDirectory(path, 0o755);
  });

  test('is refused when others could swap a socket in it', (t) => {
    const directory = temporaryDirectory(t);
    const open = join(directory, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const link = join(directory, 'link');
    symlinkSync(open, link);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const path of [open, link, file]) {
      assert.throws(() => prepareSocketDirectory(path, 0o700), refusedWith('unsafe_socket_path'));
    }
  });
});

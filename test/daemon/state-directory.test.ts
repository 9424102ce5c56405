import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { lockStateDirectory, prepareStateDirectory } from '../../src/daemon/state-directory.ts';
import { mountSmallDisk, noSmallDisk, remount } from '../delivery/small-disk.ts';
import { within } from '../support/daemon-process.ts';
import { openScope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const run = promisify(execFile);
const MODULE = new URL('../../src/daemon/state-directory.ts', import.meta.url).href;

function take(path: string): ReturnType<typeof lockStateDirectory> {
  prepareStateDirectory(path);
  return lockStateDirectory(path);
}

/** A process that takes the directory, says so, and keeps it until it is killed. */
async function holder(t: TestContext, path: string): Promise<{ readonly kill: () => Promise<unknown> }> {
  const program = `
    import { lockStateDirectory, prepareStateDirectory } from ${JSON.stringify(MODULE)};
    prepareStateDirectory(${JSON.stringify(path)});
    globalThis.lock = lockStateDirectory(${JSON.stringify(path)});
    console.log('taken');
    setInterval(() => globalThis.lock, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const kill = async (): Promise<unknown> => {
    child.kill('SIGKILL');
    return ended;
  };
  t.after(kill);
  await within(10_000, 'the other process', once(child.stdout, 'data'));
  return { kill };
}

/** Another process tries; what it says. */
async function attempt(path: string): Promise<string> {
  const program = `
    import { lockStateDirectory, prepareStateDirectory } from ${JSON.stringify(MODULE)};
    try { prepareStateDirectory(${JSON.stringify(path)}); lockStateDirectory(${JSON.stringify(path)}); console.log('taken'); }
    catch (error) { console.log(error.code + ' ' + error.message); }`;
  return (await run(process.execPath, ['--input-type=module', '-e', program])).stdout.trim();
}

describe('the state directory', () => {
  test('is made for its owner alone, and belongs to one daemon, until that one ends in whatever way', async (t) => {
    const path = join(tempDirectory(t), 'a/state');
    const first = await holder(t, path);
    assert.deepEqual([statSync(path).mode & 0o777, statSync(join(path, 'lock')).mode & 0o777], [0o700, 0o600]);
    const refusal = await attempt(path);
    assert.match(refusal, /^already_running another daemon keeps its state in `.*\/a\/state`: stop it first, or give/);
    await first.kill();
    assert.equal(await attempt(path), 'taken');
  });

  test('is refused where it is no directory, where others can write, and where the lock is no database', (t) => {
    const path = join(tempDirectory(t), 'state');
    const refusal = { code: 'state_unusable', message: /cannot hold the state \(`state_directory`\): / };
    writeFileSync(path, '');
    assert.throws(() => take(path), refusal);
    rmSync(path);
    mkdirSync(path);
    chmodSync(path, 0o770);
    assert.throws(() => take(path), { ...refusal, message: /writable for group or others: chmod go-w it/ });
    chmodSync(path, 0o700);
    writeFileSync(join(path, 'lock'), 'something else altogether '.repeat(100));
    assert.throws(() => take(path), { ...refusal, message: /lock` is no usable database: move it away/ });
  });

  test('is taken on a disk that is full, and not on one that is read-only', { skip: noSmallDisk() }, (t) => {
    // the last to come is the first to go
    const scope = openScope();
    t.after(() => scope.close());
    const path = join(tempDirectory(scope), 'disk');
    mkdirSync(path);
    mountSmallDisk(scope, path);
    assert.throws(
      () => {
        for (let part = 0; ; part += 1) writeFileSync(join(path, `fill-${part}`), Buffer.alloc(65_536));
      },
      { code: 'ENOSPC' },
    );
    take(path).close();
    rmSync(join(path, 'lock'));
    remount(path, 'ro');
    assert.throws(() => take(path), { code: 'state_unusable', message: /EROFS|read-only/ });
  });
});

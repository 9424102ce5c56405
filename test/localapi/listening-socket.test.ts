import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { eventually } from '../support/daemon-process.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, exchangeHttp, httpRequest, readToEnd } from '../support/raw-http.ts';

const limits = { socketLookMs: 20 };

async function answers(path: string): Promise<boolean> {
  const [response] = await exchangeHttp(path, httpRequest('GET', '/healthz')).catch(() => []);
  return response?.status === 200;
}

describe('a socket of a running daemon', () => {
  test('that is removed is there again, for new callers and with its connections', async (t) => {
    const { api, decide, admin } = await startDecisionDaemon(t, { limits });
    const before = await connect(decide);
    const answer = readToEnd(before);
    for (const path of [decide, admin]) rmSync(path);
    await eventually('both', async () => (await answers(decide)) && (await answers(admin)));
    assert.deepEqual(api.troubles, []);
    before.write(httpRequest('GET', '/healthz', { headers: { Connection: 'close' } }));
    assert.match((await answer).toString(), /^HTTP\/1\.1 200 /);
    await api.close();
    assert.deepEqual([existsSync(decide), existsSync(admin)], [false, false]);
  });

  test('in whose place somebody else’s stands is not fought over; it comes back once that is gone', async (t) => {
    const { api, decide, admin, errors } = await startDecisionDaemon(t, { limits });
    const thief = createServer((socket) => socket.end('stolen'));
    t.after(() => thief.close());
    await new Promise<void>((resolve) => void thief.listen(`${decide}.x`, resolve));
    renameSync(`${decide}.x`, decide);
    await eventually('the trouble', () => api.troubles.length === 1);
    assert.match(api.troubles[0] ?? '', /^something else stands at `.*decide\.sock`: remove it, and the daemon takes/);
    assert.equal((await readToEnd(await connect(decide))).toString(), 'stolen');
    assert.equal(await answers(admin), true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(errors.length, 1, 'said once');
    rmSync(decide);
    await eventually('the socket', () => answers(decide));
    assert.deepEqual(api.troubles, []);
  });

  for (const [what, hide, show] of [
    ['whose directory is away for a while', () => undefined, () => undefined],
    ['that cannot be looked at for a while', (path: string) => symlinkSync(path, path), (path: string) => rmSync(path)],
  ] as const) {
    test(`${what} is the same one afterwards, and serves`, async (t) => {
      const { api, directory, decide } = await startDecisionDaemon(t, { limits });
      const { ino } = lstatSync(decide);
      renameSync(directory, `${directory}.x`);
      hide(directory);
      await eventually('the trouble', () => api.troubles.length === 2);
      await new Promise((resolve) => setTimeout(resolve, 100));
      show(directory);
      renameSync(`${directory}.x`, directory);
      await eventually('no trouble', () => api.troubles.length === 0);
      assert.deepEqual([lstatSync(decide).ino, await answers(decide)], [ino, true]);
      await api.close();
      assert.equal(existsSync(decide), false);
    });
  }

  test('that was made anew again and again is there once, and gone when the daemon closes', async (t) => {
    const { api, directory, decide } = await startDecisionDaemon(t, { limits });
    for (let turn = 0; turn < 3; turn += 1) {
      rmSync(decide);
      await eventually('the socket', () => answers(decide));
      assert.deepEqual(readdirSync(directory).toSorted(), ['admin.sock', 'decide.sock']);
    }
    await api.close();
    assert.deepEqual(readdirSync(directory), []);
  });

  test('that belongs to somebody else when the daemon closes is left to them', async (t) => {
    const { api, decide } = await startDecisionDaemon(t, { limits });
    rmSync(decide);
    writeFileSync(decide, 'not ours');
    await eventually('the trouble', () => api.troubles.length === 1);
    await api.close();
    assert.equal(existsSync(decide), true);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Part, Parts } from '../../src/daemon/lifecycle.ts';

/** A part that writes down when it is closed. */
function part(name: string, told: string[], failure?: Error): Part {
  return {
    async close() {
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`close ${name}`);
      if (failure !== undefined) throw failure;
    },
  };
}

describe('the parts of a daemon', () => {
  test('close in the reverse of the order in which they started, one after the other', async () => {
    const told: string[] = [];
    const parts = new Parts();
    for (const name of ['database', 'sockets', 'source']) {
      const started = await parts.start(name, () => part(name, told));
      assert.equal(typeof started.close, 'function');
    }
    assert.deepEqual(told, []);
    assert.deepEqual(await parts.close(), []);
    assert.deepEqual(told, ['close source', 'close sockets', 'close database']);
  });

  test('a part that does not start closes those before it, in reverse, and its error goes on', async () => {
    const told: string[] = [];
    const parts = new Parts();
    await parts.start('database', () => part('database', told));
    await parts.start('files', () => Promise.resolve(part('files', told)));
    const failure = new Error('the socket is taken');
    for (const start of [() => Promise.reject(failure), () => assert.fail('never started')]) {
      await assert.rejects(parts.start('sockets', start));
      assert.deepEqual(told, ['close files', 'close database']);
    }
  });

  test('one that does not close keeps nothing else open, and is named', async () => {
    const told: string[] = [];
    const failure = new Error('stuck');
    const parts = new Parts();
    await parts.start('database', () => part('database', told));
    await parts.start('files', () => part('files', told, failure));
    await parts.start('sockets', () => part('sockets', told));
    assert.deepEqual(await parts.close(), [{ name: 'files', error: failure }]);
    assert.deepEqual(told, ['close sockets', 'close files', 'close database']);
  });

  test('closing twice, also at the same time, closes once', async () => {
    const told: string[] = [];
    const parts = new Parts();
    await parts.start('database', () => part('database', told));
    const [first, second] = [parts.close(), parts.close()];
    assert.equal(first, second);
    await first;
    assert.deepEqual(await parts.close(), []);
    assert.deepEqual(told, ['close database']);
  });
});

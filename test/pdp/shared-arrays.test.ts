import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { withSharedArrays } from '../../src/pdp/shared-arrays.ts';

/** As another thread gets it. */
function sent<T>(value: T): T {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const received = receiveMessageOnPort(port2)?.message as T;
  port1.close();
  port2.close();
  return received;
}

test('every typed array keeps its kind and its elements, wherever it lies', () => {
  const value = {
    words: new Uint32Array([1, 2 ** 32 - 1]),
    list: [new Uint8Array([7]), { doubles: new Float64Array([0.5, -1]) }],
    byName: new Map([['a', new Int16Array([-3])]]),
    wide: new BigUint64Array([2n ** 63n]),
    view: new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
    text: 'text',
    nothing: null,
  };
  const shared = withSharedArrays(value);
  assert.deepEqual(shared, value);
  const arrays = [shared.words, shared.list[0], shared.byName.get('a'), shared.wide, shared.view];
  assert.ok(arrays.every((array) => ArrayBuffer.isView(array) && array.buffer instanceof SharedArrayBuffer));
});

test('another thread sees the same memory, not a copy of it', () => {
  const shared = withSharedArrays({ words: new Uint32Array(1_000) });
  const received = sent(shared);
  shared.words[999] = 42;
  assert.equal(received.words[999], 42);
});

test('what is shared already, and what holds no array, is not touched', () => {
  const plain = { names: ['a', 'b'], deep: new Map([['x', { y: 1 }]]) };
  assert.equal(withSharedArrays(plain), plain);
  const shared = withSharedArrays({ plain, words: new Uint32Array([1]) });
  assert.equal(shared.plain, plain);
  assert.equal(withSharedArrays(shared), shared);
  const more = withSharedArrays({ shared, bytes: new Uint8Array([2]) });
  assert.equal(more.shared, shared);
});

test('one array in two places stays one, and a part of a buffer is only that part', () => {
  const whole = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  const part = whole.subarray(2, 4);
  const shared = withSharedArrays({ one: part, other: part });
  assert.equal(shared.one, shared.other);
  assert.deepEqual([...shared.one], [3, 4]);
  assert.equal(shared.one.buffer.byteLength, 8, 'aligned, and no longer than that');
});

test('bytes of a Buffer arrive as bytes', () => {
  const shared = withSharedArrays({ bytes: Buffer.from('grün') });
  assert.equal(Buffer.from(sent(shared).bytes).toString('utf8'), 'grün');
});

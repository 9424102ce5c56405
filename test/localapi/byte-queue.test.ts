import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from '../../src/localapi/byte-queue.ts';

describe('a byte queue', () => {
  test('gives the lines of a text however it was cut into chunks', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (whole, sizes) => {
        const queue = new ByteQueue();
        const lines: string[] = [];
        const kept: Buffer[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          queue.push(Buffer.from(whole.slice(at, at + size)));
          at += size;
          // not after each chunk, so that several lie in the queue at once
          if (turn % 3 !== 0) continue;
          for (let length = queue.indexOfNewline(); length !== -1; length = queue.indexOfNewline()) {
            const line = queue.take(length + 1);
            kept.push(line);
            lines.push(line.toString());
          }
        }
        const rest = queue.take(queue.length).toString();
        assert.equal(lines.join('') + rest, whole);
        // what was taken stays what it was, whatever came later
        assert.deepEqual(kept.map(String), lines);
        assert.equal(queue.length, 0);
      }),
      { numRuns: 3_000 },
    );
  });

  test('finds a newline that comes after bytes were skipped and taken', () => {
    const queue = new ByteQueue();
    queue.push(Buffer.from('abc'));
    assert.equal(queue.indexOfNewline(), -1);
    queue.skip(1);
    queue.push(Buffer.from('d\ne'));
    assert.equal(queue.at(0), 'b'.charCodeAt(0));
    assert.equal(queue.indexOfNewline(), 3);
    assert.equal(queue.take(4).toString(), 'bcd\n');
    assert.equal(queue.indexOfNewline(), -1);
    queue.clear();
    assert.equal(queue.length, 0);
  });

  test('takes a long line byte by byte in linear time', () => {
    const queue = new ByteQueue();
    const before = performance.now();
    for (let index = 0; index < 200_000; index += 1) {
      queue.push(Buffer.of(0x61));
      assert.equal(queue.indexOfNewline(), -1);
    }
    assert.ok(performance.now() - before < 3_000);
    assert.equal(queue.length, 200_000);
  });
});

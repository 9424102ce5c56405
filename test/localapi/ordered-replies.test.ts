import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OrderedReplies } from '../../src/localapi/ordered-replies.ts';

describe('ordered replies', () => {
  test('come in the order of the questions, whenever they are ready', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), fc.infiniteStream(fc.nat()), (late, picks) => {
        let written = '';
        const replies = new OrderedReplies((text) => {
          written += text;
        });
        const waiting: (() => void)[] = [];
        for (const [index, isLate] of late.entries()) {
          if (!isLate) replies.add(`${index},`);
          else {
            const fill = replies.reserve();
            waiting.push(() => fill(`${index},`));
          }
        }
        assert.equal(replies.waiting, waiting.length);
        while (waiting.length > 0) {
          const [settle] = waiting.splice((picks.next().value ?? 0) % waiting.length, 1);
          settle?.();
        }
        assert.equal(written, late.map((_, index) => `${index},`).join(''));
        assert.deepEqual([replies.waiting, replies.unsent], [0, 0]);
      }),
    );
  });

  test('are written together when they were held', () => {
    const writes: string[] = [];
    const replies = new OrderedReplies((text) => void writes.push(text));
    replies.hold();
    replies.add('a');
    replies.add('b');
    assert.deepEqual(writes, []);
    replies.release();
    assert.deepEqual(writes, ['ab']);
  });
});

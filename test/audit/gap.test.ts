import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GapCounter, gapEntry } from '../../src/audit/gap.ts';

test('a gap counts what was dropped, by whom, and from when to when', () => {
  const counter = new GapCounter();
  assert.equal(counter.take(), null);
  counter.drop(2_000, 7, false);
  counter.drop(1_000, null, true);
  counter.drop(3_000, 7, false);
  const gap = counter.take();
  assert.ok(gap !== null);
  assert.deepEqual(gap, {
    ...{ dropped: 3, droppedDenials: 1, lost: 0, events: 0, since: 1_000, until: 3_000 },
    uids: new Map([
      [7, 2],
      [null, 1],
    ]),
  });
  assert.equal(counter.empty, true);
  assert.equal(counter.take(), null);
  counter.drop(9_000, 8, false);
  assert.deepEqual([counter.take()?.since, gap.uids.has(8)], [9_000, false]);
});

test('the gap that a lost page carried is not forgotten', () => {
  const counter = new GapCounter();
  counter.drop(1_000, 7, true);
  counter.dropEvents(1_500, 2);
  const carried = counter.take();
  counter.drop(5_000, 7, false);
  counter.dropEvents(5_500, 1);
  counter.dropEvents(9_000, 0);
  counter.lose(10, 6_000, carried);
  assert.deepEqual(counter.take(), {
    ...{ dropped: 2, droppedDenials: 1, lost: 10, events: 3, since: 1_000, until: 6_000 },
    uids: new Map([[7, 2]]),
  });
  counter.lose(0, 6_000, carried);
  assert.deepEqual([counter.take()?.since, counter.empty], [1_000, true]);
});

test('a thousand callers do not make a gap long', () => {
  const counter = new GapCounter();
  for (let uid = 0; uid < 1_000; uid += 1) counter.drop(1_000, uid, false);
  const gap = counter.take();
  assert.ok(gap !== null);
  const { fields } = gapEntry(gap, 2_000, { revision: 'r', generation: 1 });
  assert.deepEqual([gap.dropped, gap.uids.size], [1_000, 16]);
  assert.equal((fields['dropped_by'] as unknown[]).length, 16);
  assert.deepEqual([fields['revision'], fields['generation'], fields['since']], ['r', 1, '1970-01-01T00:00:01.000Z']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../src/base/clock.ts';
import { watchLoopLag } from '../../../src/daemon/metrics/loop-lag.ts';

test('the lag of the loop is how late a task came that was due, and what is closed looks no more', async () => {
  const tasks: (() => void)[] = [];
  let cancelled = 0;
  const clock: Clock = {
    // a wall clock that jumps is no lag
    now: () => Math.random() * 1e12,
    after: (ms, task) => {
      assert.equal(ms, 1_000);
      tasks.push(task);
      return () => void (cancelled += 1);
    },
  };
  const lag = watchLoopLag(clock);
  // called too soon: not late at all
  tasks.shift()?.();
  assert.deepEqual([lag.histogram.cumulative()[0], lag.histogram.sum], [1, 0]);
  await sleep(1_060);
  tasks.shift()?.();
  const { bounds, sum } = lag.histogram;
  assert.ok(sum >= 0.05 && sum < 1, `${sum}`);
  assert.equal(lag.histogram.cumulative()[bounds.indexOf(0.05)], 1);
  assert.equal(lag.histogram.cumulative().at(-1), 2);
  lag.close();
  assert.deepEqual([tasks.length, cancelled], [1, 1]);
});

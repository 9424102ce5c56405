import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, jittered } from '../../src/base/backoff.ts';

test('the wait doubles with each failure up to its cap, spread over the upper half', () => {
  const backoff = { baseMs: 100, capMs: 1_000 };
  const waits = (random: number): number[] => [1, 2, 3, 4, 5, 500].map((n) => backoffMs(backoff, n, () => random));
  assert.deepEqual(waits(0), [50, 100, 200, 400, 500, 500]);
  assert.deepEqual(waits(1), [100, 200, 400, 800, 1_000, 1_000]);
});

test('jitter is ten per cent to either side', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => Math.round(jittered(1_000, () => random))),
    [900, 1_000, 1_100],
  );
});

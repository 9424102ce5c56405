import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slope } from './memory.ts';
import { soak } from './soak.ts';

test('under mixed load and changing policies every answer is the one of its revision', async (t) => {
  const { checked, allowed, late, generations, failures } = await soak({ seconds: 4, seed: 20_260_601 });
  t.diagnostic(`${JSON.stringify(checked)}, ${generations} generations, ${late} late`);
  assert.deepEqual(failures, []);
  for (const [channel, count] of Object.entries(checked)) assert.ok(count > 0, `nothing was asked as ${channel}`);
  assert.ok(allowed > 0 && generations > 1);
});

test('a slope is in megabytes in ten minutes, and needs ten samples', () => {
  const rising = Array.from({ length: 20 }, (_, at) => ({ seconds: at * 60, megabytes: 80 + at * 0.2 }));
  assert.ok(Math.abs((slope(rising) ?? 0) - 2) < 1e-9);
  assert.equal(slope(rising.slice(0, 9)), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import { compile } from '../../src/policy/compile.ts';
import { emptySet } from '../support/policy-sets.ts';

test('nothing is held before the first swap, and each swap is a new generation', () => {
  const holder = createSnapshotHolder(() => 0);
  assert.equal(holder.current(), null);
  const first = holder.swap(compile(emptySet({ revision: 'one' })), 'start');
  assert.equal(first.generation, 1);
  const second = holder.swap(compile(emptySet({ revision: 'two' })), 'bundle');
  assert.equal(second.generation, 2);
  assert.equal(holder.current(), second);
  assert.equal(first.policy.revision, 'one');
  assert.ok(Object.isFrozen(second));
});

test('a listener hears each swap with its cause until it is taken off', () => {
  const holder = createSnapshotHolder(() => 0);
  const heard: string[] = [];
  const off = holder.onSwap((snapshot, cause) => heard.push(`${cause} ${snapshot.generation}`));
  holder.swap(compile(emptySet()), 'start');
  holder.swap(compile(emptySet()), 'local');
  off();
  holder.swap(compile(emptySet()), 'bundle');
  assert.deepEqual(heard, ['start 1', 'local 2']);
});

test('a listener that throws keeps the swap from nobody, and ends nothing', async () => {
  const holder = createSnapshotHolder(() => 0);
  const heard: string[] = [];
  holder.onSwap(() => {
    throw new Error('a listener failed');
  });
  holder.onSwap((_, cause) => heard.push(cause));
  const snapshot = holder.swap(compile(emptySet()), 'start');
  // anything thrown later on would be an uncaught exception by now
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([heard, holder.current()], [['start'], snapshot]);
});

test('the tick brings the lifetime of answers up to date without a new generation', () => {
  let now = Date.parse('2026-06-01T00:00:00Z');
  const until = {
    id: 'pol_a',
    name: 'a',
    org: 'acme',
    valid_until: '2026-06-01T00:00:10Z',
    allowlist_v0: { rules: [] },
  };
  const holder = createSnapshotHolder(() => now);
  holder.tick();
  const before = holder.swap(compile(emptySet({ now, policies: [until] })), 'start');
  assert.equal(before.ttlMs, 5_000);
  now += 7_000;
  holder.tick();
  assert.equal(holder.current()?.ttlMs, 2_000);
  assert.equal(holder.current()?.generation, 1);
  assert.equal(holder.current()?.policy, before.policy);
});

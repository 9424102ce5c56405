import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailedExchanges } from '../../../src/control-plane/auth/failed-exchanges.ts';
import { MAX_REMEMBERED_SOURCES } from '../../../src/control-plane/limits.ts';

test('ten failures in a minute make a source wait for the rest of it, and no other source', () => {
  let now = 1_000_000;
  const failures = new FailedExchanges(() => now);
  for (let count = 0; count < 9; count += 1) failures.record('a');
  assert.equal(failures.wait('a'), 0);
  now += 20_000;
  failures.record('a');
  assert.equal(failures.wait('a'), 40);
  assert.equal(failures.wait('b'), 0);
  now += 40_000;
  assert.equal(failures.wait('a'), 0);
  failures.record('a');
  assert.equal(failures.wait('a'), 0);
});

test('a clock set back makes nobody wait for it to catch up', () => {
  let now = 1_000_000_000;
  const failures = new FailedExchanges(() => now);
  for (let count = 0; count < 10; count += 1) failures.record('a');
  assert.ok(failures.wait('a') > 0);
  now -= 3_600_000;
  assert.equal(failures.wait('a'), 0);
});

test('beyond its limit it forgets the source that failed first', () => {
  const failures = new FailedExchanges(() => 0);
  for (let count = 0; count < 10; count += 1) failures.record('first');
  for (let index = 0; index < MAX_REMEMBERED_SOURCES - 1; index += 1) failures.record(`s${index}`);
  assert.ok(failures.wait('first') > 0);
  failures.record('one more');
  assert.equal(failures.wait('first'), 0);
});

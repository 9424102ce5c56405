import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchSpareMemory } from '../../../src/daemon/policy/spare-memory.ts';
import { eventually } from '../../support/daemon-process.ts';
import { manualClock } from '../../support/manual-clock.ts';

const MEGABYTE = 1_048_576;

/** Leaves some hundred thousand objects behind that nobody holds. */
function work(): number {
  return Array.from({ length: 300_000 }, (_, index) => ({ index, text: `text ${index}` })).length;
}

function heapMegabytes(): number {
  return process.memoryUsage().heapTotal / MEGABYTE;
}

test('the memory of a large piece of work is given back once everything rests', async () => {
  const clock = manualClock();
  const spare = watchSpareMemory(clock);
  for (let round = 0; round < 5; round += 1) work();
  const before = heapMegabytes();
  spare.used();
  clock.advance(999);
  spare.used();
  clock.advance(999);
  assert.equal(clock.pending(), 1, 'not while it goes on');
  clock.advance(1);
  await eventually('the heap to shrink', () => heapMegabytes() < before - 16);
});

test('where there is little to give back, or nobody waits any more, nothing is collected', async () => {
  const clock = manualClock();
  work();
  const before = heapMegabytes();
  const unworthy = watchSpareMemory(clock, Number.POSITIVE_INFINITY);
  unworthy.used();
  const closed = watchSpareMemory(clock, 0);
  closed.used();
  closed.close();
  clock.advance(5_000);
  await sleep(200);
  assert.ok(heapMegabytes() >= before - 4);
  assert.equal(clock.pending(), 0);
});

test('what never comes to rest gives its garbage back once a minute, however little that is', async () => {
  const clock = manualClock();
  const spare = watchSpareMemory(clock, Number.POSITIVE_INFINITY);
  for (let round = 0; round < 5; round += 1) work();
  const before = heapMegabytes();
  for (let second = 0; second < 60; second += 1) {
    spare.used();
    clock.advance(999);
  }
  assert.ok(heapMegabytes() >= before - 4, 'not sooner');
  clock.advance(60);
  spare.used();
  clock.advance(0);
  await eventually('the heap to shrink', () => heapMegabytes() < before - 16);
});

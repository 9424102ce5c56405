import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchSpareMemory } from '../../../src/daemon/policy/spare-memory.ts';
import { manualClock } from '../../support/manual-clock.ts';

const MEGABYTE = 1_048_576;

// What is looked for happens at once, or not at all: in a while V8 would collect by itself.

/** Leaves a million objects behind that nobody holds, old enough that no quick collection takes them. */
function work(): number {
  return Array.from({ length: 1_000_000 }, (_, index) => ({ index, text: `text ${index}` })).length;
}

function heapMegabytes(): number {
  return process.memoryUsage().heapTotal / MEGABYTE;
}

test('what lies outside the heap is given back as well', () => {
  const clock = manualClock();
  const { heapTotal, heapUsed } = process.memoryUsage();
  // the heap alone is not worth it
  const worth = heapTotal - heapUsed + 8 * MEGABYTE;
  const spare = watchSpareMemory(clock, worth);
  const outside = (): number => process.memoryUsage().arrayBuffers;
  const read = (): number => Buffer.allocUnsafeSlow(worth).fill(1).length;
  read();
  const before = outside();
  spare.used();
  clock.advance(1_000);
  assert.ok(outside() <= before - worth);
});

test('the memory of a large piece of work is given back once everything rests', () => {
  const clock = manualClock();
  const spare = watchSpareMemory(clock);
  work();
  const before = heapMegabytes();
  spare.used();
  clock.advance(999);
  spare.used();
  clock.advance(999);
  assert.equal(clock.pending(), 1, 'not while it goes on');
  clock.advance(1);
  assert.ok(heapMegabytes() < before - 16);
});

test('where there is little to give back, or nobody waits any more, nothing is collected', () => {
  const clock = manualClock();
  work();
  const before = heapMegabytes();
  const unworthy = watchSpareMemory(clock, Number.POSITIVE_INFINITY);
  unworthy.used();
  const closed = watchSpareMemory(clock, 0);
  closed.used();
  closed.close();
  clock.advance(5_000);
  assert.ok(heapMegabytes() >= before - 4);
  assert.equal(clock.pending(), 0);
});

test('what never comes to rest gives its garbage back once a minute, however little that is', () => {
  const clock = manualClock();
  const spare = watchSpareMemory(clock, Number.POSITIVE_INFINITY);
  work();
  const before = heapMegabytes();
  for (let uses = 0; uses < 61; uses += 1) {
    spare.used();
    clock.advance(999);
  }
  assert.ok(heapMegabytes() >= before - 4, 'not sooner');
  spare.used();
  clock.advance(0);
  assert.ok(heapMegabytes() < before - 16);
});

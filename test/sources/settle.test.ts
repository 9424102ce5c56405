import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settle } from '../../src/sources/settle.ts';
import { manualClock } from '../support/manual-clock.ts';

function settling() {
  const clock = manualClock();
  let runs = 0;
  const settle = new Settle({ clock, settleMs: 100, settleMaxMs: 1_000 }, () => void (runs += 1));
  return { clock, settle, runs: () => runs };
}

test('one run follows an event, and many events at once, when it has been quiet for a while', () => {
  const { clock, settle, runs } = settling();
  settle.event();
  clock.advance(99);
  assert.equal(runs(), 0);
  clock.advance(1);
  assert.equal(runs(), 1);
  for (let index = 0; index < 5; index += 1) {
    settle.event();
    clock.advance(50);
  }
  assert.equal(runs(), 1, 'it was never quiet');
  clock.advance(50);
  assert.equal(runs(), 2);
  clock.advance(10_000);
  assert.equal(runs(), 2);
});

test('a stream of events that never ends puts a run off for a second at most', () => {
  const { clock, settle, runs } = settling();
  for (let at = 0; at < 3_000; at += 50) {
    settle.event();
    clock.advance(50);
  }
  assert.ok(runs() === 2 || runs() === 3, String(runs()));
});

test('nothing runs once it is closed', () => {
  const { clock, settle, runs } = settling();
  settle.event();
  settle.close();
  settle.event();
  clock.advance(10_000);
  assert.deepEqual([runs(), clock.pending()], [0, 0]);
});

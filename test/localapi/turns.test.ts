import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { type Caller, type Turn, Turns } from '../../src/localapi/turns.ts';

/** Works `left` times, `costMs` each, and writes its name down each time. */
function worker(
  name: string,
  options: { left: number; costMs: number; caller?: Caller; pendingMs?: number; log: string[] },
): Turn {
  let { left } = options;
  return {
    caller: options.caller ?? null,
    spent: 0,
    lastMs: 0,
    pendingMs: options.pendingMs ?? 0,
    run() {
      options.log.push(name);
      const end = performance.now() + options.costMs;
      while (performance.now() < end) {
        // busy: the loop is what turns are about
      }
      left -= 1;
      return left > 0;
    },
  };
}

async function untilQuiet(log: readonly string[]): Promise<void> {
  for (let seen = -1; seen !== log.length; ) {
    seen = log.length;
    await nextRound();
    await nextRound();
  }
}

describe('turns', () => {
  test('work that is light and alone is done at once', () => {
    const log: string[] = [];
    new Turns().offer(worker('a', { left: 1, costMs: 0, log }), true);
    assert.deepEqual(log, ['a']);
  });

  test('heavy work waits for its turn, and light work behind it waits too', async () => {
    const log: string[] = [];
    const turns = new Turns();
    turns.offer(worker('heavy', { left: 1, costMs: 0, log }), false);
    turns.offer(worker('light', { left: 1, costMs: 0, log }), true);
    assert.deepEqual(log, []);
    await untilQuiet(log);
    assert.deepEqual(log.toSorted(), ['heavy', 'light']);
  });

  test('a newcomer does not wait for the rest of a flood', async () => {
    const log: string[] = [];
    const turns = new Turns();
    for (let index = 0; index < 20; index += 1) turns.offer(worker('flood', { left: 20, costMs: 0.5, log }), false);
    await nextRound();
    const before = log.length;
    assert.ok(before > 0 && before < 400, `${before} turns in one round`);
    turns.offer(worker('newcomer', { left: 1, costMs: 0.1, log }), true);
    await untilQuiet(log);
    const waited = log.indexOf('newcomer') - before;
    assert.ok(waited <= 21, `${waited} turns of the flood came first`);
  });

  test('connections that come in are let in before the next round, but do not put it off for ever', async () => {
    const log: string[] = [];
    const turns = new Turns();
    turns.offer(worker('flood', { left: 1, costMs: 0, log }), false);
    for (let arrival = 0; arrival < 50; arrival += 1) {
      turns.arrived();
      await nextRound();
    }
    assert.deepEqual(log, []);
    for (let arrival = 0; arrival < 300; arrival += 1) {
      turns.arrived();
      await nextRound();
    }
    assert.deepEqual(log, ['flood']);
  });

  test('a light caller is not behind heavy ones that are level with it', async () => {
    const log: string[] = [];
    const turns = new Turns();
    for (let index = 0; index < 20; index += 1) {
      turns.offer(worker('heavy', { left: 1, costMs: 2, pendingMs: 2, log }), false);
    }
    turns.offer(worker('light', { left: 1, costMs: 0.1, log }), true);
    await untilQuiet(log);
    assert.equal(log.indexOf('light'), 0);
  });

  test('light work that adds up has to queue like any other', async () => {
    const log: string[] = [];
    const turns = new Turns();
    for (let index = 0; index < 20; index += 1) turns.offer(worker('x', { left: 1, costMs: 0.5, log }), true);
    assert.ok(log.length < 5, `${log.length} at once`);
    await untilQuiet(log);
    assert.equal(log.length, 20);
  });

  test('connections of one caller share its time', async () => {
    const log: string[] = [];
    const turns = new Turns();
    const crowd: Caller = { spent: 0 };
    for (let index = 0; index < 9; index += 1) {
      turns.offer(worker('crowd', { left: 20, costMs: 0.3, caller: crowd, log }), false);
    }
    turns.offer(worker('single', { left: 20, costMs: 0.3, caller: { spent: 0 }, log }), false);
    await untilQuiet(log);
    const untilDone = log.slice(0, log.lastIndexOf('single') + 1);
    const crowded = untilDone.filter((name) => name === 'crowd').length;
    assert.ok(crowded < 45, `${crowded} turns for the crowd of nine while one caller had 20`);
  });

  test('a withdrawn offer is never run', async () => {
    const log: string[] = [];
    const turns = new Turns();
    const gone = worker('gone', { left: 1, costMs: 0, log });
    turns.offer(gone, false);
    assert.equal(turns.isWaiting(gone), true);
    turns.withdraw(gone);
    await untilQuiet(log);
    assert.deepEqual(log, []);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegular } from '../../src/publisher/regular.ts';
import { manualClock } from '../support/manual-clock.ts';

const HOUR = 3_600_000;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function stand(run: () => Promise<void> = () => Promise.resolve(), everyMs = HOUR) {
  const clock = manualClock();
  const began = clock.now();
  const runs: number[] = [];
  const troubles: unknown[] = [];
  const regular = createRegular({
    clock,
    everyMs,
    onTrouble: (error) => troubles.push(error),
    run: () => {
      runs.push((clock.now() - began) / 1_000);
      return run();
    },
  });
  return { clock, regular, runs, troubles, pass: (ms: number) => clock.advanceSlowly(ms, settle) };
}

test('it runs at once and then each time the interval has passed', async () => {
  const { regular, runs, pass } = stand();
  regular.start();
  await settle();
  await pass(2.5 * HOUR);
  assert.deepEqual(runs, [0, 3_600, 7_200]);
  await regular.close();
  await pass(2 * HOUR);
  assert.equal(runs.length, 3);
});

test('where somebody has just run it, it waits', async () => {
  const { regular, runs, pass } = stand();
  regular.start('later');
  await pass(HOUR);
  assert.deepEqual(runs, [3_600]);
});

test('changes that follow each other become one run, and never wait longer than ten seconds', async () => {
  const { regular, runs, pass } = stand();
  regular.start();
  await settle();
  await pass(60_000);
  regular.changed();
  await pass(1_000);
  regular.changed();
  await pass(5_000);
  assert.deepEqual(runs, [0, 63]);
  for (let second = 0; second < 20; second += 1) {
    regular.changed();
    await pass(1_000);
  }
  assert.deepEqual(runs.slice(2), [76, 86]);
});

test('what changes during a run has a run of its own', async () => {
  let finish = (): void => undefined;
  const { regular, runs, pass } = stand(() => new Promise((resolve) => (finish = resolve)));
  regular.start();
  regular.changed();
  await pass(60_000);
  assert.deepEqual(runs, [0]);
  finish();
  await settle();
  await pass(10_000);
  assert.equal(runs.length, 2);
});

test('a run that fails is told and tried again, later each time and never later than five minutes', async () => {
  const { regular, runs, troubles, pass } = stand(() => Promise.reject(new Error('full')));
  regular.start();
  await settle();
  await pass(HOUR);
  assert.deepEqual(runs.slice(0, 8), [0, 5, 15, 35, 75, 155, 315, 615]);
  assert.equal(troubles.length, runs.length);
});

test('a clock that was set back puts nothing off by more than the interval; sleep puts nothing off', async () => {
  const { clock, regular, runs, pass } = stand();
  regular.start();
  await settle();
  clock.jump(-10 * HOUR);
  await pass(HOUR + 5_000);
  assert.equal(runs.length, 2);
  clock.jump(2 * HOUR);
  await pass(5_000);
  assert.equal(runs.length, 3);
});

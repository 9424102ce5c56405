import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartTimer } from '../../../src/daemon/policy/restart-timer.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** An hour after its last good start, one that cannot start is tried `times` times; the wait before each. */
function waits(timer: RestartTimer, clock: ReturnType<typeof manualClock>, times: number): number[] {
  const seen: number[] = [];
  for (let i = 0; i < times; i++) {
    const waitMs = timer.plan(() => undefined);
    seen.push(waitMs);
    clock.advance(waitMs);
  }
  return seen;
}

test('what cannot start is tried ever more rarely, however long ago it last ran', () => {
  const clock = manualClock();
  const timer = new RestartTimer(clock);
  timer.started();
  clock.advance(3_600_000);

  const seen = waits(timer, clock, 9);

  assert.ok((seen[0] ?? 0) <= 1_000, 'the first soon');
  for (const waitMs of seen.slice(6))
    assert.ok(waitMs >= 30_000 && waitMs <= 60_000, `the later ones after ${waitMs} ms`);
});

test('what never started at all is tried ever more rarely', () => {
  const clock = manualClock();

  const seen = waits(new RestartTimer(clock), clock, 9);

  assert.ok((seen.at(-1) ?? 0) >= 30_000);
});

test('one that lasted is followed soon again', () => {
  const clock = manualClock();
  const timer = new RestartTimer(clock);
  waits(timer, clock, 9);
  timer.started();
  clock.advance(300_001);

  assert.ok(timer.plan(() => undefined) <= 1_000);
});

test('one that dies at once after each start is not taken for one that lasted', () => {
  const clock = manualClock();
  const timer = new RestartTimer(clock);
  let waitMs = 0;
  for (let i = 0; i < 9; i++) {
    timer.started();
    waitMs = timer.plan(() => undefined);
    clock.advance(waitMs);
  }

  assert.ok(waitMs >= 30_000);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  createPoller,
  type PollCause,
  type Poller,
  type PollerOptions,
  type PollOutcome,
} from '../../src/sources/poller.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';

interface Running {
  readonly clock: ManualClock;
  readonly poller: Poller<PollOutcome>;
  /** When each run began, in seconds from the start, and why. */
  readonly runs: string[];
  readonly outcomes: PollOutcome[];
  /** Moves the clock and lets the runs that begin come to their end. */
  readonly pass: (seconds: number) => Promise<void>;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function start(t: TestContext, options: Partial<PollerOptions<PollOutcome>> = {}): Running {
  const clock = manualClock();
  const begin = clock.now();
  const runs: string[] = [];
  const outcomes: PollOutcome[] = [];
  const poller = createPoller<PollOutcome>({
    clock,
    random: () => 0.5,
    intervalMs: () => 120_000,
    hostId: 'host-1',
    delivered: () => false,
    run: (cause: PollCause) => {
      runs.push(`${cause} ${Math.round((clock.now() - begin) / 1_000)}`);
      return Promise.resolve(outcomes.shift() ?? { kind: 'ok' });
    },
    ...options,
  });
  t.after(() => poller.close());
  poller.start();
  return { clock, poller, runs, outcomes, pass: (seconds) => clock.advanceSlowly(seconds * 1_000, settle) };
}

const failed: PollOutcome = { kind: 'failed' };

test('without a policy the first run is at once, then one an interval', async (t) => {
  const { runs, pass } = start(t);
  await pass(250);
  assert.deepEqual(runs, ['timer 0', 'timer 120', 'timer 240']);
});

test('with a policy in hand the first run waits for a part of the interval that belongs to the host', async (t) => {
  const delay = async (hostId: string): Promise<string | undefined> => {
    const { runs, pass } = start(t, { hostId, delivered: () => true });
    await pass(40);
    return runs[0];
  };
  const delays = await Promise.all(['a', 'b', 'c', 'd', 'a'].map(delay));
  assert.equal(delays[0], delays[4]);
  assert.ok(new Set(delays).size >= 3, delays.join());
  assert.ok(delays.every((text) => Number(text?.split(' ')[1]) <= 30));
});

test('an interval varies by ten per cent', async (t) => {
  const early = start(t, { random: () => 0 });
  const late = start(t, { random: () => 0.999 });
  await early.pass(130);
  await late.pass(133);
  assert.deepEqual(
    [early.runs, late.runs],
    [
      ['timer 0', 'timer 108'],
      ['timer 0', 'timer 132'],
    ],
  );
});

test('failures in a row wait longer each time, up to a cap, and a success ends that', async (t) => {
  const { runs, pass, outcomes } = start(t, {
    intervalMs: () => 30_000,
    delivered: () => true,
    random: () => 0.999_999,
  });
  outcomes.push(...Array.from({ length: 7 }, () => failed));
  await pass(2_000);
  const times = runs.map((run) => Number(run.split(' ')[1]));
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.deepEqual(gaps.slice(0, 9), [30, 60, 120, 240, 300, 300, 300, 33, 33]);
});

test('a machine without any policy tries again soon', async (t) => {
  const { runs, pass, outcomes } = start(t, { random: () => 0.999_999 });
  outcomes.push(failed, failed, failed);
  await pass(40);
  assert.deepEqual(runs, ['timer 0', 'timer 5', 'timer 15', 'timer 35']);
});

test('a Retry-After is kept, by the clock and by sync, but not for longer than an hour', async (t) => {
  const { runs, pass, outcomes, poller } = start(t);
  outcomes.push({ kind: 'failed', retryAfterMs: 200_000 });
  await pass(150);
  assert.deepEqual(await poller.syncNow(), { kind: 'deferred', retryAfterMs: 50_000 });
  await pass(51);
  assert.deepEqual(runs, ['timer 0', 'timer 200']);
  outcomes.push({ kind: 'failed', retryAfterMs: 1e12 });
  await pass(120);
  await pass(3_601);
  assert.equal(runs.length, 4);
});

test('sync runs at once, and what the clock had planned stays planned', async (t) => {
  const { runs, pass, poller } = start(t);
  await pass(100);
  assert.deepEqual(await poller.syncNow(), { kind: 'ran', outcome: { kind: 'ok' } });
  await pass(25);
  assert.deepEqual(runs, ['timer 0', 'sync 100', 'timer 120']);
});

test('a sync each minute cannot keep the clock from its own runs', async (t) => {
  const { runs, pass, poller } = start(t);
  for (let minute = 0; minute < 5; minute += 1) {
    await pass(59);
    await poller.syncNow();
    await pass(1);
  }
  assert.ok(runs.filter((run) => run.startsWith('timer')).length >= 3, runs.join());
});

test('sync joins a run in progress', async (t) => {
  let finish: (outcome: PollOutcome) => void = () => undefined;
  const causes: PollCause[] = [];
  const { poller, pass } = start(t, {
    run: (cause) => {
      causes.push(cause);
      return new Promise((resolve) => {
        finish = resolve;
      });
    },
  });
  await pass(0);
  const joined = [poller.syncNow(), poller.syncNow()];
  assert.equal(poller.nextAttempt(), null);
  finish({ kind: 'ok', followUpMs: 5 });
  const ran = { kind: 'ran', outcome: { kind: 'ok', followUpMs: 5 } };
  assert.deepEqual(await Promise.all(joined), [ran, ran]);
  assert.deepEqual(causes, ['timer']);
});

test('a follow-up comes before the interval, and a sync in between does not put it off', async (t) => {
  const { runs, pass, outcomes, poller } = start(t);
  outcomes.push({ kind: 'ok', followUpMs: 61_000 }, { kind: 'ok', followUpMs: 61_000 });
  await pass(50);
  await poller.syncNow();
  await pass(12);
  assert.deepEqual(runs, ['timer 0', 'sync 50', 'timer 61']);
});

test('after a suspend it polls at once', async (t) => {
  const { runs, pass, clock } = start(t);
  await pass(20);
  clock.jump(3 * 3_600_000);
  await pass(6);
  assert.deepEqual(runs, ['timer 0', 'timer 10825']);
});

for (const [what, took, next] of [
  ['a short one', 20, 120],
  ['a suspend in it', 7_200, 7_201],
  ['a clock that was set back in it', -7_200, -7_080],
] as const) {
  test(`the next run is planned from the beginning of the last: ${what}`, async (t) => {
    const begun: number[] = [];
    const running = start(t, {
      run: () => {
        const first = begun.length === 0;
        begun.push(running.clock.now());
        if (first) running.clock.jump(took * 1_000);
        return Promise.resolve({ kind: 'ok' });
      },
    });
    await running.pass(130);
    assert.equal(((begun[1] ?? 0) - (begun[0] ?? 0)) / 1_000, next);
  });
}

test('after the clock was set back it polls at once instead of waiting for the old time', async (t) => {
  const { runs, pass, clock } = start(t);
  await pass(20);
  clock.jump(-24 * 3_600_000);
  await pass(6);
  assert.equal(runs.length, 2);
  await pass(125);
  assert.equal(runs.length, 3);
});

test('neither a suspend nor a clock set back shortens or stretches a Retry-After that still runs', async (t) => {
  const { runs, pass, outcomes, clock } = start(t);
  outcomes.push({ kind: 'failed', retryAfterMs: 300_000 });
  await pass(10);
  clock.jump(60_000);
  await pass(6);
  assert.equal(runs.length, 1);
  clock.jump(-3_600_000);
  await pass(230);
  assert.equal(runs.length, 2);
});

test('a timer that comes a little late is no jump', async (t) => {
  const { runs, pass, clock } = start(t);
  await pass(20);
  clock.jump(4_000);
  await pass(30);
  assert.equal(runs.length, 1);
});

test('closing waits for the run in progress and leaves no timer', async (t) => {
  let finish: (outcome: PollOutcome) => void = () => undefined;
  const { poller, clock, pass } = start(t, {
    run: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  await pass(0);
  let closed = false;
  const closing = poller.close().then(() => {
    closed = true;
  });
  await settle();
  assert.equal(closed, false);
  finish({ kind: 'ok' });
  await closing;
  assert.equal(clock.pending(), 0);
  assert.equal(poller.nextAttempt(), null);
  assert.deepEqual(await poller.syncNow(), { kind: 'closed' });
});

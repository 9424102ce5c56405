import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/sources/audit-event.ts';
import { openPolicyTime, type PolicyTime } from '../../src/sources/policy-time.ts';
import { manualClock } from '../support/manual-clock.ts';

const NOON = Date.parse('2026-06-01T12:00:00Z');
const DAY = 24 * 3_600_000;

interface Machine {
  readonly time: PolicyTime;
  readonly kept: () => number | null;
  readonly events: readonly AuditEvent[];
  /** The source vouches for a time. */
  readonly vouch: (at: number) => void;
  /** The daemon starts again with what was kept. */
  readonly again: () => Machine;
  setClock(at: number): void;
}

function machine(
  start: number,
  memory: { kept: number | null; verified: number | null } = { kept: null, verified: null },
): Machine {
  let now = start;
  const clock = { ...manualClock(), now: () => now };
  const events: AuditEvent[] = [];
  const store = {
    lastSync: () => ({ completedAt: 0, confirmedAt: 0, verifiedTime: memory.verified }),
    latestTime: () => memory.kept,
    keepLatestTime: (at: number) => void (memory.kept = at),
  };
  const time = openPolicyTime({ clock, store, audit: (event) => events.push(event) });
  return {
    time,
    kept: () => memory.kept,
    events,
    vouch: (at) => void (memory.verified = Math.max(memory.verified ?? 0, at)),
    again: () => machine(now, memory),
    setClock: (at) => void (now = at),
  };
}

test('the time never runs backwards, over a restart neither', () => {
  const before = machine(NOON);
  before.time.tick();
  before.setClock(NOON - 5 * DAY);
  before.time.tick();
  assert.equal(before.time.now(), NOON);
  assert.equal(before.again().time.now(), NOON);
});

test('the latest time is written once a minute, and not more often', () => {
  const one = machine(NOON);
  one.time.tick();
  assert.equal(one.kept(), NOON);
  one.setClock(NOON + 59_000);
  one.time.tick();
  assert.equal(one.kept(), NOON);
  one.setClock(NOON + 60_000);
  one.time.tick();
  assert.equal(one.kept(), NOON + 60_000);
});

test('a verified time counts where the clock is behind it', () => {
  const one = machine(NOON - DAY);
  one.vouch(NOON);
  assert.deepEqual([one.time.now(), one.time.verified()], [NOON, NOON]);
});

test('a clock that once was far ahead falls back to the source, with an audit event and for good', () => {
  const one = machine(NOON + 400 * DAY);
  one.time.tick();
  one.setClock(NOON + 1_000);
  one.time.tick();
  assert.equal(one.time.now(), NOON + 400 * DAY);
  one.vouch(NOON);
  one.time.tick();
  assert.equal(one.time.now(), NOON + 1_000);
  assert.deepEqual(one.events, [{ event: 'clock_fell_back', seen: NOON + 400 * DAY, verified: NOON }]);
  assert.equal(one.again().time.now(), NOON + 1_000);
  one.time.tick();
  assert.equal(one.events.length, 1);
});

test('a clock that is a little ahead, or still is far ahead, stays believed', () => {
  const little = machine(NOON + DAY - 1);
  little.time.tick();
  little.setClock(NOON);
  little.vouch(NOON);
  little.time.tick();
  assert.equal(little.time.now(), NOON + DAY - 1);
  const still = machine(NOON + 9 * DAY);
  still.time.tick();
  still.vouch(NOON);
  still.time.tick();
  assert.deepEqual([still.time.now(), still.events.length], [NOON + 9 * DAY, 0]);
});

test('an old statement that is seen again proves nothing', () => {
  const one = machine(NOON + 9 * DAY, { kept: NOON + 9 * DAY, verified: NOON });
  one.setClock(NOON + 1_000);
  one.time.tick();
  assert.equal(one.time.now(), NOON + 9 * DAY);
});

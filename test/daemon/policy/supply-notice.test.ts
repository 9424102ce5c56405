import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FACTS } from '../../../src/daemon/policy/policy-report.ts';
import { type SupplyNotice, startNotice } from '../../../src/daemon/policy/supply-notice.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';

interface Noticed {
  readonly clock: ManualClock;
  readonly notice: SupplyNotice;
  /** Organisations as they were told. */
  readonly told: (string | null)[];
  readonly errors: unknown[];
  /** What is there to be read from now on; null = nothing can be read. */
  readonly become: (organisation: string | null) => void;
}

function noticed(): Noticed {
  const clock = manualClock();
  const told: (string | null)[] = [];
  const errors: unknown[] = [];
  let now: string | null = 'one';
  const notice = startNotice(
    { clock, onFacts: ({ organisation }) => told.push(organisation), onError: (error) => errors.push(error) },
    () => {
      if (now === null) throw new Error('disk I/O error');
      return { ...NO_FACTS, organisation: now };
    },
  );
  return { clock, notice, told, errors, become: (organisation) => (now = organisation) };
}

test('what is known is told at once, and again only when it has changed', () => {
  const { clock, told, become } = noticed();
  assert.deepEqual(told, ['one']);
  clock.advance(5_000);
  assert.deepEqual(told, ['one']);
  become('two');
  clock.advance(1_000);
  assert.deepEqual(told, ['one', 'two']);
});

test('a hint is followed once everything has come to rest, or at once where an answer waits', () => {
  const { clock, notice, told, become } = noticed();
  become('two');
  notice.look();
  become('three');
  notice.look();
  assert.deepEqual(told, ['one']);
  clock.advance(0);
  assert.deepEqual(told, ['one', 'three']);
  become('four');
  notice.look();
  notice.lookNow();
  assert.deepEqual(told, ['one', 'three', 'four']);
  clock.advance(0);
  assert.equal(told.length, 3);
});

test('what cannot be read is looked for again', () => {
  const { clock, told, errors, become } = noticed();
  become(null);
  clock.advance(2_000);
  become('two');
  clock.advance(1_000);
  assert.deepEqual([told, errors.length], [['one', 'two'], 2]);
});

test('closed, it looks no more', () => {
  const { clock, notice, told, become } = noticed();
  notice.look();
  notice.close();
  become('two');
  clock.advance(5_000);
  assert.deepEqual([told, clock.pending()], [['one'], 0]);
});

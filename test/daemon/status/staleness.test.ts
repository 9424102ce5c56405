import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stalenessOf } from '../../../src/daemon/status/staleness.ts';
import type { Staleness } from '../../../src/policy/policy-set.ts';
import { allow, allowRead, connect, localFile, outcome, policy, reading, setOf } from '../../policy/asking.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the age of an organisation policy', () => {
  const STEPS: readonly [age: number, state: Staleness][] = [
    [-DAY, 'fresh'],
    [0, 'fresh'],
    [DAY - 1, 'fresh'],
    [DAY, 'warn'],
    [7 * DAY - 1, 'warn'],
    [7 * DAY, 'restrict'],
    [30 * DAY - 1, 'restrict'],
    [30 * DAY, 'block'],
    [400 * DAY, 'block'],
  ];
  for (const [age, state] of STEPS) {
    test(`of ${age / HOUR} hours is \`${state}\``, () => assert.equal(stalenessOf(age, null), state));
  }

  test('is judged by the limits that the bundle states', () => {
    const limits = { warnAfterMs: HOUR, restrictAfterMs: 2 * HOUR, blockAfterMs: 3 * HOUR };
    const states = [0.5, 1, 2, 3].map((hours) => stalenessOf(hours * HOUR, limits));
    assert.deepEqual(states, ['fresh', 'warn', 'restrict', 'block']);
  });

  // network: governed and delegated; filesystem: nobody's
  const seen = (staleness: Staleness, monitored = false): string[] => {
    const set = setOf({
      policies: [policy([allow('org.example')])],
      delegated: { network: true },
      monitored: { network: monitored },
      local: [localFile([allow('local.example'), allowRead('/srv/data')])],
      staleness,
    });
    return [
      outcome(set, connect('org.example')),
      outcome(set, connect('local.example')),
      outcome(set, connect('other.example')),
      outcome(set, reading('/srv/data')),
    ];
  };

  test('costs nothing until it is restricted', () => {
    for (const state of ['fresh', 'warn'] as const) {
      const all = ['org_allow org.example', 'local_allow local.example', 'default_deny', 'local_allow /srv/data'];
      assert.deepEqual(seen(state), all);
    }
  });

  test('switches off delegation, local allows of a delegated domain and monitor mode when restricted', () => {
    const wanted = ['org_allow org.example', 'default_deny', 'default_deny', 'local_allow /srv/data'];
    assert.deepEqual(seen('restrict'), wanted);
    assert.deepEqual(seen('restrict', true), wanted);
  });

  test('closes what is governed when blocked, and leaves other domains their local rules', () => {
    const closed = ['policy_stale', 'policy_stale', 'policy_stale', 'local_allow /srv/data'];
    assert.deepEqual(seen('block'), closed);
    assert.deepEqual(seen('block', true), closed);
  });
});

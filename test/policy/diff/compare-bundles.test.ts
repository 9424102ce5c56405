import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BundleTerms } from '../../../src/policy/bundle-terms.ts';
import { compareBundles, isSame } from '../../../src/policy/diff/compare-bundles.ts';
import { PLAIN_TERMS } from '../../support/bundle-terms.ts';

const TERMS: BundleTerms = {
  ...PLAIN_TERMS,
  issuedAt: Date.parse('2026-06-01T00:00:00Z'),
  expiresAt: Date.parse('2026-07-01T00:00:00Z'),
};

function rule(id: string, more: object = {}): object {
  return { id, decision: 'allow', actions: ['connect:tcp'], resources: [`${id}.example.com`], ...more };
}

function policy(id: string, rules: readonly unknown[], more: object = {}): object {
  return {
    id,
    name: `policy ${id}`,
    org: 'acme',
    updated_at: '2026-06-01T00:00:00Z',
    allowlist_v0: { domain: 'network', rules },
    ...more,
  };
}

function compared(before: readonly unknown[], after: readonly unknown[]): ReturnType<typeof compareBundles> {
  return compareBundles({ policies: before, terms: null }, { policies: after, terms: null });
}

test('two bundles that say the same have no difference, whatever the order of policies, rules and sets', () => {
  const one = [policy('a', [rule('r1', { resources: ['x.com', 'y.com'] }), rule('r2')]), policy('b', [])];
  const other = [policy('b', []), policy('a', [rule('r2'), rule('r1', { resources: ['y.com', 'x.com'] })])];
  assert.ok(isSame(compared(one, other)));
});

test('who changed a policy, and when, is told with a change and is none itself', () => {
  const before = [policy('a', [rule('r1')], { version: 1 })];
  const touched = { version: 2, updated_at: '2026-06-02T00:00:00Z', updated_by: 'ann', change_reason: 'asked for' };
  assert.ok(isSame(compared(before, [policy('a', [rule('r1')], touched)])));
  const [difference] = compared(before, [policy('a', [rule('r2')], touched)]).policies;
  assert.ok(difference?.kind === 'changed');
  assert.deepEqual(difference.change, { at: '2026-06-02T00:00:00Z', by: 'ann', reason: 'asked for' });
  assert.deepEqual(difference.members, []);
});

test('policies come and go with all their rules, those that went first', () => {
  const { policies } = compared([policy('b', [rule('r1')])], [policy('a', [rule('r2')])]);
  assert.deepEqual(
    policies.map((difference) => [difference.kind, difference.id, difference.rules.length]),
    [
      ['removed', 'b', 1],
      ['added', 'a', 1],
    ],
  );
  const [removed] = policies;
  assert.ok(removed?.kind === 'removed');
  assert.deepEqual(removed.rules, [
    { id: 'r1', name: '', decision: 'allow', actions: ['connect:tcp'], resources: ['r1.example.com'] },
  ]);
});

test('a changed rule names each member and resource that is not what it was', () => {
  const before = [policy('a', [rule('r1', { resources: ['a.com', 'b.com'] }), rule('gone')])];
  const after = [policy('a', [rule('r1', { decision: 'deny', resources: ['b.com', 'c.com'] }), rule('new')])];
  const [difference] = compared(before, after).policies;
  assert.ok(difference?.kind === 'changed');
  assert.deepEqual(
    difference.rules.map((one) => [one.kind, one.rule.id]),
    [
      ['removed', 'gone'],
      ['changed', 'r1'],
      ['added', 'new'],
    ],
  );
  const changed = difference.rules[1];
  assert.ok(changed?.kind === 'changed');
  assert.deepEqual(changed.members, [{ name: 'decision', before: 'allow', after: 'deny' }]);
  assert.deepEqual(changed.resources, { added: ['c.com'], removed: ['a.com'] });
});

test('what a policy says of itself is compared by its members, its domain among them', () => {
  const before = [policy('a', [rule('r1')], { status: 'active', scope: { teams: ['x', 'y'] } })];
  const after = [
    policy('a', [rule('r1')], {
      status: 'archived',
      scope: { teams: ['y', 'x'] },
      allowlist_v0: { rules: [rule('r1')] },
    }),
  ];
  const [difference] = compared(before, after).policies;
  assert.ok(difference?.kind === 'changed');
  assert.deepEqual(difference.members, [
    { name: 'domain', before: 'network', after: null },
    { name: 'status', before: 'active', after: 'archived' },
  ]);
  assert.deepEqual(difference.rules, []);
});

test('rules without an id, or with one that another has too, are known by what they say or by their turn', () => {
  const bare = { decision: 'deny', actions: ['connect:tcp'], resources: ['x.com'] };
  assert.ok(isSame(compared([policy('a', [bare, rule('r')])], [policy('a', [rule('r'), bare])])));
  const [difference] = compared([policy('a', [bare])], [policy('a', [bare, bare])]).policies;
  assert.ok(difference?.kind === 'changed');
  assert.deepEqual(
    difference.rules.map(({ kind }) => kind),
    ['added'],
  );
  const twice = compared(
    [policy('a', [rule('r'), rule('r')])],
    [policy('a', [rule('r'), rule('r', { resources: [] })])],
  );
  const [changed] = twice.policies;
  assert.ok(changed?.kind === 'changed');
  assert.deepEqual(
    changed.rules.map(({ kind }) => kind),
    ['changed'],
  );
});

test('terms are compared under the names of the bundle document; when it was issued is no difference', () => {
  const before = { policies: [], terms: TERMS };
  const later = { ...TERMS, issuedAt: TERMS.issuedAt + 1, change: { by: 'ann' }, delegated: { network: false } };
  assert.ok(isSame(compareBundles(before, { policies: [], terms: later })));
  const { terms } = compareBundles(before, {
    policies: [],
    terms: {
      ...TERMS,
      governed: ['network', 'filesystem'],
      delegated: { network: true },
      monitored: { filesystem: true },
      staleness: { warnAfterMs: 43_200_000, restrictAfterMs: 129_600_000, blockAfterMs: 90_061_000 },
      pollIntervalMs: 60_000,
      supportMessage: 'ask ann',
    },
  });
  assert.deepEqual(terms, [
    { name: 'delegated.network', before: false, after: true },
    { name: 'governed', before: ['network'], after: ['filesystem', 'network'] },
    { name: 'mode.filesystem', before: 'enforce', after: 'monitor' },
    { name: 'poll_interval', before: null, after: 'PT1M' },
    { name: 'staleness.block_after', before: null, after: 'P1DT1H1M1S' },
    { name: 'staleness.restrict_after', before: null, after: 'P1DT12H' },
    { name: 'staleness.warn_after', before: null, after: 'PT12H' },
    { name: 'support_message', before: null, after: 'ask ann' },
  ]);
});

test('a listing promises nothing, and a bundle that promises no more says so only where it differs', () => {
  const { terms } = compareBundles({ policies: [], terms: null }, { policies: [], terms: TERMS });
  assert.deepEqual(terms, [
    { name: 'expires_at', before: null, after: '2026-07-01T00:00:00.000Z' },
    { name: 'governed', before: null, after: ['network'] },
  ]);
});

test('what is no policy and no rule at all is compared as well', () => {
  const odd = [7, null, { name: 'n', allowlist_v0: 'x' }, policy('a', [null, 'text', { resources: 7 }])];
  assert.ok(isSame(compared(odd, odd)));
  assert.equal(isSame(compared(odd, [])), false);
});

test('policies are told in the order of their ids, and called by their name where they have no id', () => {
  for (const order of ['a b c', 'a c b', 'b a c', 'b c a', 'c a b', 'c b a']) {
    const { policies } = compared(
      [],
      order.split(' ').map((id) => policy(id, [])),
    );
    assert.deepEqual(
      policies.map(({ id }) => id),
      ['a', 'b', 'c'],
      order,
    );
  }
  const odd = [{ name: 'named' }, { id: '', name: 'first' }, { id: 7 }, 'text', { id: 'x', name: 7 }];
  const { policies } = compared([], odd);
  assert.deepEqual(
    policies.map(({ id, name, rules }) => [id, name, rules]),
    [
      ['#2', 'first', []],
      ['#3', '#3', []],
      ['#4', '#4', []],
      ['named', 'named', []],
      ['x', 'x', []],
    ],
  );
});

test('who changed a policy is told as far as it says so in words', () => {
  const [difference] = compared(
    [policy('a', [])],
    [policy('a', [rule('r')], { updated_at: 7, updated_by: ['ann'], change_reason: null })],
  ).policies;
  assert.ok(difference?.kind === 'changed');
  assert.deepEqual(difference.change, {});
});

test('lists are compared as lists, sets as sets, and a member that is not there as one that is nothing', () => {
  const bearing = (metadata: unknown): object => policy('a', [rule('r')], { metadata });
  const alike = (before: unknown, after: unknown): boolean => isSame(compared([bearing(before)], [bearing(after)]));
  assert.ok(alike({ teams: ['x', 'y'] }, { teams: ['y', 'x'] }));
  assert.ok(alike({ a: 1, b: 2 }, { b: 2, a: 1 }));
  assert.ok(!alike(['x', 'y'], ['y', 'x']), 'an order that may mean something');
  assert.ok(!alike(['x', 'y'], ['xy']));
  assert.ok(!alike(['1', 1], ['1,1']));
  assert.ok(!alike({ a: 1, b: 2 }, { a: '1,"b":2' }));
  assert.ok(alike({ a: undefined }, {}));
});

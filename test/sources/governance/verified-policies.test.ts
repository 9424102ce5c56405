import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyRevision } from '../../../src/bundle/policy-revision.ts';
import {
  type Delivered,
  type VerifiedMemory,
  verifyPolicies,
} from '../../../src/sources/governance/verified-policies.ts';
import { PolicyChanged } from '../../../src/sources/governance/verify-policy.ts';

const AT = '2026-05-01T00:00:00Z';
const EXPECTED = { org: 'acme', ignoreMembers: ['extra'] };

function policy(id: string, more: object = {}): object {
  return { id, name: id, org: 'acme', updated_at: AT, extra: 1, ...more };
}

function delivered(...policies: readonly object[]): Delivered {
  return {
    summaries: policies.map((each) => ({
      id: (each as { id: string }).id,
      org: 'acme',
      updated_at: AT,
      type: undefined,
    })),
    contents: policies.map((each) => JSON.stringify(each)),
  };
}

const TWO = delivered(policy('pol_a'), policy('pol_b'));

function rememberedTwo(): VerifiedMemory {
  const memory: VerifiedMemory = { last: null };
  verifyPolicies(TWO, EXPECTED, memory).revision();
  return memory;
}

test('what was verified as it stands is not read again until somebody asks for it', (t) => {
  const memory: VerifiedMemory = { last: null };
  const first = verifyPolicies(TWO, EXPECTED, memory);
  const revision = first.revision();
  assert.equal(revision, policyRevision({ org: 'acme', policies: first.policies() }));
  const parse = t.mock.method(JSON, 'parse');
  const again = verifyPolicies(
    { ...TWO, contents: TWO.contents.map((text) => `${text} `.slice(0, -1)) },
    EXPECTED,
    memory,
  );
  assert.equal(again.revision(), revision);
  assert.deepEqual(again.ids, ['pol_a', 'pol_b']);
  assert.equal(parse.mock.callCount(), 0);
  assert.deepEqual(again.policies(), first.policies());
  assert.equal(parse.mock.callCount(), 2);
});

test('a revision that nobody asked for the first time is found the second time', () => {
  const memory: VerifiedMemory = { last: null };
  verifyPolicies(TWO, EXPECTED, memory);
  assert.equal(
    verifyPolicies(TWO, EXPECTED, memory).revision(),
    verifyPolicies(TWO, EXPECTED, { last: null }).revision(),
  );
});

const [SUMMARY_A, SUMMARY_B] = TWO.summaries;
assert.ok(SUMMARY_A !== undefined && SUMMARY_B !== undefined);

for (const [change, second, expected, error] of [
  ['a text', delivered(policy('pol_a'), policy('pol_b', { status: 'new' })), EXPECTED, { code: 'unknown_status' }],
  ['an organisation', TWO, { ...EXPECTED, org: 'other' }, { code: 'other_org' }],
  ['the members to ignore', TWO, { ...EXPECTED, ignoreMembers: [] }, { code: 'unknown_member' }],
  ['an id', { ...TWO, summaries: [SUMMARY_A, { ...SUMMARY_B, id: 'pol_c' }] }, EXPECTED, { code: 'invalid_policy' }],
  ['a time', { ...TWO, summaries: [SUMMARY_A, { ...SUMMARY_B, updated_at: 'x' }] }, EXPECTED, PolicyChanged],
  ['the order', { ...TWO, contents: TWO.contents.toReversed() }, EXPECTED, { code: 'invalid_policy' }],
  ['a text that is missing', { ...TWO, contents: TWO.contents.slice(1) }, EXPECTED, { code: 'invalid_policy' }],
] as const) {
  test(`${change} that is another than before is verified anew, and again after it has failed`, () => {
    const memory = rememberedTwo();
    assert.throws(() => verifyPolicies(second, expected, memory), error);
    assert.throws(() => verifyPolicies(second, expected, memory), error);
    assert.equal(verifyPolicies(TWO, EXPECTED, memory).ids.length, 2);
  });
}

test('a type that only the list tells is part of what was verified', () => {
  const memory = rememberedTwo();
  const typed = { ...TWO, summaries: TWO.summaries.map((summary) => ({ ...summary, type: 'cedar_v1' })) };
  const verified = verifyPolicies(typed, EXPECTED, memory);
  assert.notEqual(verified.revision(), verifyPolicies(TWO, EXPECTED, { last: null }).revision());
  assert.equal(verified.policies()[0]?.['type'], 'cedar_v1');
});

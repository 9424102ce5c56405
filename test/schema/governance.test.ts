import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY_MEMBERS } from '../../src/policy/policy-document.ts';
import { shapeFault } from '../../src/policy/rule-shape.ts';
import {
  GOVERNANCE_POLICY_MEMBERS,
  GOVERNANCE_RULE_MEMBERS,
  readAccessToken,
  readGovernancePolicy,
  readPolicyPage,
  readTokenClaims,
} from '../../src/schema/governance.ts';

const POLICY = { id: 'pol_a', name: 'a', org: 'acme', updated_at: '2026-05-01T00:00:00.123456Z' };
const SUMMARY = { ...POLICY, type: 'allowlist_v0' };

test('the sync and the policy core know the same members of a policy and of a rule', () => {
  assert.deepEqual(new Set(GOVERNANCE_POLICY_MEMBERS), POLICY_MEMBERS);
  const fault = (member: string): string => shapeFault({ [member]: 'x', decision: 'allow' }) ?? '';
  for (const member of GOVERNANCE_RULE_MEMBERS) assert.doesNotMatch(fault(member), /unknown member/, member);
  assert.match(fault('other'), /unknown member/);
});

test('a member called __proto__ is an unknown one', () => {
  const raw: unknown = JSON.parse(`{"__proto__":{"org":"acme"},"id":"pol_a"}`);
  assert.equal(readGovernancePolicy(raw, []).kind, 'unknown_member');
});

test('a message names the place and never the value', () => {
  const reading = readGovernancePolicy({ ...POLICY, scope: { teams: ['t', { secret: 'hush' }] } }, []);
  assert.ok(reading.kind === 'invalid');
  assert.match(reading.message, /`scope\.teams\.1`/);
  assert.doesNotMatch(reading.message, /hush/);
  const named = readGovernancePolicy({ ...POLICY, ['a`\n'.repeat(60)]: 1 }, []);
  assert.ok(named.kind === 'unknown_member' && named.member.length < 200 && !/[\n`]/.test(named.member));
});

test('a page ends with null, with nothing or with an empty token', () => {
  for (const next of [{ next_page_token: null }, {}, { next_page_token: '' }]) {
    const page = readPolicyPage({ data: [SUMMARY], ...next });
    assert.ok(page.kind === 'ok' && page.value.nextPageToken === null && page.value.data.length === 1);
  }
  const more = readPolicyPage({ data: [], next_page_token: 'x' });
  assert.ok(more.kind === 'ok' && more.value.nextPageToken === 'x');
});

test('what is no page, no summary or no time is refused', () => {
  const broken = [
    null,
    {},
    { data: null },
    { data: {} },
    { data: [null] },
    { data: [{ ...SUMMARY, updated_at: 'yesterday' }] },
    { data: [{ ...SUMMARY, id: '../x' }] },
    { data: [], next_page_token: 7 },
    { data: [{ id: 'pol_a', updated_at: POLICY.updated_at }] },
  ];
  for (const value of broken) assert.equal(readPolicyPage(value).kind, 'invalid', JSON.stringify(value));
});

test('a token must be able to stand in a header', () => {
  assert.equal(readAccessToken({ access_token: 'abc.def.ghi', more: 1 }).kind, 'ok');
  for (const access_token of ['', 'a b', 'a\nb', 'ü', 7, undefined, 'x'.repeat(10_000)]) {
    assert.equal(readAccessToken({ access_token }).kind, 'invalid');
  }
});

test('claims are an end, perhaps a beginning, and otherwise nothing', () => {
  assert.deepEqual(readTokenClaims({ exp: 2, iat: 1, sub: 'x' }), { exp: 2, iat: 1 });
  assert.deepEqual(readTokenClaims({ exp: 2 }), { exp: 2 });
  assert.equal(readTokenClaims({ exp: '2' }), null);
  assert.equal(readTokenClaims(null), null);
});

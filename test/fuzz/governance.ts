import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compile } from '../../src/policy/index.ts';
import {
  type Read,
  readAccessToken,
  readCredential,
  readGovernancePolicy,
  readPolicyPage,
  readTokenClaims,
} from '../../src/schema/governance.ts';
import { emptySet } from '../support/policy-sets.ts';
import { assertMessage } from './judged.ts';
import { mutatedValue } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { RULE_KEYS, RULE_VALUES, RULES } from './words.ts';

const POLICY = {
  id: 'pol_1',
  name: 'egress',
  org: 'acme',
  created_at: '2026-05-01T00:00:00Z',
  updated_at: '2026-05-01T00:00:00.123Z',
  scope: { teams: ['core'] },
  status: 'active',
  enabled: true,
  valid_from: '2026-01-01T00:00:00Z',
  valid_until: '2030-01-01T00:00:00+02:00',
  tags: ['a'],
  metadata: { note: 'x' },
  allowlist_v0: { domain: 'network', rules: RULES },
};
const ANSWERS = [
  POLICY,
  { ...POLICY, type: 'cedar_v1', cedar_v1: { text: 'permit(principal, action, resource);' }, allowlist_v0: null },
  {
    data: [{ id: 'pol_1', org: 'acme', updated_at: '2026-05-01T00:00:00Z', type: 'allowlist_v0' }],
    next_page_token: 'x',
  },
  { access_token: 'a.b.c' },
  { identifier: 'machine', secret: 'secret' },
  { exp: 1_780_000_000, iat: 1_779_999_400 },
];
const KEYS = [
  ...RULE_KEYS,
  ...Object.keys(POLICY),
  'type',
  'domain',
  'rules',
  'teams',
  'data',
  'next_page_token',
  'exp',
];
const VALUES = [
  ...RULE_VALUES,
  'draft',
  'nonsense',
  '2026-02-30T00:00:00Z',
  '2026-05-01T00:00:00',
  '.',
  '..',
  'pol/1',
  'x'.repeat(20_000),
  'filesystem',
];

interface Input {
  readonly body: unknown;
  readonly ignored: readonly string[];
}

function outcome<T>(reading: Read<T>): T | null {
  if (reading.kind === 'ok') return reading.value;
  assertMessage(reading.kind === 'invalid' ? reading.message : `${reading.where}.${reading.member}`);
  return null;
}

/** What a governance API answers: every body is read by every reader, and what passes compiles, whatever it says. */
export const GOVERNANCE = fuzzTarget<Input>('governance', 'GOVERNANCE', () => ({
  inputs: fc.record({
    body: mutatedValue(ANSWERS, KEYS, VALUES),
    ignored: fc.array(fc.constantFrom('unknown', '__proto__', 'resources', 'a`b\nc'), { maxLength: 2 }),
  }),
  check({ body, ignored }) {
    outcome(readPolicyPage(body));
    outcome(readAccessToken(body));
    outcome(readCredential(body));
    readTokenClaims(body);
    const policy = outcome(readGovernancePolicy(body, ignored));
    if (policy === null) return;
    assert.deepEqual(readGovernancePolicy(policy, []), { kind: 'ok', value: policy });
    const compiled = compile(emptySet({ policies: [policy] }));
    for (const { message } of [...compiled.issues, ...compiled.warnings]) assertMessage(message);
    // a policy that means nothing closes both domains; of any other the rules are listed, each of them
    if (compiled.listing.length < rulesOf(policy)) assert.equal(compiled.closures.length, 2);
  },
}));

function rulesOf(policy: Readonly<Record<string, unknown>>): number {
  const body = policy['allowlist_v0'];
  const rules = typeof body === 'object' && body !== null && 'rules' in body ? body.rules : [];
  return Array.isArray(rules) ? rules.length : 0;
}

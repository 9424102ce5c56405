import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policiesFault } from '../../src/control-plane/check-policies.ts';
import { newPolicy, POLICIES, startServer } from './running-server.ts';

const RULE = { name: 'mirror', decision: 'allow', actions: ['connect:tcp'], resources: ['mirror.example.com:443'] };

function policyWith(rule: object, ...others: readonly object[]): object {
  return { id: 'a', name: 'egress', allowlist_v0: { rules: [rule, ...others] } };
}

test('policies that the API would take are taken, with what only files have', () => {
  assert.equal(policiesFault([]), null);
  assert.equal(policiesFault([policyWith({ id: 'r1', ...RULE })]), null);
  const full = {
    ...policyWith(RULE),
    scope: { teams: ['a'] },
    status: 'active',
    tags: ['x'],
    valid_until: '2030-01-01T00:00:00Z',
  };
  assert.equal(policiesFault([full, { id: 'b', name: 'empty', scope: null }]), null);
});

test('what belongs to several objects is judged: names, domains', () => {
  const cases: readonly (readonly [readonly unknown[], RegExp])[] = [
    [['x'], /^policy #1 must be a JSON object$/],
    [[{ name: 'a' }, { name: 'a' }], /^policy `a`: the name is in use$/],
    [[policyWith(RULE, RULE)], /^policy `egress`, rule `mirror`: the name is in use$/],
    [
      [policyWith(RULE, { ...RULE, name: 'data', actions: ['read'], resources: ['/data'] })],
      /rule `data`: the policy's rules are of the network domain/,
    ],
    [[policyWith({})], /^policy `egress`, rule #1: name is required$/],
    [[{ name: 'a', allowlist_v0: { rules: ['x'] } }], /rule #1 must be a JSON object/],
  ];
  for (const [policies, message] of cases) assert.match(policiesFault(policies) ?? 'none', message);
});

test('a rule or policy is refused in the very words of the API', async (t) => {
  const server = await startServer(t);
  const id = await newPolicy(server);
  const rules: readonly object[] = [
    { ...RULE, resources: ['https://example.com/path'] },
    { ...RULE, resources: [] },
    { ...RULE, actions: ['connect:sctp'] },
    { ...RULE, actions: ['connect:tcp', 'read'] },
    { ...RULE, decision: 'maybe' },
    { ...RULE, http_resources: [] },
    { ...RULE, surprise: 1 },
    { ...RULE, name: '' },
  ];
  for (const rule of rules) {
    const { body } = await server.ask(`POST ${POLICIES}/${id}/rules`, { body: rule });
    const said = (body as { error: { message: string } }).error.message;
    assert.ok(policiesFault([policyWith(rule)])?.endsWith(said), `${JSON.stringify(rule)}: ${said}`);
  }
  for (const policy of [
    { name: '\n' },
    { name: 'a', scope: { teams: ['a', 'a'] } },
    { name: 'a', scope: { users: [] } },
  ]) {
    const { body } = await server.ask(`POST ${POLICIES}`, { body: policy });
    const said = (body as { error: { message: string } }).error.message;
    assert.ok(policiesFault([policy])?.endsWith(said), `${JSON.stringify(policy)}: ${said}`);
  }
});

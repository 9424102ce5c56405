import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyRevision } from '../../src/bundle/policy-revision.ts';

const rule = (id: string, resources: readonly string[]): unknown => ({
  id,
  decision: 'allow',
  actions: ['connect:tcp', 'connect:udp'],
  resources,
});
const policy = (id: string, rules: readonly unknown[], more = {}): unknown => ({
  id,
  allowlist_v0: { rules },
  ...more,
});
const revision = (...policies: readonly unknown[]): string => policyRevision({ org: 'acme', policies });

const A = policy('pol_a', [rule('r1', ['a.example', 'b.example']), rule('r2', ['c.example'])]);
const B = policy('pol_b', [], { scope: { teams: ['t1', 't2'] } });

test('a revision is a sha256 that does not depend on any order that says nothing', () => {
  const reordered = policy('pol_a', [rule('r2', ['c.example']), rule('r1', ['b.example', 'a.example'])]);
  assert.match(revision(A, B), /^sha256:[0-9a-f]{64}$/);
  assert.equal(revision(B, reordered), revision(A, B));
  assert.equal(revision(A, policy('pol_b', [], { scope: { teams: ['t2', 't1'] } })), revision(A, B));
});

test('every difference in what is said gives another revision', () => {
  const others = [
    revision(A),
    revision(A, A, B),
    revision(A, policy('pol_b', [], { scope: { teams: ['t1'] } })),
    revision(policy('pol_a', [rule('r1', ['a.example', 'b.example'])]), B),
    policyRevision({ org: 'other', policies: [A, B] }),
  ];
  assert.equal(new Set([revision(A, B), ...others]).size, others.length + 1);
});

test('a list inside metadata keeps its order: nobody here knows what it means', () => {
  const withTags = (tags: readonly string[]): string => revision(policy('pol_a', [], { metadata: { tags } }));
  assert.notEqual(withTags(['a', 'b']), withTags(['b', 'a']));
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';
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

test('a revision that was stored once stays the same for ever', () => {
  const C = policy('pol_c', [rule('r"1', ['\u{1F600}.example', '\ud800', 'b.example'])], {
    metadata: { tags: ['b', 'a'] },
  });
  assert.equal(revision(B, C, A), 'sha256:78ba7a08d53abc0c85879967432662ff1ce581320939dabd564ed5abefa996eb');
});

const LISTS = ['policies', 'rules', 'actions', 'resources', 'http_resources', 'teams', 'tags'];

/** As it was written first, in two passes over copies: slow, and the meaning of every revision that is stored. */
function revisionByCopies(content: { readonly org: string; readonly policies: readonly unknown[] }): string {
  return `sha256:${createHash('sha256')
    .update(canonicalJson(sortedCopy(content)), 'utf8')
    .digest('hex')}`;
}

function sortedCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedCopy);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]): [string, unknown] => {
    if (name === 'metadata') return [name, member];
    const inner = sortedCopy(member);
    if (!LISTS.includes(name) || !Array.isArray(inner)) return [name, inner];
    const texts = inner.map((item: unknown) => ({ item, text: canonicalJson(item) }));
    return [name, texts.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ item }) => item)];
  });
  return Object.fromEntries(members);
}

test('the revision is that of the copies sorted list by list, whatever stands in the policies', () => {
  const name = fc.oneof(
    fc.constantFrom(...LISTS, 'metadata', '__proto__', 'id', 'name', 'toString', '\ud800', '"'),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '\u2028', '\\', '\x7f'));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(null, true, false)),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((members) => Object.fromEntries(members)),
    ),
  }));
  fc.assert(
    fc.property(text, fc.array(value, { maxLength: 4 }), (org, policies) => {
      assert.equal(policyRevision({ org, policies }), revisionByCopies({ org, policies }));
    }),
    { numRuns: 2_000 },
  );
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildBundle, contentDigest } from '../../src/publisher/build-bundle.ts';
import { type BundleHead, headOf, readHeadFile } from '../../src/publisher/bundle-head.ts';
import { readPolicyFiles } from '../../src/publisher/policy-files.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { DAY, NOW, networkPolicy } from './organisation.ts';

const HEAD = headOf({ org: 'acme', governed: ['network'], expires_in: 'P90D' });
const POLICY = networkPolicy('acme', ['api.example.com']);

function built(
  change: { head?: BundleHead; policies?: readonly unknown[]; revision?: number; now?: number } = {},
): Buffer {
  return buildBundle({ head: HEAD, policies: [POLICY], revision: 1, now: NOW, version: '9.9.9', ...change }).document;
}

test('a head and policies become one document, the same for the same parts', () => {
  const { document, bundle } = buildBundle({
    head: HEAD,
    policies: [POLICY],
    revision: 7,
    now: NOW + 999,
    version: '9.9.9',
  });
  assert.deepEqual([bundle.revision, bundle.org, bundle.policies.length], ['7', 'acme', 1]);
  assert.deepEqual([bundle.terms.issuedAt, bundle.terms.expiresAt], [NOW, NOW + 90 * DAY]);
  const again = buildBundle({ head: HEAD, policies: [POLICY], revision: 7, now: NOW, version: '9.9.9' });
  assert.deepEqual(document, again.document);
});

test('a day that the head names is kept', () => {
  const head = headOf({ org: 'acme', governed: [], expires_at: '2026-07-01T00:00:00Z' });
  const { bundle } = buildBundle({ head, policies: [], revision: 1, now: NOW, version: '9.9.9' });
  assert.equal(bundle.terms.expiresAt, Date.parse('2026-07-01T00:00:00Z'));
});

test('a head that does not work is refused with what is wrong', () => {
  const base = { org: 'acme', governed: [], expires_in: 'P1D' };
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ['x', /must be an object/],
    [{ ...base, revision: '1' }, /`revision` has no place in it/],
    [{ ...base, policies: [] }, /`policies` has no place in it/],
    [{ ...base, org: undefined }, /`org` is missing/],
    [{ org: 'acme', governed: [] }, /needs `expires_in`/],
    [{ ...base, expires_at: '2026-07-01T00:00:00Z' }, /needs `expires_in`/],
    [{ ...base, expires_in: 'P1M' }, /`expires_in` must be/],
    [{ ...base, expires_in: 'PT0S' }, /`expires_in` must be/],
  ];
  for (const [value, message] of cases) assert.throws(() => headOf(value), { code: 'bundle_refused', message });
  assert.throws(() => built({ head: headOf({ ...base, surprise: true }) }), { code: 'unknown_member' });
  assert.throws(() => built({ head: headOf({ ...base, governed: undefined }) }), { code: 'invalid_bundle' });
});

test('only what a bundle says makes it new', () => {
  const digest = contentDigest(built(), HEAD);
  const twice = networkPolicy('acme', ['b.example.com', 'a.example.com']);
  const otherwise = networkPolicy('acme', ['a.example.com', 'b.example.com']);
  assert.equal(contentDigest(built({ revision: 9, now: NOW + DAY }), HEAD), digest);
  assert.equal(
    contentDigest(built({ policies: [twice] }), HEAD),
    contentDigest(built({ policies: [otherwise] }), HEAD),
  );
  assert.notEqual(contentDigest(built({ policies: [twice] }), HEAD), digest);
  const governing = headOf({ org: 'acme', governed: ['network', 'filesystem'], expires_in: 'P90D' });
  assert.notEqual(contentDigest(built({ head: governing }), governing), digest);
  const [day, other] = ['2026-08-01T00:00:00Z', '2026-08-02T00:00:00Z'].map((expires_at) =>
    headOf({ org: 'acme', governed: ['network'], expires_at }),
  );
  assert.ok(day !== undefined && other !== undefined);
  assert.notEqual(contentDigest(built({ head: day }), day), contentDigest(built({ head: other }), other));
});

test('policy files: one policy or a list, YAML or JSON, and what they leave out', (t) => {
  const root = tempDirectory(t);
  const write = (name: string, text: string): void => writeFileSync(join(root, name), text);
  mkdirSync(join(root, 'more'));
  write('b.yaml', 'name: B\nupdated_at: "2026-01-01T00:00:00Z"\n');
  write('a.json', '{"id": "first", "org": "acme"}');
  write('more/c.yml', '- {id: c1}\n- {id: c2, org: other}\n');
  write('notes.txt', 'nothing');
  write('.hidden.yaml', 'nothing');
  const filled = { org: 'acme', updatedAt: '2026-06-01T00:00:00Z' };
  const time = { updated_at: filled.updatedAt };
  assert.deepEqual(readPolicyFiles([root, join(root, 'more', 'c.yml')], filled), [
    { name: 'first', ...time, id: 'first', org: 'acme' },
    { name: 'B', org: 'acme', updated_at: '2026-01-01T00:00:00Z', id: 'b' },
    { name: 'c1', org: 'acme', ...time, id: 'c1' },
    { name: 'c2', org: 'other', ...time, id: 'c2' },
  ]);
  write('broken.yaml', 'a: [');
  assert.throws(() => readPolicyFiles([root], filled), { code: 'file_unusable', message: /broken\.yaml`: line 1/ });
  assert.throws(() => readPolicyFiles([join(root, 'gone')], filled), { code: 'file_unusable', message: /ENOENT/ });
});

test('a head is read from YAML, strictly', (t) => {
  const path = join(tempDirectory(t), 'head.yaml');
  writeFileSync(path, 'org: acme\ngoverned: [network]\nexpires_in: P30D\n');
  assert.deepEqual(readHeadFile(path), {
    org: 'acme',
    expiresInMs: 30 * DAY,
    members: { org: 'acme', governed: ['network'] },
  });
  writeFileSync(path, Buffer.from([0xff, 0xfe]));
  assert.throws(() => readHeadFile(path), { message: /not valid UTF-8/ });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { createTufStore, type TufPublication, type TufStore } from '../../src/store/tuf-store.ts';

function open(t: TestContext): { readonly store: TufStore; readonly database: Database } {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-tuf-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  return { store: createTufStore(database), database };
}

const bytes = (text: string): Buffer => Buffer.from(text);

const publication = (label: string, more: Partial<TufPublication> = {}): TufPublication => ({
  rootVersion: 3,
  timestamp: bytes(`${label} timestamp`),
  snapshot: bytes(`${label} snapshot`),
  roles: new Map([
    ['targets', bytes(`${label} targets`)],
    ['team-a', bytes(`${label} team-a`)],
  ]),
  path: 'team-a/bundle.json.gz',
  target: Buffer.from([0, 1, 255]),
  ...more,
});

test('an empty store holds nothing', (t) => {
  const { store } = open(t);
  assert.deepEqual([store.root(1), store.held('timestamp'), store.active()], [null, null, null]);
  assert.equal(store.activeRootVersion(), null);
});

test('roots are kept by number, and a repaired one takes the place of a broken one', (t) => {
  const { store } = open(t);
  store.putRoot(1, bytes('one'));
  store.putRoot(2, bytes('torn'));
  store.putRoot(2, bytes('two'));
  assert.deepEqual([store.root(1), store.root(2), store.root(3)], [bytes('one'), bytes('two'), null]);
});

test('what is held is replaced only by who has seen it', (t) => {
  const { store } = open(t);
  store.hold('timestamp', { content: bytes('one'), etag: '"1"' }, null);
  assert.deepEqual(store.held('timestamp'), { content: bytes('one'), etag: '"1"' });
  for (const seen of [null, bytes('zero')]) {
    assert.throws(() => store.hold('timestamp', { content: bytes('two'), etag: null }, seen), StoreError);
  }
  store.hold('timestamp', { content: bytes('two'), etag: null }, bytes('one'));
  assert.deepEqual(store.held('timestamp'), { content: bytes('two'), etag: null });
  assert.equal(store.held('snapshot'), null);
});

test('what is active is one whole publication, replaced by another whole one', (t) => {
  const { store } = open(t);
  store.promote(publication('one'));
  assert.deepEqual(store.active(), publication('one'));
  assert.equal(store.activeRootVersion(), 3);
  const second = publication('two', { roles: new Map([['targets', bytes('two')]]), rootVersion: 4, path: 'bundle' });
  store.promote(second);
  assert.deepEqual(store.active(), second);
});

test('a publication of which a file is gone is none', (t) => {
  const { store, database } = open(t);
  for (const role of ['timestamp', 'snapshot']) {
    store.promote(publication('one'));
    database.prepare('DELETE FROM tuf_active_file WHERE role = ?').run(role);
    assert.equal(store.active(), null, role);
  }
  store.promote(publication('one'));
  database.prepare('DELETE FROM tuf_active').run();
  assert.equal(store.active(), null);
});

test('what is active changes together with the bundle, or not at all', (t) => {
  const { store, database } = open(t);
  const bundles = createBundleStore(database);
  const candidate = (): number =>
    bundles.putCandidate({
      ...{ source: 'tuf', org: 'acme', revision: '1', etag: null, fetchedAt: 1, policies: [], terms: null },
      origin: { digest: 'sha256:a', epoch: 1, rootVersion: 3 },
    });
  const activation = { at: 2, governed: [], sync: null };
  const fails = (): void => {
    store.promote(publication('one'));
    throw new Error('interrupted');
  };
  assert.throws(() => bundles.activate(candidate(), { ...activation, alongside: fails }), /interrupted/);
  assert.deepEqual([store.active(), bundles.active().kind], [null, 'none']);
  bundles.activate(candidate(), { ...activation, alongside: () => store.promote(publication('one')) });
  assert.deepEqual([store.active(), bundles.active().kind], [publication('one'), 'active']);
});

test('everything can be given up', (t) => {
  const { store } = open(t);
  store.putRoot(1, bytes('one'));
  store.hold('timestamp', { content: bytes('one'), etag: null }, null);
  store.promote(publication('one'));
  store.clear();
  assert.deepEqual([store.root(1), store.held('timestamp'), store.active()], [null, null, null]);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BundleTerms } from '../../src/policy/bundle-terms.ts';
import { type BundleStore, createBundleStore } from '../../src/store/bundle-store.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import type { CachedPolicy, SyncRecord } from '../../src/store/sync-rows.ts';
import { PLAIN_TERMS } from '../support/bundle-terms.ts';

interface Opened {
  readonly store: BundleStore;
  readonly database: Database;
  /** Closes the database and opens the same file again. */
  readonly reopen: () => Opened;
}

function openStore(t: TestContext, path = temporaryPath(t)): Opened {
  const database = openDatabase(path, POLICY_MIGRATIONS);
  t.after(() => database.close());
  const reopen = (): Opened => {
    database.close();
    return openStore(t, path);
  };
  return { store: createBundleStore(database), database, reopen };
}

function temporaryPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'policy.db');
}

const bundle = (revision: string, more = {}): Parameters<BundleStore['putCandidate']>[0] => ({
  source: 'governance',
  org: 'acme',
  revision,
  etag: null,
  terms: null,
  origin: null,
  fetchedAt: 1_000,
  policies: [{ id: 'pol_a', revision }],
  ...more,
});

const sync = (more: Partial<SyncRecord> = {}): SyncRecord => ({
  completedAt: 5_000,
  verifiedTime: null,
  cache: [],
  absences: [],
  ...more,
});

const activate = (store: BundleStore, revision: string, at = 2_000): void =>
  store.activate(store.putCandidate(bundle(revision)), { at, governed: [], sync: null });

test('an empty store says so', (t) => {
  const { store } = openStore(t);
  assert.deepEqual(store.active(), { kind: 'none' });
  assert.equal(store.candidate(), null);
  assert.deepEqual(store.history(), []);
  assert.equal(store.lastSync(), null);
  assert.equal(store.enrolledOrg(), null);
  assert.deepEqual(store.wasGoverned(), []);
});

test('a candidate changes nothing that serves, and activation survives a restart', (t) => {
  const opened = openStore(t);
  activate(opened.store, 'one');
  opened.store.putCandidate(bundle('two', { etag: '"v2"' }));
  assert.equal(opened.store.candidate()?.revision, 'two');
  assert.equal(opened.store.candidate()?.etag, '"v2"');
  const { store } = opened.reopen();
  const active = store.active();
  assert.ok(active.kind === 'active');
  assert.equal(active.header.revision, 'one');
  assert.equal(active.header.activatedAt, 2_000);
  assert.deepEqual(active.policies, [{ id: 'pol_a', revision: 'one' }]);
});

test('a candidate that was never activated makes room for the next one', (t) => {
  const { store, database } = openStore(t);
  for (const revision of ['one', 'two', 'three']) store.putCandidate(bundle(revision));
  assert.equal(store.candidate()?.revision, 'three');
  assert.equal(database.prepare('SELECT count(*) FROM bundle').pluck().get(), 1);
});

test('the last ten activated bundles are kept, newest first', (t) => {
  const { store, database } = openStore(t);
  for (let number = 1; number <= 13; number += 1) activate(store, `r${number}`, number);
  assert.deepEqual(
    store.history().map((header) => header.revision),
    ['r13', 'r12', 'r11', 'r10', 'r9', 'r8', 'r7', 'r6', 'r5', 'r4'],
  );
  assert.equal(database.prepare('SELECT count(*) FROM bundle').pluck().get(), 10);
  assert.equal(store.candidate(), null);
});

test('a row that somebody edited is damaged, whichever part of it', (t) => {
  for (const change of [
    "content = replace(content, 'pol_a', 'pol_b')",
    "org = 'other'",
    "revision = 'two'",
    "etag = 'x'",
  ]) {
    const { store, database } = openStore(t);
    activate(store, 'one');
    database.exec(`UPDATE bundle SET ${change}`);
    assert.equal(store.active().kind, 'damaged', change);
  }
});

test('the organisation of the first activation stays, and so do governed domains', (t) => {
  const { store } = openStore(t);
  store.putCandidate(bundle('zero', { org: 'never-activated' }));
  assert.equal(store.enrolledOrg(), null);
  store.activate(store.putCandidate(bundle('one')), { at: 1, governed: ['network'], sync: null });
  store.activate(store.putCandidate(bundle('two', { org: 'other' })), { at: 2, governed: ['filesystem'], sync: null });
  store.activate(store.putCandidate(bundle('three')), { at: 3, governed: [], sync: null });
  assert.equal(store.enrolledOrg(), 'acme');
  assert.deepEqual(store.wasGoverned(), ['network', 'filesystem']);
});

test('a sync leaves cache, absences and its time, at once with the activation or alone', (t) => {
  const opened = openStore(t);
  const entry: CachedPolicy = { id: 'pol_a', updatedAt: 'u1', settled: true, fetchedAt: 7, content: '{"a":1}' };
  const first = sync({ cache: [entry], absences: [{ policy: 'pol_b', firstListingAt: 9 }] });
  opened.store.activate(opened.store.putCandidate(bundle('one')), { at: 1, governed: [], sync: first });
  const { store } = opened.reopen();
  assert.deepEqual(store.cachedPolicies(), new Map([['pol_a', entry]]));
  assert.deepEqual(store.pendingAbsences(), [{ policy: 'pol_b', firstListingAt: 9 }]);
  assert.deepEqual(store.lastSync(), { completedAt: 5_000, verifiedTime: null, confirmedAt: 5_000 });
  const changed = { ...entry, fetchedAt: 8, content: '{"a":2}', settled: false };
  store.recordSync(sync({ completedAt: 6_000, cache: [changed, { ...entry, id: 'pol_c' }] }));
  assert.deepEqual([...store.cachedPolicies().values()], [changed, { ...entry, id: 'pol_c' }]);
  assert.deepEqual(store.pendingAbsences(), []);
  store.recordSync(sync({ cache: [] }));
  assert.equal(store.cachedPolicies().size, 0);
});

test('verified time never runs backwards and is not forgotten', (t) => {
  const { store } = openStore(t);
  for (const verifiedTime of [null, 500, 400, null]) store.recordSync(sync({ verifiedTime }));
  assert.equal(store.lastSync()?.verifiedTime, 500);
});

test('an activation that fails half way leaves everything as it was', (t) => {
  const { store } = openStore(t);
  activate(store, 'one');
  const candidate = store.putCandidate(bundle('two'));
  const entry: CachedPolicy = { id: 'pol_a', updatedAt: 'u1', settled: true, fetchedAt: 7, content: '{}' };
  const twice = sync({
    absences: [
      { policy: 'x', firstListingAt: 1 },
      { policy: 'x', firstListingAt: 2 },
    ],
    cache: [entry],
  });
  assert.throws(() => store.activate(candidate, { at: 3, governed: ['network'], sync: twice }));
  const active = store.active();
  assert.ok(active.kind === 'active' && active.header.revision === 'one');
  assert.equal(store.candidate()?.revision, 'two');
  assert.deepEqual(store.wasGoverned(), []);
  assert.equal(store.cachedPolicies().size, 0);
});

test('what was read once is known on when the database breaks', (t) => {
  const { store, database } = openStore(t);
  store.activate(store.putCandidate(bundle('r1')), { at: 2_000, governed: [], sync: sync({ completedAt: 7_000 }) });
  assert.deepEqual([store.enrolledOrg(), store.lastSync()?.completedAt], ['acme', 7_000]);
  // every statement fails from here on
  database.close();
  assert.deepEqual([store.enrolledOrg(), store.lastSync()?.completedAt], ['acme', 7_000]);
  assert.throws(() => store.active());
});

test('a first reading that fails is told', (t) => {
  const { store, database } = openStore(t);
  database.close();
  assert.throws(() => store.lastSync());
  assert.throws(() => store.enrolledOrg());
});

const TERMS = {
  ...PLAIN_TERMS,
  delegated: { network: true },
  supportMessage: 'ask the platform team',
  change: { by: 'ann' },
  requires: ['network'],
};

test('a bundle keeps its terms and its place in the order, and nobody exchanges them', (t) => {
  const opened = openStore(t);
  const origin = { digest: 'sha256:d', epoch: 2, rootVersion: 5 };
  const candidate = opened.store.putCandidate(bundle('7', { source: 'tuf', terms: TERMS, origin }));
  opened.store.activate(candidate, { at: 1, governed: ['network'], sync: null });
  const { store, database } = opened.reopen();
  const active = store.active();
  assert.ok(active.kind === 'active');
  assert.deepEqual([active.header.terms, active.header.origin], [TERMS, origin]);
  database.exec('UPDATE bundle SET origin = replace(origin, \'"epoch":2\', \'"epoch":3\')');
  assert.equal(store.active().kind, 'damaged');
  database.exec('UPDATE bundle SET origin = replace(origin, \'"epoch":3\', \'"epoch":2\'), terms = NULL');
  assert.equal(store.active().kind, 'damaged');
});

test('terms of before there were demands demand nothing', (t) => {
  const { store } = openStore(t);
  const terms = { issuedAt: 1, expiresAt: 9, governed: ['network'] } as unknown as BundleTerms;
  const candidate = store.putCandidate(bundle('7', { source: 'tuf', terms }));
  store.activate(candidate, { at: 1, governed: ['network'], sync: null });
  const active = store.active();
  assert.ok(active.kind === 'active');
  assert.deepEqual(active.header.terms, { ...terms, requires: [], minVersion: null });
});

test('what belongs to an activation is part of its transaction', (t) => {
  const { store, database } = openStore(t);
  const candidate = store.putCandidate(bundle('one'));
  const alongside = (): void => {
    database.exec("INSERT INTO pending_absence VALUES ('beside', 1)");
    throw new Error('the disk is full');
  };
  assert.throws(() => store.activate(candidate, { at: 1, governed: [], sync: null, alongside }), /the disk is full/);
  assert.deepEqual([store.active().kind, store.pendingAbsences()], ['none', []]);
});

test('a reset leaves nothing of the organisation', (t) => {
  const { store, database } = openStore(t);
  const cache = [{ id: 'pol_a', updatedAt: 'u', settled: true, fetchedAt: 7, content: '{}' }];
  const candidate = store.putCandidate(bundle('one'));
  store.activate(candidate, {
    at: 1,
    governed: ['network'],
    sync: sync({ cache, absences: [{ policy: 'x', firstListingAt: 1 }] }),
  });
  store.keepLatestTime(77.5);
  assert.equal(store.latestTime(), 77);
  let beside = 0;
  store.reset(() => (beside += 1));
  const left = [store.active().kind, store.candidate(), store.history(), store.lastSync(), store.enrolledOrg()];
  assert.deepEqual(left, ['none', null, [], null, null]);
  assert.deepEqual([store.wasGoverned(), store.cachedPolicies().size, store.latestTime(), beside], [[], 0, null, 1]);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
  const kept = (tables.pluck().all() as string[]).filter((name) => name.startsWith('local'));
  assert.ok(kept.length > 0, 'the last good local files are this machine\u2019s own');
});

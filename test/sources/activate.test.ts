import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compile } from '../../src/policy/compile.ts';
import { createActivator, type FetchedBundle } from '../../src/sources/activate.ts';
import type { AuditEvent } from '../../src/sources/audit-event.ts';
import { openDatabase } from '../../src/store/database.ts';
import { type Marks, openMarkFile } from '../../src/store/mark-file.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { activationParts } from '../support/activation-parts.ts';
import { PLAIN_TERMS } from '../support/bundle-terms.ts';
import { governanceStage, networkPolicy, temporaryDirectory } from '../support/governance-stage.ts';
import { emptySet } from '../support/policy-sets.ts';

function bundle(revision: string, more: Partial<FetchedBundle> = {}): FetchedBundle {
  const policies = [networkPolicy('pol_a', `${revision}.example`)];
  const sync = { completedAt: 1, verifiedTime: null, cache: [], absences: [] };
  return {
    source: 'governance',
    org: 'acme',
    revision,
    etag: null,
    terms: null,
    origin: null,
    fetchedAt: 1,
    policies,
    sync,
    ...more,
  };
}

/** What somebody else with the file in hand would do. */
function editStoredBundle(directory: string): void {
  const database = openDatabase(`${directory}/policy.db`, POLICY_MIGRATIONS);
  database.exec("UPDATE bundle SET content = replace(content, '.example', '.evil')");
  database.close();
}

test('an activated bundle serves, is stored as active, and its governed domains are remembered', async (t) => {
  const { activator, store, holder } = await governanceStage(t);
  const outcome = await activator.activate(bundle('one'));
  assert.deepEqual(outcome, { kind: 'activated', revision: 'one', generation: 1 });
  assert.deepEqual([holder.current()?.policy.revision, activator.live()], ['one', { revision: 'one', generation: 1 }]);
  const active = store.active();
  assert.ok(active.kind === 'active' && active.header.revision === 'one');
  assert.deepEqual(store.wasGoverned(), ['network']);
  assert.equal(store.lastSync()?.completedAt, 1);
  assert.equal(store.candidate(), null);
});

test('a domain that is governed outright is remembered without a policy too: a silent successor does not release it', async (t) => {
  const { activator, store } = await governanceStage(t, {
    compile: (set) => compile(set.revision === 'one' ? { ...set, governs: { filesystem: true } } : set),
  });
  await activator.activate(bundle('one', { policies: [] }));
  assert.deepEqual(store.wasGoverned(), ['filesystem']);
  await activator.activate(bundle('two', { policies: [] }));
  const active = activator.org();
  assert.ok(active.kind === 'delivered');
  assert.deepEqual([active.revision, active.wasGoverned], ['two', ['filesystem']]);
});

test('the same revision again is recorded and swaps nothing', async (t) => {
  const { activator, store, holder } = await governanceStage(t);
  await activator.activate(bundle('one'));
  const sync = { completedAt: 9, verifiedTime: null, cache: [], absences: [] };
  const outcome = await activator.activate(bundle('one', { sync }));
  assert.equal(outcome.kind, 'unchanged');
  assert.equal(store.lastSync()?.completedAt, 9);
  assert.equal(holder.current()?.generation, 1);
  assert.equal(store.history().length, 1);
});

test('a compiler that fails leaves the old snapshot, the old bundle and the old sync; the next try gets through', async (t) => {
  let broken = false;
  const { activator, store, holder } = await governanceStage(t, {
    compile: (set) => {
      if (broken) throw new Error('out of memory');
      return compile(set);
    },
  });
  await activator.activate(bundle('one'));
  broken = true;
  const sync = { completedAt: 9, verifiedTime: null, cache: [], absences: [] };
  const failed = await activator.activate(bundle('two', { sync }));
  assert.ok(failed.kind === 'failed');
  assert.deepEqual([failed.failure.stage, failed.failure.message], ['compile', 'out of memory']);
  assert.equal(holder.current()?.policy.revision, 'one');
  const active = store.active();
  assert.ok(active.kind === 'active' && active.header.revision === 'one');
  assert.equal(store.lastSync()?.completedAt, 1);
  assert.equal(store.candidate()?.revision, 'two');
  broken = false;
  assert.equal((await activator.activate(bundle('two', { sync }))).kind, 'activated');
  assert.equal(holder.current()?.generation, 2);
});

test('a transaction that fails is the stage activate, and nothing is swapped', async (t) => {
  const { activator, holder } = await governanceStage(t);
  await activator.activate(bundle('one'));
  const twice = [
    { policy: 'x', firstListingAt: 1 },
    { policy: 'x', firstListingAt: 2 },
  ];
  const sync = { completedAt: 9, verifiedTime: null, cache: [], absences: twice };
  const failed = await activator.activate(bundle('two', { sync }));
  assert.ok(failed.kind === 'failed' && failed.failure.stage === 'activate');
  assert.equal(holder.current()?.policy.revision, 'one');
});

test('a bundle of another organisation than the enrolled one is refused', async (t) => {
  const { activator, holder } = await governanceStage(t);
  await activator.activate(bundle('one'));
  const failed = await activator.activate(bundle('two', { org: 'other' }));
  assert.ok(failed.kind === 'failed');
  assert.deepEqual([failed.failure.stage, failed.failure.code], ['verify', 'other_org']);
  assert.equal(holder.current()?.policy.revision, 'one');
});

test('activations that are asked for at once happen one after the other, in that order', async (t) => {
  const { activator, holder } = await governanceStage(t);
  const outcomes = await Promise.all([
    activator.activate(bundle('one')),
    activator.refresh('local'),
    activator.activate(bundle('two')),
    activator.refresh('links'),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.failure : [outcome.revision, outcome.generation])),
    [
      ['one', 1],
      ['one', 2],
      ['two', 3],
      ['two', 4],
    ],
  );
  assert.equal(holder.current()?.generation, 4);
});

test('a restart serves what was active, before anything is downloaded', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await governanceStage(t, { directory });
  await first.activator.activate(bundle('one'));
  const second = await governanceStage(t, { directory });
  const outcome = await second.activator.restore();
  assert.ok(outcome.kind === 'activated');
  assert.equal(second.holder.current()?.policy.revision, 'one');
  assert.equal(second.server.seen.length, 0);
  assert.deepEqual(second.orgs.at(-1)?.wasGoverned, ['network']);
});

test('a first start has nothing, and says so to whoever composes the policy', async (t) => {
  const { activator, orgs, holder } = await governanceStage(t);
  assert.equal((await activator.restore()).kind, 'activated');
  assert.deepEqual(orgs, [{ kind: 'none', wasGoverned: [] }]);
  assert.equal(holder.current()?.policy.closures[0]?.code, 'no_policy');
});

test('a stored bundle that somebody edited does not serve, and the next sync repairs it', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await governanceStage(t, { directory });
  first.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  await first.source.sync();
  editStoredBundle(directory);
  const second = await governanceStage(t, { directory });
  second.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  const outcome = await second.activator.restore();
  assert.ok(outcome.kind === 'failed');
  assert.deepEqual([outcome.failure.stage, outcome.failure.code], ['verify', 'row_invalid']);
  assert.equal(second.holder.current()?.policy.closures[0]?.code, 'not_ready');
  assert.deepEqual(second.serving()?.listing, []);
  const answer = await second.source.sync();
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'ok' && answer.outcome.result === 'activated');
  assert.deepEqual(
    second.serving()?.listing.flatMap((rule) => rule.resources),
    ['a.example'],
  );
});

test('a bundle that is edited while it serves is written anew by the next sync of the same revision', async (t) => {
  const directory = temporaryDirectory(t);
  const { activator, store, holder } = await governanceStage(t, { directory });
  await activator.activate(bundle('one'));
  editStoredBundle(directory);
  assert.equal(store.active().kind, 'damaged');
  assert.equal((await activator.activate(bundle('one'))).kind, 'activated');
  assert.equal(store.active().kind, 'active');
  assert.equal(holder.current()?.policy.revision, 'one');
});

test('the steps of an activation come in their order, and the mark names it before and behind the transaction', async (t) => {
  const stage = await governanceStage(t);
  const marks: unknown[] = [];
  const steps: string[] = [];
  const parts = activationParts(stage.directory);
  const activator = createActivator({
    ...parts,
    store: stage.store,
    clock: stage.clock,
    policySet: () => emptySet(),
    compile: (set) => Promise.resolve(compile(set)),
    publish: () => 1,
    onStep: (step) => {
      steps.push(step);
      const { marks: read } = openMarkFile(join(stage.directory, 'mark')).read() as { marks?: Marks };
      marks.push([read?.active?.revision ?? null, read?.next?.revision ?? null]);
    },
  });
  await activator.activate(bundle('one'));
  const order = ['verified', 'candidate_stored', 'compiled', 'mark_next', 'transaction', 'mark_active', 'swapped'];
  assert.deepEqual(steps, order);
  const none = [null, null];
  const next = [null, 'one'];
  assert.deepEqual(marks, [none, none, none, next, next, ['one', null], ['one', null]]);
});

test('a database that is not what was served denies, until a fresh bundle has been verified', async (t) => {
  const { activator, directory, holder, restart } = await governanceStage(t);
  await activator.activate(bundle('one'));
  copyFileSync(join(directory, 'mark'), join(directory, 'mark.old'));
  await activator.activate(bundle('two'));
  copyFileSync(join(directory, 'mark.old'), join(directory, 'mark'));
  const events: AuditEvent[] = [];
  const again = restart({ events });
  const outcome = await again.restore();
  assert.ok(outcome.kind === 'failed' && outcome.failure.stage === 'verify');
  assert.match(outcome.failure.message, /the database holds revision two and this machine has served one/);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['state_mismatch'],
  );
  assert.equal(again.org().kind, 'damaged');
  assert.equal(holder.current()?.policy.revision, 'none');
  assert.equal((await again.activate(bundle('two'))).kind, 'activated');
  assert.equal((await restart({}).restore()).kind, 'activated');
});

test('an older bundle is refused, also where only the mark remembers the newer one', async (t) => {
  const { activator, restart, database } = await governanceStage(t);
  const signed = (revision: string): FetchedBundle =>
    bundle(revision, { source: 'tuf', origin: { digest: `sha256:${revision}`, epoch: 1, rootVersion: 1 } });
  assert.equal((await activator.activate(signed('9'))).kind, 'activated');
  const older = await activator.activate(signed('8'));
  assert.ok(older.kind === 'failed');
  assert.deepEqual([older.failure.stage, older.failure.code], ['verify', 'rollback']);
  database.exec('DELETE FROM slot; DELETE FROM bundle; DELETE FROM enrolment');
  const again = restart({});
  await again.restore();
  const still = await again.activate(signed('8'));
  assert.ok(still.kind === 'failed' && still.failure.code === 'rollback');
  const foreign = await again.activate({ ...signed('10'), org: 'other' });
  assert.ok(foreign.kind === 'failed' && foreign.failure.code === 'other_org');
  assert.equal((await again.activate(signed('10'))).kind, 'activated');
});

test('a stored bundle that its source does not stand by any more does not serve', async (t) => {
  const { activator, restart, holder } = await governanceStage(t);
  await activator.activate(bundle('one'));
  const again = restart({}, () => ({ kind: 'refused', message: 'its key was revoked' }));
  const outcome = await again.restore();
  assert.ok(outcome.kind === 'failed');
  assert.match(outcome.failure.message, /its key was revoked/);
  assert.equal(holder.current()?.policy.revision, 'none');
});

for (const [demand, unmet] of [
  [{ requires: ['quarantine'] }, /requires `quarantine`, which this version does not have/],
  [{ minVersion: '1.0.1' }, /is for reeve 1\.0\.1 or newer, and this is 1\.0\.0/],
] as const) {
  test(`a stored bundle does not serve under an older program: ${JSON.stringify(demand)}`, async (t) => {
    const { activator, restart, holder } = await governanceStage(t);
    await activator.activate(bundle('one', { terms: { ...PLAIN_TERMS, ...demand } }));
    const again = restart({});
    const outcome = await again.restore();
    assert.ok(outcome.kind === 'failed');
    assert.match(outcome.failure.message, unmet);
    assert.deepEqual([again.org().kind, holder.current()?.policy.revision], ['damaged', 'none']);
  });
}

test('an activation is remembered with who made it and why; a mark that cannot be written holds it up', async (t) => {
  const events: AuditEvent[] = [];
  const { restart, directory, holder } = await governanceStage(t);
  const activator = restart({ events });
  await activator.restore();
  const change = { by: 'ann', reason: 'new tool', ticket: 'SEC-1' };
  await activator.activate(bundle('one', { terms: { ...PLAIN_TERMS, change } }));
  assert.deepEqual(events, [
    { event: 'first_start' },
    { event: 'activated', org: 'acme', source: 'governance', from: null, to: 'one', ...change },
  ]);
  mkdirSync(join(directory, 'mark.new'));
  const failed = await activator.activate(bundle('two'));
  assert.ok(failed.kind === 'failed');
  assert.deepEqual([failed.failure.stage, failed.failure.code], ['activate', 'mark_unwritable']);
  assert.equal(holder.current()?.policy.revision, 'one');
});

test('a reset gives everything up at once, and the next bundle may be of anybody', async (t) => {
  const { activator, store, holder, restart } = await governanceStage(t);
  await activator.activate(bundle('one'));
  let beside = 0;
  assert.equal((await activator.reset(() => (beside += 1))).kind, 'activated');
  assert.deepEqual([activator.org().kind, store.enrolledOrg(), beside], ['none', null, 1]);
  assert.equal(holder.current()?.policy.revision, 'none');
  const events: AuditEvent[] = [];
  await restart({ events }).restore();
  assert.deepEqual(events, [{ event: 'first_start' }]);
  assert.equal((await activator.activate(bundle('two', { org: 'other' }))).kind, 'activated');
});

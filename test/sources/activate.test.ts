import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../src/policy/compile.ts';
import type { FetchedBundle } from '../../src/sources/activate.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { governanceStage, networkPolicy, temporaryDirectory } from '../support/governance-stage.ts';

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

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Publication } from '../../src/publisher/publish.ts';
import { publish } from '../../src/publisher/publish.ts';
import { TufError } from '../../src/tuf/tuf-error.ts';
import { atEachStep } from './interruption.ts';
import {
  asDaemon,
  bundleChange,
  NOW,
  newKey,
  newSite,
  publishingKeys,
  readerOf,
  rootDocument,
  type Site,
  signedRoot,
} from './organisation.ts';

/** The revisions that a daemon finds on the way, one that sees the repository for the first time and one that followed. */
async function onTheWay(t: TestContext, site: Site, publication: Partial<Publication>): Promise<unknown[][]> {
  const held = await asDaemon(site);
  const seen: unknown[][] = [];
  await atEachStep(
    t,
    site.repository,
    () => site.publish(publication),
    async (copy) => {
      const there = { read: readerOf(copy), root: site.root };
      const found = [await asDaemon(there), await asDaemon(there, { held })];
      seen.push(found.map(({ targets }) => targets[0]?.target.custom['revision']));
    },
  );
  return seen;
}

test('a publication that breaks off after any file harms nobody: the old bundle or the new one, whole', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const seen = await onTheWay(t, site, { change: bundleChange({ revision: 2 }) });
  assert.deepEqual(seen, [
    ['1', '1'],
    ['1', '1'],
    ['1', '1'],
    ['1', '1'],
    ['2', '2'],
  ]);
});

test('the next run completes what broke off, and uses no file name twice', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const keys = publishingKeys(site.keys);
  await atEachStep(
    t,
    site.repository,
    () => site.publish({ change: bundleChange({ revision: 2 }) }),
    async (copy, done) => {
      if (done.length === 0) return;
      const before = new Map(done.map((path) => [path, readerOf(copy)(path)]));
      const report = await publish({ repository: copy, keys, now: NOW, change: bundleChange({ revision: 3 }) });
      assert.equal(report.bundles[0]?.revision, '3');
      for (const path of done.filter((name) => !name.endsWith('timestamp.json'))) {
        assert.deepEqual(readerOf(copy)(path), before.get(path), `${path} was written anew`);
      }
      const { targets } = await asDaemon({ read: readerOf(copy), root: site.root });
      assert.equal(targets[0]?.target.custom['revision'], '3');
    },
  );
});

test('online keys change without a failing poll where the old ones sign along', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const { keys } = site;
  const next = { ...keys, timestamp: [newKey()], snapshot: [newKey()], targets: [newKey()] };
  const root = signedRoot(rootDocument(next, { version: 2 }), keys.root.slice(1));
  const seen = await onTheWay(t, site, { root, keys: [...publishingKeys(keys), ...publishingKeys(next)] });
  assert.deepEqual(new Set(seen.flat()), new Set(['1']));
  assert.equal(seen.length, 5);
  // the old keys are not needed any more
  const report = await site.publish({ keys: publishingKeys(next), change: bundleChange({ revision: 2 }) });
  assert.deepEqual([report.root, report.bundles[0]?.revision], [2, '2']);
  await assert.rejects(site.publish({ keys: publishingKeys(keys) }), { code: 'missing_keys' });
});

test('without the old keys the root goes first, and polls heal with the last file', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const { keys } = site;
  const next = { ...keys, timestamp: [newKey()] };
  const revoked = keys.timestamp.map(({ id }) => id);
  const root = signedRoot(rootDocument(next, { version: 2, revoked }), keys.root.slice(1));
  const outcomes: unknown[] = [];
  await atEachStep(
    t,
    site.repository,
    () => site.publish({ root, keys: publishingKeys(next) }),
    async (copy, done) => {
      const look = asDaemon({ read: readerOf(copy), root: site.root });
      outcomes.push(
        await look.then(
          () => 'ok',
          (error: unknown) => `${done.at(-1)}: ${error instanceof TufError ? error.code : String(error)}`,
        ),
      );
    },
  );
  assert.deepEqual(outcomes, ['ok', 'ok', 'metadata/2.root.json: bad_signature', 'ok']);
});

test('a root that changes nothing for what is published needs no online key, also when its own keys change', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const { keys } = site;
  const next = { ...keys, root: [...keys.root.slice(0, 2), newKey()] };
  const root = signedRoot(rootDocument(next, { version: 2 }), keys.root.slice(0, 2));
  const report = await site.publish({ root, keys: [] });
  assert.deepEqual([report.root, report.written], [2, ['metadata/2.root.json']]);
  assert.equal((await asDaemon(site)).root.file.version, 2);
  await assert.rejects(site.publish({ root: site.root, keys: [] }), { code: 'root_refused' });
});

test('a root that has ended, skips a version or lacks the old keys’ signatures is not published', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const { keys } = site;
  const cases = [
    [signedRoot(rootDocument(keys, { version: 2, expires: NOW - 1_000 }), keys.root), 'expired'],
    [signedRoot(rootDocument(keys, { version: 3 }), keys.root), 'root_refused'],
    [signedRoot(rootDocument(keys, { version: 2 }), keys.root.slice(0, 1)), 'root_refused'],
    [signedRoot(rootDocument({ ...keys, root: [newKey(), newKey()] }, { version: 2 }), [newKey()]), 'root_refused'],
  ] as const;
  for (const [root, code] of cases) await assert.rejects(site.publish({ root }), { code });
  assert.equal(site.read('metadata/2.root.json'), null);
});

test('a stolen targets key that signed the highest revision is healed by a revocation', async (t) => {
  const site = newSite(t);
  const highest = Number.MAX_SAFE_INTEGER;
  await site.publish({ root: site.root, change: bundleChange({ revision: highest }) });
  const { keys } = site;
  await assert.rejects(site.publish({ change: bundleChange({ revision: 7 }) }), { code: 'not_newer' });
  const next = { ...keys, targets: [newKey()] };
  const revoked = keys.targets.map(({ id }) => id);
  const root = signedRoot(rootDocument(next, { version: 2, revoked }), keys.root.slice(1));
  await site.publish({ root, keys: publishingKeys(next), change: bundleChange({ revision: 7 }) });
  const { root: trusted, targets } = await asDaemon(site);
  assert.deepEqual([trusted.epoch, targets[0]?.target.custom['revision']], [2, '7']);
});

test('what lies half-written beside it is not looked at', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  for (const path of ['metadata/.writing-2.targets.json.00', 'metadata/2.targets.json', 'metadata/7.timestamp.json']) {
    mkdirSync(dirname(join(site.repository, path)), { recursive: true });
    writeFileSync(join(site.repository, path), '{"signed":');
  }
  const report = await site.publish({ change: bundleChange({ revision: 2 }) });
  assert.ok(report.written.includes('metadata/3.targets.json'));
  assert.equal((await asDaemon(site)).targets[0]?.target.custom['revision'], '2');
});

import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newSigners, type RoleKeys, TufRepository } from '../../support/tuf-repository.ts';
import { NOW, type TufStage, tufStage } from '../../support/tuf-stage.ts';

const DAY = 86_400_000;

const keys = (): RoleKeys => ({ signers: newSigners(1), threshold: 1 });

async function served(t: Parameters<typeof tufStage>[0]): Promise<TufStage> {
  const stage = await tufStage(t);
  assert.equal(await stage.polled(), 'activated');
  return stage;
}

const warnings = (stage: TufStage): string[] => stage.source.status().warnings.map((warning) => warning.code);

/** No way to the repository any more. */
function cutOff(stage: TufStage): void {
  stage.intercept = (_path, _request, response) => {
    response.destroy();
    return true;
  };
}

test('after a restart the stored bundle serves before anything is asked, however long ago everything expired', async (t) => {
  const stage = await served(t);
  stage.clock.jump(1_000 * DAY);
  const restarted = await stage.restarted();
  assert.equal(restarted.serving(), 'r1.example');
  assert.deepEqual(restarted.asked(), []);
  assert.deepEqual(warnings(restarted), []);
});

test('what is not what was signed does not serve, and a poll heals it', async (t) => {
  const edits: Record<string, string> = {
    'the target': "UPDATE tuf_active SET target = x'1f8b08'",
    'the path': "UPDATE tuf_active SET path = 'other.json.gz'",
    'the recorded root': 'UPDATE tuf_active SET root_version = 2',
    'the snapshot': "UPDATE tuf_active_file SET content = x'7b7d' WHERE role = 'snapshot'",
    'the targets': "DELETE FROM tuf_active_file WHERE role = 'targets'",
    everything: 'DELETE FROM tuf_active',
  };
  for (const [note, sql] of Object.entries(edits)) {
    const stage = await served(t);
    stage.database.exec(sql);
    const restarted = await stage.restarted();
    assert.equal(restarted.serving(), 'damaged', note);
    assert.equal(await restarted.polled(), 'activated', note);
    assert.equal(restarted.serving(), 'r1.example', note);
    assert.equal((await restarted.restarted()).serving(), 'r1.example', note);
  }
});

test('a bundle that was made of another target, or in a later epoch than its root knows, does not serve', async (t) => {
  const origins = [{ digest: `sha256:${'0'.repeat(64)}`, epoch: 1, rootVersion: 1 }, null];
  const stage = await served(t);
  const { verifyStoredBundle } = await import('../../../src/sources/tuf/verify-stored.ts');
  const options = { store: stage.tufStore, pinnedRoot: stage.repository.pinnedRoot, target: 'bundle.json.gz' };
  const active = stage.store.active();
  assert.ok(active.kind === 'active' && active.header.origin !== null);
  const { origin } = active.header;
  assert.equal(verifyStoredBundle(options, { source: 'tuf', origin }).kind, 'verified');
  for (const wrong of [...origins, { ...origin, epoch: 2 }]) {
    assert.equal(verifyStoredBundle(options, { source: 'tuf', origin: wrong }).kind, 'refused', JSON.stringify(wrong));
  }
  // what another kind of source has brought is not ours to judge
  assert.equal(verifyStoredBundle(options, { source: 'governance', origin: null }).kind, 'verified');
});

test('another pinned root vouches for nothing that is stored', async (t) => {
  const stage = await served(t);
  const other = TufRepository.published(NOW);
  const restarted = await stage.restarted({ pinnedRoot: other.pinnedRoot });
  assert.equal(restarted.serving(), 'damaged');
});

test('power was lost between the root and the rest: the bundle serves on, and that is said', async (t) => {
  const stage = await served(t);
  stage.repository.rotate({ timestamp: keys(), snapshot: keys(), targets: keys() });
  stage.intercept = (path, _request, response) => {
    if (path.includes('root')) return false;
    response.destroy();
    return true;
  };
  assert.equal(await stage.polled(), 'network @timestamp');
  const restarted = await stage.restarted();
  assert.equal(restarted.serving(), 'r1.example');
  assert.deepEqual(warnings(restarted), ['superseded_keys']);
  restarted.repository.publishBundle();
  assert.equal(await restarted.polled(), 'activated');
  assert.deepEqual(warnings(restarted), []);
});

test('a revoked key stops serving at once, also where whoever stole it keeps back everything but the root', async (t) => {
  const stage = await served(t);
  const { repository } = stage;
  const [stolen] = repository.keys.targets.signers;
  assert.ok(stolen !== undefined);
  repository.revoked = [stolen.id];
  repository.rotate({ targets: keys() });
  stage.intercept = (path, _request, response) => {
    if (path.includes('root')) return false;
    response.destroy();
    return true;
  };
  assert.equal(await stage.polled(), 'bad_signature @targets');
  assert.equal(stage.serving(), 'damaged');
  const restarted = await stage.restarted();
  assert.equal(restarted.serving(), 'damaged');
  cutOff(restarted);
  assert.equal(await restarted.polled(), 'network @root');
  assert.equal(restarted.serving(), 'damaged');
  restarted.intercept = () => false;
  // the same bundle, signed by somebody who may
  repository.publish();
  assert.equal(await restarted.polled(), 'activated');
  assert.equal(restarted.serving(), 'r1.example');
  assert.equal((await restarted.restarted()).serving(), 'r1.example');
});

test('an older copy of the database forgets no revocation, with the same bundle in it neither', async (t) => {
  const stage = await served(t);
  const { repository, directory, database } = stage;
  const path = join(directory, 'policy.db');
  database.pragma('wal_checkpoint(TRUNCATE)');
  const older = readFileSync(path);
  repository.revoked = repository.keys.targets.signers.map((signer) => signer.id);
  repository.rotate({ targets: keys() });
  assert.equal(await stage.polled(), 'bad_signature @targets');
  await stage.source.close();
  database.close();
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  writeFileSync(path, older);
  const restarted = await stage.restarted();
  assert.equal(restarted.serving(), 'damaged');
  repository.publish();
  assert.equal(await restarted.polled(), 'activated');
});

test('a revocation that comes with the next publication is no gap', async (t) => {
  const stage = await served(t);
  const { repository } = stage;
  repository.revoked = repository.keys.targets.signers.map((signer) => signer.id);
  repository.rotate({ targets: keys() });
  repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  assert.equal(stage.serving(), 'r2.example');
});

test('a bundle under a revoked key that is refused for what is in its successor stops as well', async (t) => {
  const stage = await served(t);
  const { repository } = stage;
  repository.revoked = repository.keys.targets.signers.map((signer) => signer.id);
  repository.rotate({ targets: keys() });
  repository.publishBundle({ schema: 'nonsense' });
  assert.equal(await stage.polled(), 'bad_signature @targets');
  assert.equal(stage.serving(), 'damaged');
});

test('another target path is another bundle: what is stored for the old one does not serve', async (t) => {
  const stage = await served(t);
  const restarted = await stage.restarted({ config: { target: 'team-a/bundle.json.gz' } });
  assert.equal(restarted.serving(), 'damaged');
  const org = restarted.activator.org();
  assert.ok(org.kind === 'damaged');
  assert.match(
    org.message,
    /target: is `bundle\.json\.gz` and not the one .*: put `source\.target` back, or .*`reeve reset`$/,
  );
});

test('a newer pinned root verifies what is stored, and begins no epoch', async (t) => {
  const stage = await served(t);
  stage.repository.publishRoot();
  stage.repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  const pinned = stage.repository.file('metadata/2.root.json');
  const restarted = await stage.restarted({ pinnedRoot: pinned });
  assert.equal(restarted.serving(), 'r2.example');
  restarted.repository.publishBundle();
  assert.equal(await restarted.polled(), 'activated');
  const active = restarted.store.active();
  assert.ok(active.kind === 'active');
  assert.deepEqual([active.header.origin?.epoch, active.header.origin?.rootVersion], [1, 2]);
});

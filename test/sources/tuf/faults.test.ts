import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSigners, type RoleKeys, TufRepository } from '../../support/tuf-repository.ts';
import { NOW, type TufStage, tufStage } from '../../support/tuf-stage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const keys = (count = 1, threshold = 1): RoleKeys => ({ signers: newSigners(count), threshold });

function pass(stage: TufStage, ms: number): void {
  stage.clock.jump(ms);
  stage.repository.now = stage.clock.now();
}

async function serving(t: Parameters<typeof tufStage>[0]): Promise<TufStage> {
  const stage = await tufStage(t);
  assert.equal(await stage.polled(), 'activated');
  return stage;
}

test('a publication that breaks off after any of its files harms neither old nor new machines', async (t) => {
  const repository = TufRepository.published(NOW);
  const before = repository.snapshotOfFiles();
  repository.now += HOUR;
  repository.publishBundle();
  const target = [...repository.files.keys()].find((path) => path.startsWith('targets/') && !before.has(path)) ?? '';
  const written = [target, 'metadata/2.targets.json', 'metadata/2.snapshot.json', 'metadata/timestamp.json'];
  for (let count = 0; count <= written.length; count += 1) {
    const files = new Map(before);
    for (const path of written.slice(0, count)) files.set(path, repository.file(path));
    const complete = count === written.length;
    const fresh = await tufStage(t, { repository });
    fresh.clock.jump(HOUR);
    fresh.files = files;
    assert.equal(await fresh.polled(), 'activated', `${count} files`);
    assert.equal(fresh.serving(), complete ? 'r2.example' : 'r1.example');
    const old = await tufStage(t, { repository });
    old.files = before;
    await old.polled();
    old.clock.jump(HOUR);
    old.files = files;
    assert.equal(await old.polled(), complete ? 'activated' : 'unchanged', `${count} files`);
  }
});

test('a publication in the wrong order is refused until it is complete', async (t) => {
  const stage = await serving(t);
  const before = stage.repository.snapshotOfFiles();
  stage.repository.publishBundle();
  const timestamp = stage.repository.file('metadata/timestamp.json');
  stage.files = new Map([...before, ['metadata/timestamp.json', timestamp]]);
  assert.equal(await stage.polled(), 'absent @snapshot');
  stage.files = stage.repository.files;
  assert.equal(await stage.polled(), 'activated');
});

test('`base_url` is blamed where nothing comes from it, and not where other files of the same run did', async (t) => {
  const stage = await serving(t);
  const said = async (): Promise<string> => {
    assert.match(await stage.polled(), /^absent @/);
    return stage.source.status().last_error?.message ?? '';
  };
  const before = stage.repository.snapshotOfFiles();
  pass(stage, HOUR);
  stage.repository.publishBundle();
  const complete = stage.repository.snapshotOfFiles();
  stage.files = new Map([...complete].filter(([path]) => before.has(path) || !path.startsWith('targets/')));
  assert.match(await said(), /^target: .* answered 404: the publication is incomplete, and whoever publishes has to/);
  stage.files = new Map([...before, ['metadata/timestamp.json', stage.repository.file('metadata/timestamp.json')]]);
  assert.doesNotMatch(await said(), /base_url/);
  stage.files = new Map();
  assert.match(await said(), /^timestamp: .* answered 404: see `source\.base_url`$/);
  stage.files = complete;
  assert.equal(await stage.polled(), 'activated');
});

test('online keys are rotated without a failing poll: both sign, then the root changes, then the new ones sign', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  const old = { timestamp: repository.keys.timestamp, snapshot: repository.keys.snapshot };
  const next = { timestamp: keys(), snapshot: keys() };
  const both = (role: 'timestamp' | 'snapshot'): { signers: RoleKeys['signers'] } => ({
    signers: [...old[role].signers, ...next[role].signers],
  });
  pass(stage, HOUR);
  repository.publish({ timestamp: both('timestamp'), snapshot: both('snapshot') });
  assert.equal(await stage.polled(), 'unchanged');
  repository.rotate(next);
  assert.equal(await stage.polled(), 'unchanged');
  pass(stage, HOUR);
  repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  assert.deepEqual(stage.source.status().warnings, []);
});

test('root first says bad_signature until the rest has followed, and heals', async (t) => {
  const stage = await serving(t);
  stage.repository.rotate({ timestamp: keys(), snapshot: keys(), targets: keys() });
  assert.equal(await stage.polled(), 'bad_signature @timestamp');
  assert.deepEqual(
    stage.source.status().warnings.map((warning) => warning.code),
    ['superseded_keys'],
  );
  stage.repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  assert.deepEqual(stage.source.status().warnings, []);
});

test('the same bundle under new keys is no new bundle, and is verified with the new ones from then on', async (t) => {
  const stage = await serving(t);
  stage.repository.rotate({ timestamp: keys(), snapshot: keys(), targets: keys() });
  stage.repository.publish();
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(stage.tufStore.activeRootVersion(), 2);
  const restarted = await stage.restarted();
  assert.equal(restarted.serving(), 'r1.example');
  assert.deepEqual(restarted.source.status().warnings, []);
});

test('a machine that slept for five weeks over two rotations is up to date with one poll', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  pass(stage, 14 * DAY);
  repository.rotate({ timestamp: keys(), snapshot: keys() });
  repository.publishBundle();
  pass(stage, 21 * DAY);
  repository.rotate({ root: keys(3, 2), targets: keys() });
  repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  assert.equal(stage.serving(), 'r3.example');
  assert.deepEqual(stage.asked().slice(5, 9), ['2.root.json', '3.root.json', '4.root.json 404', 'timestamp.json']);
});

test('at most sixty-four roots are taken in one poll, and the next one goes on', async (t) => {
  const stage = await serving(t);
  for (let index = 0; index < 70; index += 1) stage.repository.publishRoot();
  stage.repository.rotate({ timestamp: keys() });
  stage.repository.publishBundle();
  // by root 65 the timestamp is not signed yet
  assert.equal(await stage.polled(), 'bad_signature @timestamp');
  assert.equal(stage.source.status().details['root_version'], 65);
  assert.equal(await stage.polled(), 'activated');
  assert.equal(stage.source.status().details['root_version'], 72);
});

test('a root is kept although everything behind it fails', async (t) => {
  const stage = await serving(t);
  stage.repository.rotate({ timestamp: keys(), snapshot: keys(), targets: keys() });
  stage.intercept = (path, _request, response) => {
    if (path.includes('root')) return false;
    response.writeHead(500).end();
    return true;
  };
  assert.equal(await stage.polled(), 'http_status @timestamp');
  // whoever holds back the root from now on gains nothing: the old keys count for nothing
  stage.repository.files.delete('metadata/2.root.json');
  stage.intercept = () => false;
  stage.files = TufRepository.published(NOW).files;
  assert.equal(await stage.polled(), 'bad_signature @timestamp');
});

test('torn, planted and lost rows are noticed, fetched again and said', async (t) => {
  const stage = await tufStage(t);
  stage.repository.publishRoot();
  stage.repository.publishRoot();
  await stage.polled();
  const hostile = TufRepository.published(NOW);
  hostile.publishRoot();
  const planted = [hostile.file('metadata/2.root.json'), stage.repository.pinnedRoot, Buffer.from('{"torn')];
  for (const bytes of planted) {
    stage.tufStore.putRoot(2, bytes);
    assert.equal(await stage.polled(), 'unchanged');
    assert.deepEqual(stage.tufStore.root(2), stage.repository.file('metadata/2.root.json'));
  }
  assert.deepEqual(
    stage.source.status().warnings.map((warning) => warning.code),
    ['damaged_metadata'],
  );
  for (const role of ['timestamp', 'snapshot', 'targets']) {
    for (const row of [Buffer.from('{'), hostile.file(`metadata/${role === 'timestamp' ? '' : '1.'}${role}.json`)]) {
      stage.database.prepare('UPDATE tuf_held SET content = ? WHERE role = ?').run(row, role);
      assert.equal(await stage.polled(), 'unchanged', role);
    }
    stage.database.prepare('DELETE FROM tuf_held WHERE role = ?').run(role);
    assert.equal(await stage.polled(), 'unchanged', role);
  }
  stage.database.exec('DELETE FROM tuf_held; DELETE FROM tuf_root');
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(stage.serving(), 'r1.example');
});

test('what the active bundle was verified with is stored again where it was lost', async (t) => {
  const stage = await serving(t);
  stage.database.exec('DELETE FROM tuf_active; DELETE FROM tuf_active_file');
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal((await stage.restarted()).serving(), 'r1.example');
});

test('a clock that was set back makes nothing old acceptable, and is told apart from an attack', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  pass(stage, 20 * DAY);
  repository.publish();
  assert.equal(await stage.polled(), 'unchanged');
  const wrong = await stage.restarted();
  wrong.clock.jump(-20 * DAY);
  // expired long ago, by the time that was verified before
  repository.publishTimestamp({
    signed: (content) => Object.assign(content, { expires: '2026-06-15T12:00:00Z', issued_at: '2026-06-21T12:00:00Z' }),
  });
  assert.equal(await wrong.polled(), 'not_yet_valid @timestamp');
  wrong.clock.jump(20 * DAY - 60_000);
  assert.equal(await wrong.polled(), 'expired @timestamp');
  repository.publishTimestamp();
  assert.equal(await wrong.polled(), 'unchanged');
});

test('what was signed last is the time for all that it vouches for, also where a clock is set back', async (t) => {
  const repository = TufRepository.published(NOW);
  repository.publish({ snapshot: { signed: (content) => (content['expires'] = '2026-06-11T12:00:00Z') } });
  const stage = await tufStage(t, { repository });
  await stage.polled();
  pass(stage, 20 * DAY);
  repository.publishTimestamp();
  assert.equal(await stage.polled(), 'expired @snapshot');
  const wrong = await stage.restarted();
  wrong.clock.jump(-15 * DAY);
  assert.equal(await wrong.polled(), 'expired @snapshot');
});

test('a thief of the timestamp key cannot move the time ahead step by step', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  for (const minutes of [4, 5, 6, 9]) {
    repository.now = NOW + minutes * 60_000;
    repository.publishTimestamp();
    assert.equal(await stage.polled(), minutes <= 5 ? 'unchanged' : 'not_yet_valid @timestamp', `${minutes}`);
  }
  pass(stage, HOUR);
  repository.publishTimestamp();
  assert.equal(await stage.polled(), 'unchanged');
});

test('a clock that ran ahead for a while stops advancing until something newer is signed, and no longer', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  stage.clock.jump(400 * DAY);
  assert.equal(await stage.polled(), 'expired @root');
  stage.store.keepLatestTime(stage.clock.now());
  stage.clock.jump(-400 * DAY);
  const restarted = await stage.restarted();
  // by the latest time that was seen all of it has expired
  assert.equal(await restarted.polled(), 'expired @root');
  assert.equal(restarted.serving(), 'r1.example');
  pass(restarted, HOUR);
  repository.publishTimestamp();
  assert.equal(await restarted.polled(), 'unchanged');
});

test('a repository that keeps roots back, or what was said last, is below the mark', async (t) => {
  const stage = await tufStage(t);
  const { repository } = stage;
  const before = repository.snapshotOfFiles();
  repository.publishRoot();
  pass(stage, HOUR);
  repository.publishBundle();
  await stage.polled();
  // the database is lost, the mark is not
  stage.database.exec('DELETE FROM tuf_held; DELETE FROM tuf_root; DELETE FROM last_sync');
  stage.files = before;
  assert.equal(await stage.polled(), 'rollback @root');
  stage.files = new Map([...before, ['metadata/2.root.json', repository.file('metadata/2.root.json')]]);
  assert.equal(await stage.polled(), 'rollback @timestamp');
  stage.files = repository.files;
  assert.equal(await stage.polled(), 'unchanged');
});

test('what a refused publication said about the time counts as well', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  pass(stage, 2 * HOUR);
  repository.publishBundle({ schema: 'nonsense' });
  assert.equal(await stage.polled(), 'verify invalid_bundle');
  repository.now -= HOUR;
  repository.publishBundle();
  assert.equal(await stage.polled(), 'rollback @timestamp');
});

test('a stolen targets key that signed the highest revision is healed by a new one', async (t) => {
  const stage = await serving(t);
  const { repository } = stage;
  repository.revision = Number.MAX_SAFE_INTEGER - 1;
  repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  repository.revision = 1;
  repository.publishBundle();
  assert.equal(await stage.polled(), 'verify rollback');
  repository.rotate({ targets: keys() });
  repository.revision = 1;
  repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
  assert.equal(stage.serving(), 'r2.example');
});

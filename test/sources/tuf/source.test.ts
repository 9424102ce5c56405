import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTufSource } from '../../../src/sources/tuf/source.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { BUNDLE, bundleDocument, ORG, packed, sha256, TufRepository } from '../../support/tuf-repository.ts';
import { NOW, type TufStage, tufStage } from '../../support/tuf-stage.ts';

const HOUR = 3_600_000;

/** Time passes for the machine and for the publisher. */
function pass(stage: TufStage, ms: number): void {
  stage.clock.jump(ms);
  stage.repository.now = stage.clock.now();
}

/** The next poll of the clock's, not of a person's. */
async function timerPoll(stage: TufStage): Promise<string[]> {
  stage.asked();
  const next = Date.parse(stage.source.status().next_attempt ?? '');
  await stage.clock.advanceSlowly(next - stage.clock.now(), stage.settled);
  return stage.asked();
}

function target(stage: TufStage, path = BUNDLE): string {
  const bytes = stage.repository.targets.get(path) ?? Buffer.alloc(0);
  return `targets/${sha256(bytes)}.${path}`;
}

function state(stage: TufStage): string {
  const { state: now, last_error: error } = stage.source.status();
  return error === null ? now : `${now} ${error.stage} ${error.code}`;
}

test('a first poll fetches everything, an unchanged one asks two short questions, a change five', async (t) => {
  const stage = await tufStage(t);
  const outcome = await stage.sync();
  assert.ok(outcome.kind === 'ok' && outcome.result === 'activated');
  assert.deepEqual([outcome.revision, outcome.generation, stage.serving()], ['1', 1, 'r1.example']);
  const all = ['2.root.json 404', 'timestamp.json', '1.snapshot.json', '1.targets.json', target(stage)];
  assert.deepEqual(stage.asked(), all);
  stage.source.start();
  assert.deepEqual(await timerPoll(stage), ['2.root.json 404', 'timestamp.json 304']);
  stage.repository.publishBundle();
  const changed = ['2.root.json 404', 'timestamp.json', '2.snapshot.json', '2.targets.json', target(stage)];
  assert.deepEqual(await timerPoll(stage), changed);
  assert.equal(stage.serving(), 'r2.example');
  assert.equal(state(stage), 'ok');
});

test('an unchanged poll says what serves, and is no new generation', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  const outcome = await stage.sync();
  assert.ok(outcome.kind === 'ok' && outcome.result === 'unchanged');
  assert.deepEqual([outcome.revision, outcome.generation], ['1', 1]);
});

test("a team's bundle comes by its delegation, one file more", async (t) => {
  const repository = new TufRepository(NOW);
  repository.publishRoot();
  const team = repository.addTeam('team-a');
  repository.setTarget('team-a/bundle.json.gz', packed(bundleDocument(1, NOW)), team);
  repository.publish();
  const stage = await tufStage(t, { repository, config: { target: 'team-a/bundle.json.gz' } });
  assert.equal(await stage.polled(), 'activated');
  assert.deepEqual(stage.asked().slice(0, 5), [
    ...['2.root.json 404', 'timestamp.json', '1.snapshot.json', '1.targets.json'],
    '1.team-a.json',
  ]);
  assert.equal((await stage.restarted()).serving(), 'r1.example');
});

test('what was signed makes a policy younger, and nothing else does', async (t) => {
  const stage = await tufStage(t);
  const confirmed = (): number => ((stage.store.lastSync()?.confirmedAt ?? 0) - NOW) / HOUR;
  await stage.polled();
  assert.equal(confirmed(), 0);
  pass(stage, 2 * HOUR);
  // the same timestamp again, with 200 and with 304
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(confirmed(), 0);
  // the same version with another time in it
  stage.repository.versions.timestamp = 0;
  stage.repository.publishTimestamp();
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(confirmed(), 0);
  stage.repository.publishTimestamp();
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(confirmed(), 2);
  assert.deepEqual(stage.store.lastSync()?.verifiedTime, NOW + 2 * HOUR);
  assert.equal(stage.source.status().last_success, new Date(NOW + 2 * HOUR).toISOString());
});

test('a bundle that is refused confirms nothing, although its timestamp is verified', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  pass(stage, HOUR);
  stage.repository.publishBundle(bundleDocument(2, stage.repository.now, { org: 'another' }));
  assert.equal(await stage.polled(), 'verify other_org');
  assert.equal(stage.store.lastSync()?.confirmedAt, NOW);
});

test('what is refused for what is in it is downloaded once, and judged each time', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  const expires = { expires_at: '2026-06-01T18:00:00Z' };
  const tests = [{ request: { action: 'connect:tcp', host: 'r2.example', port: 443 }, expect: 'deny' }];
  const refused = {
    other_org: { org: 'another' },
    unknown_feature: { requires: ['telepathy'] },
    version_too_low: { min_version: '99.0.0' },
    unknown_member: { surprise: true },
    failing_test: { tests },
  };
  for (const [code, members] of Object.entries(refused)) {
    stage.repository.publishBundle(bundleDocument(2, stage.repository.now, members));
    stage.asked();
    assert.equal(await stage.polled(), `verify ${code}`);
    assert.equal(await stage.polled(), `verify ${code}`);
    assert.equal(stage.asked().filter((path) => path.startsWith('targets/')).length, 1, code);
    assert.equal(stage.serving(), 'r1.example');
  }
  pass(stage, 7 * HOUR);
  stage.repository.publishBundle(bundleDocument(2, NOW, expires));
  assert.equal(await stage.polled(), 'verify expired_bundle');
});

test('what the publisher lists about a bundle has to be in it', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  const publish = (custom: Record<string, string | number>): void => {
    stage.repository.publishBundle(bundleDocument(2, NOW), {
      targets: {
        signed: (content) => Object.assign((content['targets'] as Record<string, object>)[BUNDLE] ?? {}, { custom }),
      },
    });
  };
  const uncompressed = JSON.stringify(bundleDocument(2, NOW)).length;
  for (const wrong of [{ org: 'another' }, { revision: '3' }, { revision: 2 }, { uncompressed: uncompressed + 1 }]) {
    publish(wrong);
    assert.equal(await stage.polled(), 'target_mismatch @target', JSON.stringify(wrong));
  }
  publish({ org: 'acme', revision: '2', uncompressed, schema: 'reeve.bundle/1', whatever: 'else' });
  assert.equal(await stage.polled(), 'activated');
});

test('a target that failed after good metadata is fetched with the next poll, whatever the timestamp says', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  stage.source.start();
  stage.repository.publishBundle();
  stage.intercept = (path, _request, response) => {
    if (!path.startsWith('targets/')) return false;
    response.writeHead(503, { 'retry-after': '600' }).end();
    return true;
  };
  await timerPoll(stage);
  assert.equal(state(stage), 'failing fetch http_status');
  assert.match(stage.source.status().last_error?.message ?? '', /^target: GET .* answered 503$/);
  // until then the server is left alone
  const next = Date.parse(stage.source.status().next_attempt ?? '');
  assert.ok(next - stage.clock.now() > 500_000, String(next - stage.clock.now()));
  stage.intercept = () => false;
  assert.deepEqual(await timerPoll(stage), ['2.root.json 404', 'timestamp.json 304', target(stage)]);
  assert.equal(stage.serving(), 'r2.example');
});

test('once an hour, and whenever a person asks, the server does not get to say that nothing has changed', async (t) => {
  const stage = await tufStage(t);
  // a web server whose ETag is made of seconds and length: two timestamps share one (tuf, trap 2)
  stage.etag = (path, bytes) => (path.includes('timestamp') ? `"${bytes.length}"` : null);
  await stage.polled();
  stage.source.start();
  stage.repository.publishBundle();
  assert.deepEqual(await timerPoll(stage), ['2.root.json 404', 'timestamp.json 304']);
  assert.equal(stage.serving(), 'r1.example');
  await stage.clock.advanceSlowly(HOUR, stage.settled);
  assert.equal(stage.serving(), 'r2.example');
  stage.repository.publishBundle();
  assert.equal(await stage.polled(), 'activated');
});

test('a validator is kept only with the bytes it came with, once they are verified', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  stage.source.start();
  const good = stage.tufStore.held('timestamp');
  stage.repository.publishTimestamp({ signers: [] });
  await timerPoll(stage);
  assert.equal(state(stage), 'failing verify bad_signature');
  assert.deepEqual(stage.tufStore.held('timestamp'), good);
  // the same bytes under another validator, as after moving to another server
  stage.files = new Map([...stage.files, ['metadata/timestamp.json', Buffer.from(good?.content ?? [])]]);
  stage.etag = () => '"moved"';
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(stage.tufStore.held('timestamp')?.etag, '"moved"');
  await timerPoll(stage);
  assert.deepEqual(await timerPoll(stage), ['2.root.json 404', 'timestamp.json 304']);
});

test('the validator of bytes that are not what they were is not sent', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  stage.source.start();
  stage.database.prepare('UPDATE tuf_held SET content = ? WHERE role = ?').run(Buffer.from('{"torn'), 'timestamp');
  assert.deepEqual(await timerPoll(stage), ['2.root.json 404', 'timestamp.json']);
  assert.equal(state(stage), 'ok');
});

test('ten who ask at once are one poll', async (t) => {
  const stage = await tufStage(t);
  const verdicts = await Promise.all(Array.from({ length: 10 }, () => stage.polled()));
  assert.deepEqual(new Set(verdicts), new Set(['activated']));
  assert.equal(stage.asked().length, 5);
});

test('one connection carries poll after poll, and a machine that slept opens another', async (t) => {
  const stage = await tufStage(t);
  const ports = new Set<number | undefined>();
  stage.intercept = (_path, _request, response) => {
    ports.add(response.socket?.remotePort);
    // longer than Node keeps its side
    response.setHeader('keep-alive', 'timeout=600');
    return false;
  };
  for (let poll = 0; poll < 3; poll += 1) await stage.polled();
  assert.equal(ports.size, 1);
  stage.clock.jump(8 * HOUR);
  await stage.polled();
  assert.equal(ports.size, 2);
});

test('the status says what helps a person: root, timestamp, expiries, target', async (t) => {
  const stage = await tufStage(t);
  const nothing = { root_version: null, root_expires: null, timestamp_version: null, timestamp_issued: null };
  const details = { ...nothing, timestamp_expires: null, target: BUNDLE };
  assert.deepEqual(stage.source.status().details, details);
  await stage.polled();
  const known = {
    root_version: 1,
    root_expires: '2027-06-01T12:00:00Z',
    timestamp_version: 1,
    timestamp_issued: '2026-06-01T12:00:00Z',
    timestamp_expires: '2026-06-08T12:00:00Z',
    target: BUNDLE,
  };
  assert.deepEqual(stage.source.status().details, known);
  const { type, state: now, last_error, warnings, pending_absences } = stage.source.status();
  assert.deepEqual([type, now, last_error, warnings, pending_absences], ['tuf', 'ok', null, [], []]);
  const restarted = await stage.restarted();
  assert.deepEqual(restarted.source.status().details, { ...known, timestamp_version: null });
});

test('a database that breaks is named as such, and the status goes on', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  stage.database.close();
  assert.equal(await stage.polled(), 'store @root');
  assert.equal(state(stage), 'failing store store');
  assert.equal(stage.source.status().details['root_version'], 1);
  assert.equal(stage.serving(), 'r1.example');
});

test('a poll that a shutdown broke off is no failure', async (t) => {
  const stage = await tufStage(t);
  stage.intercept = () => true;
  const poll = stage.source.sync();
  await new Promise((resolve) => setTimeout(resolve, 30));
  await stage.source.close();
  const answer = await poll;
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'failed' && answer.outcome.failure.code === 'aborted');
  assert.equal(state(stage), 'closed');
});

test('a base URL that can never be asked is found before anything starts', async (t) => {
  const stage = await tufStage(t);
  const { store, tufStore } = stage;
  const options = {
    ...{ store, tufStore, clock: manualClock(), random: () => 0.5, hostId: 'host', version: '0.1.0' },
    bundleIntervalMs: () => null,
    floor: () => ({ rootVersion: null, issuedAt: null }),
    raise: () => undefined,
    serving: () => null,
    onPolicies: () => Promise.reject(new Error('never')),
    onRevoked: () => Promise.resolve(),
  };
  const config = { org: 'acme', target: BUNDLE, pinnedRoot: '' };
  assert.throws(() => createTufSource({ ...options, config: { ...config, baseUrl: 'http://policy.example' } }), {
    code: 'insecure_url',
  });
});

test('a time that another kind of source has vouched for holds up no older statement of this one', async (t) => {
  const stage = await tufStage(t, { repository: TufRepository.published(NOW - 1_800_000) });
  const sync = { completedAt: NOW, verifiedTime: NOW - 60_000, cache: [], absences: [] };
  const listing = {
    source: 'governance',
    org: ORG,
    revision: 'sha256:1',
    etag: null,
    fetchedAt: NOW,
    terms: null,
  } as const;
  await stage.activator.activate({ ...listing, policies: [], origin: null, sync });
  assert.equal(await stage.polled(), 'activated');
  assert.equal(stage.store.lastSync()?.verifiedTime, NOW - 60_000);
});

import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withLock } from '../../src/publisher/lock.ts';
import { nextRevision } from '../../src/publisher/published-document.ts';
import { openRepository } from '../../src/publisher/repository-directory.ts';
import { targetsSigned } from '../../src/publisher/targets-content.ts';
import { type JsonObject, metadataBytes } from '../../src/tuf/metadata-text.ts';
import { signatureOf } from '../../src/tuf/sign.ts';
import {
  asDaemon,
  bundleChange,
  bundleDocument,
  DAY,
  HOUR,
  NOW,
  newKey,
  newSite,
  onlineKeys,
  revisionFor,
  type Site,
} from './organisation.ts';

/** Every file that is served. */
function filesOf({ repository }: Site): readonly string[] {
  return ['metadata', 'targets'].flatMap((folder) => readdirSync(join(repository, folder))).sort();
}

async function published(t: Parameters<typeof newSite>[0], options = {}): Promise<Site> {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange(options) });
  return site;
}

test('a bundle is published, and a daemon with the pinned root finds it', async (t) => {
  const site = newSite(t);
  const report = await site.publish({ root: site.root, change: bundleChange() });
  assert.deepEqual([report.result, report.root, report.snapshot, report.timestamp], ['published', 1, 1, 1]);
  assert.equal(report.timestamp_expires, '2026-06-08T12:00:00Z');
  assert.deepEqual(
    report.written.map((path) => path.replace(/[0-9a-f]{64}/, 'SHA')),
    ['targets/SHA.bundle.json.gz', 'metadata/1.targets.json', 'metadata/1.snapshot.json', 'metadata/timestamp.json'],
  );
  const { targets, timestamp } = await asDaemon(site);
  assert.deepEqual(targets[0]?.document, bundleDocument());
  assert.deepEqual(targets[0].target.custom, {
    org: 'acme',
    revision: '1',
    schema: 'reeve.bundle/1',
    uncompressed: bundleDocument().length,
  });
  assert.equal(timestamp.issuedAt, NOW);
});

test('the metadata has the sizes that fit a poll', async (t) => {
  const { read } = await published(t);
  const sizes = ['1.root', 'timestamp', '1.snapshot', '1.targets'].map((name) => read(`metadata/${name}.json`)?.length);
  const most = [2_600, 550, 550, 750];
  assert.ok(
    sizes.every((size, index) => size !== undefined && size < (most[index] ?? 0)),
    `sizes ${sizes.join(', ')}`,
  );
});

test('nothing new is freshness only: another timestamp over the same snapshot', async (t) => {
  const site = await published(t);
  const report = await site.publish({ now: NOW + HOUR, keys: onlineKeys(site.keys) });
  assert.deepEqual([report.result, report.written], ['refreshed', ['metadata/timestamp.json']]);
  const { timestamp, snapshot } = await asDaemon(site, { now: NOW + HOUR });
  assert.deepEqual([timestamp.version, timestamp.issuedAt, snapshot.version], [2, NOW + HOUR, 1]);
});

test('two timestamps within a second have times a second apart: no web server takes one for the other', async (t) => {
  const site = await published(t);
  const time = (): number => statSync(join(site.repository, 'metadata/timestamp.json')).mtimeMs;
  const times = [time()];
  for (let round = 0; round < 3; round += 1) {
    await site.publish();
    times.push(time());
  }
  assert.deepEqual(times, [NOW, NOW + 1_000, NOW + 2_000, NOW + 3_000]);
});

test('a revision that is not higher is refused, and what was published stays', async (t) => {
  const site = await published(t, { revision: 5 });
  for (const revision of [5, 4]) {
    const change = bundleChange({ revision, hosts: ['other.example.com'] });
    await assert.rejects(site.publish({ change }), { code: 'not_newer' });
  }
  const again = await site.publish({ change: bundleChange({ revision: 5 }), keys: site.keys.targets });
  assert.deepEqual([again.result, again.written], ['unchanged', []]);
  assert.equal(await revisionFor(site), '5');
  await site.publish({ change: bundleChange({ revision: 6 }) });
  assert.equal(await revisionFor(site), '6');
});

test('a bundle that a daemon would refuse is not packed', () => {
  for (const [more, code] of [
    [{ requires: ['telepathy'] }, 'unknown_feature'],
    [{ min_version: '99.0.0' }, 'version_too_low'],
    [
      { tests: [{ request: { action: 'connect:tcp', host: 'x.example', port: 443 }, expect: 'allow' }] },
      'failing_test',
    ],
    [{ surprise: true }, 'bundle_refused'],
  ] as const) {
    assert.throws(() => bundleChange({ more }), { code }, JSON.stringify(more));
  }
  assert.throws(() => bundleChange({ issuedAt: NOW - 2 * DAY, expiresAt: NOW - DAY }), { code: 'expired_bundle' });
});

test('the first publication needs a root, and keys that it names', async (t) => {
  const site = newSite(t);
  await assert.rejects(site.publish({ change: bundleChange() }), { code: 'repository_unusable', message: /--root/ });
  const strangers = [newKey()];
  await assert.rejects(site.publish({ root: site.root, change: bundleChange(), keys: strangers }), {
    code: 'missing_keys',
    message: /`targets` needs more signatures \(0 of 1 keys are here\): give --key for [0-9a-f]{16}/,
  });
  const other = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  await assert.rejects(site.publish({ root: other.root }), { code: 'root_refused' });
});

test('a signer without online keys stages; whoever has them publishes it', async (t) => {
  const site = await published(t);
  const report = await site.publish({ change: bundleChange({ revision: 2 }), keys: site.keys.targets });
  assert.equal(report.result, 'staged');
  assert.equal(await revisionFor(site), '1');
  const later = await site.publish({ keys: onlineKeys(site.keys) });
  assert.equal(later.result, 'published');
  assert.equal(await revisionFor(site), '2');
});

test('what cannot be published does not stop freshness, and is named', async (t) => {
  const site = await published(t);
  const { written } = await site.publish({ change: bundleChange({ revision: 2 }), keys: site.keys.targets });
  rmSync(join(site.repository, written[0] ?? ''));
  const report = await site.publish({ keys: onlineKeys(site.keys), now: NOW + HOUR });
  assert.equal(report.result, 'refreshed');
  assert.deepEqual(
    report.warnings.map(({ code, message }) => [code, message.replace(/[0-9a-f]{64}/, 'SHA')]),
    [['not_published', 'version 2 of `targets` is not published: `targets/SHA.bundle.json.gz` is not there']],
  );
  assert.equal(await revisionFor(site, NOW + HOUR), '1');
});

test('a file that a signer staged over an older state takes no revision back', async (t) => {
  const site = await published(t, { revision: 5 });
  const [bundle] = bundleChange({ revision: 4 }).bundles;
  const [signer] = site.keys.targets;
  assert.ok(bundle !== undefined && signer !== undefined);
  const { listed, bytes } = bundle.packed;
  const signed = targetsSigned({ bundles: [listed], teams: [] }, { version: 2, expires: NOW + 90 * DAY });
  writeFileSync(join(site.repository, 'targets', `${listed.sha256}.bundle.json.gz`), bytes);
  const file = metadataBytes({ signed, signatures: [signatureOf(signed, signer.key)] });
  writeFileSync(join(site.repository, 'metadata/2.targets.json'), file);
  const report = await site.publish({ keys: onlineKeys(site.keys) });
  assert.match(
    report.warnings[0]?.message ?? '',
    /version 2 of `targets` is not published: .* would go back from revision 5/,
  );
  assert.equal(await revisionFor(site), '5');
});

test('bundles of two organisations have no place in one repository', async (t) => {
  const site = await published(t);
  const change = bundleChange({ org: 'other' }, { path: 'other.json.gz' });
  const before = filesOf(site);
  await assert.rejects(site.publish({ change }), { code: 'rule_broken', message: /mixes the organisations/ });
  assert.deepEqual(filesOf(site), before);
  await assert.rejects(asDaemon(site, { path: 'other.json.gz' }), { code: 'no_such_target' });
});

test('snapshots are signed again weekly, and a repository that expired heals by the next run', async (t) => {
  const site = await published(t);
  const keys = onlineKeys(site.keys);
  assert.equal((await site.publish({ keys, now: NOW + 6 * DAY })).snapshot, 1);
  assert.equal((await site.publish({ keys, now: NOW + 8 * DAY })).snapshot, 2);
  const late = NOW + 60 * DAY;
  await assert.rejects(asDaemon(site, { now: late }), { code: 'expired' });
  await site.publish({ keys, now: late });
  assert.equal(await revisionFor(site, late), '1');
});

test('timestamps and snapshots are good for no longer than the strictest ladder allows', async (t) => {
  const ladder = { warn_after: 'PT12H', restrict_after: 'P2D', block_after: 'P5D' };
  const site = await published(t, { more: { staleness: ladder } });
  const { timestamp, snapshot } = await asDaemon(site);
  assert.deepEqual([timestamp.expiresAt, snapshot.expiresAt], [NOW + 2 * DAY, NOW + 5 * DAY]);
  const seldom = await site.publish({ resignEveryMs: 4 * HOUR });
  assert.deepEqual(seldom.warnings, [
    {
      code: 'signed_too_rarely',
      message: 'the timestamp is signed every 14400 s, and a bundle warns after 43200 s: sign at least every 10800 s',
    },
  ]);
});

const TOO_STRICT = { staleness: { warn_after: 'PT3H', restrict_after: 'P2D', block_after: 'P5D' } };

test('stage a too strict ladder, then refresh: staging warns, freshness goes on, the next revision is published', async (t) => {
  const site = await published(t);
  const staged = await site.publish({
    change: bundleChange({ revision: 2, more: TOO_STRICT }),
    keys: site.keys.targets,
  });
  assert.equal(staged.result, 'staged');
  const why = 'the timestamp is signed every 3600 s, and a bundle warns after 10800 s: sign at least every 2700 s';
  assert.deepEqual(staged.warnings, [
    { code: 'not_published', message: `version 2 of \`targets\` would not be published as it is: ${why}` },
  ]);
  const keys = onlineKeys(site.keys);
  const refreshed = await site.publish({ keys, now: NOW + HOUR });
  assert.equal(refreshed.result, 'refreshed');
  assert.deepEqual(refreshed.warnings, [
    { code: 'not_published', message: `version 2 of \`targets\` is not published: ${why}` },
  ]);
  const { timestamp } = await asDaemon(site, { now: NOW + HOUR });
  assert.equal(timestamp.issuedAt, NOW + HOUR);
  assert.equal(await revisionFor(site, NOW + HOUR), '1');
  // whoever signs often enough publishes it
  await site.publish({ keys, now: NOW + HOUR, resignEveryMs: HOUR / 2 });
  assert.equal(await revisionFor(site, NOW + HOUR), '2');
  // and from then on nobody who signs less often stops
  const seldom = await site.publish({ keys, now: NOW + 2 * HOUR });
  assert.deepEqual([seldom.result, seldom.warnings[0]?.code], ['refreshed', 'signed_too_rarely']);
});

test('a publication that is refused leaves nothing behind', async (t) => {
  const site = await published(t);
  const before = filesOf(site);
  const strict = bundleChange({ revision: 2, more: TOO_STRICT });
  await assert.rejects(site.publish({ change: strict }), { code: 'rule_broken', message: /at least every 2700 s/ });
  assert.deepEqual(filesOf(site), before);
  // the bundle is written before it shows that a key is missing
  const team = { name: 'research', keys: [newKey().part], threshold: 1 };
  const [bundle] = bundleChange({}, { path: 'research/bundle.json.gz', role: 'research' }).bundles;
  assert.ok(bundle !== undefined);
  const change = { ...bundleChange({ revision: 2 }), setTeams: [team] };
  await assert.rejects(site.publish({ change: { ...change, bundles: [...change.bundles, bundle] } }), {
    code: 'missing_keys',
  });
  assert.deepEqual(filesOf(site), before);
  assert.equal(nextRevision(site.repository, 'bundle.json.gz'), 2);
  assert.equal((await site.publish({ now: NOW + HOUR })).result, 'refreshed');
});

test('what the verifier refuses before the last step leaves nothing behind either', async (t) => {
  const site = await published(t);
  const before = filesOf(site);
  const now = NOW + 400 * DAY;
  await assert.rejects(site.publish({ change: bundleChange({ revision: 2, expiresAt: now + DAY }), now }));
  assert.deepEqual(filesOf(site), before);
});

/** As somebody with the key can put it there, whatever this program would do. */
function placed(site: Site, version: number, signed: JsonObject): void {
  const signatures = site.keys.targets.map(({ key }) => signatureOf(signed, key));
  writeFileSync(join(site.repository, `metadata/${version}.targets.json`), metadataBytes({ signed, signatures }));
}

test('a staged file that no machine would take does not stop freshness either', async (t) => {
  const site = await published(t);
  const [bundle] = bundleChange({ revision: 2 }).bundles;
  assert.ok(bundle !== undefined);
  const { listed, bytes } = bundle.packed;
  writeFileSync(join(site.repository, 'targets', `${listed.sha256}.bundle.json.gz`), bytes);
  const content = { bundles: [listed], teams: [] };
  const lying = { ...listed, custom: { ...listed.custom, uncompressed: 1 } };
  const good = { version: 2, expires: NOW + 90 * DAY };
  const { targets, ...rest } = targetsSigned(content, good);
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [targetsSigned(content, { version: 2, expires: NOW }), /it has expired/],
    [targetsSigned({ bundles: [lying], teams: [] }, good), /listed as another bundle than it is/],
    [{ ...rest, targets: { x: { length: 1, hashes: { sha256: listed.sha256 } } } }, /not made by this program/],
  ];
  assert.ok(targets !== undefined);
  const keys = onlineKeys(site.keys);
  for (const [signed, message] of cases) {
    placed(site, 2, signed);
    const report = await site.publish({ keys, now: NOW + HOUR });
    assert.equal(report.result, 'refreshed');
    assert.match(report.warnings[0]?.message ?? '', message);
    assert.equal(await revisionFor(site, NOW + HOUR), '1');
  }
  await assert.rejects(site.publish({ change: bundleChange({ revision: 3 }) }), {
    code: 'repository_unusable',
    message: /version 2 of `targets` .* not made by this program: .*: take it away/,
  });
});

test('what ends before long is said, and targets are signed anew as soon as their key is there', async (t) => {
  const site = await published(t, { expiresAt: NOW + 300 * DAY });
  const codes = (warnings: readonly { readonly code: string }[]): string[] => warnings.map(({ code }) => code);
  const now = NOW + 280 * DAY;
  await assert.rejects(site.publish({ keys: onlineKeys(site.keys), now }), { code: 'expired' });
  const almost = NOW + 130 * DAY;
  assert.deepEqual(codes((await site.publish({ keys: onlineKeys(site.keys), now: almost })).warnings), ['targets_end']);
  assert.deepEqual(codes((await site.publish({ now: almost })).warnings), []);
  assert.deepEqual(codes((await site.publish({ now })).warnings), ['root_ends', 'bundle_ends']);
});

test('a clock that is behind what was signed is not believed', async (t) => {
  const site = await published(t);
  await assert.rejects(site.publish({ now: NOW - HOUR }), { code: 'rule_broken', message: /set it right/ });
  await site.publish({ now: NOW - 60_000 });
  assert.equal((await asDaemon(site)).timestamp.issuedAt, NOW);
});

test('what our own client refuses is never led to', async (t) => {
  const site = await published(t);
  const before = site.read('metadata/timestamp.json');
  const now = NOW + 400 * DAY;
  await assert.rejects(site.publish({ change: bundleChange({ revision: 2, expiresAt: now + DAY }), now }), {
    code: 'expired',
    message: /^root: /,
  });
  assert.deepEqual(site.read('metadata/timestamp.json'), before);
});

test('files that were replaced 30 days ago go, roots stay, and so does what somebody may still be led to', async (t) => {
  const site = await published(t);
  // the disk has a clock of its own
  const age = (days: number): void => {
    for (const folder of ['metadata', 'targets']) {
      for (const name of readdirSync(join(site.repository, folder))) {
        utimesSync(join(site.repository, folder, name), NOW / 1_000 - days * 86_400, NOW / 1_000 - days * 86_400);
      }
    }
  };
  await site.publish({ change: bundleChange({ revision: 2 }) });
  age(29);
  assert.deepEqual((await site.publish({ change: bundleChange({ revision: 3 }) })).retired, []);
  age(31);
  const { retired } = await site.publish({ change: bundleChange({ revision: 4 }) });
  assert.deepEqual(retired.map((path) => path.replace(/[0-9a-f]{64}/, 'SHA')).toSorted(), [
    ...['metadata/1.snapshot.json', 'metadata/1.targets.json', 'metadata/2.snapshot.json', 'metadata/2.targets.json'],
    ...['targets/SHA.bundle.json.gz', 'targets/SHA.bundle.json.gz'],
  ]);
  // somebody may be in the middle of the one before
  assert.ok(site.read('metadata/3.targets.json') !== null);
  assert.ok(site.read('metadata/1.root.json') !== null);
  assert.equal(await revisionFor(site), '4');
});

test('a web server may read what is served whatever the umask, and nothing else', async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const site = await published(t);
  const mode = (path: string): number => statSync(join(site.repository, path)).mode & 0o777;
  assert.deepEqual(
    ['', 'metadata', 'targets', '.publisher', 'metadata/1.root.json', 'metadata/timestamp.json'].map(mode),
    [0o755, 0o755, 0o755, 0o700, 0o644, 0o644],
  );
});

test('one publisher at a time; a lock is let go of with its holder', async (t) => {
  const site = await published(t);
  await withLock(openRepository(site.repository), async () => {
    await assert.rejects(site.publish(), { code: 'repository_busy' });
  });
  assert.equal((await site.publish()).result, 'refreshed');
});

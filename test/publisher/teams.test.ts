import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NO_CHANGE } from '../../src/publisher/stage.ts';
import { type TargetsContent, targetsSigned } from '../../src/publisher/targets-content.ts';
import { metadataBytes } from '../../src/tuf/metadata-text.ts';
import { signatureOf } from '../../src/tuf/sign.ts';
import {
  asDaemon,
  bundleChange,
  DAY,
  NOW,
  newKey,
  newSite,
  onlineKeys,
  revisionFor,
  type TestKey,
} from './organisation.ts';

const PATH = 'research/bundle.json.gz';

function team(keys: readonly TestKey[], name = 'research', threshold = 1) {
  return { name, keys: keys.map(({ part }) => part), threshold };
}

function teamBundle(revision: number) {
  return bundleChange({ revision }, { path: PATH, role: 'research' });
}

test('a team signs its own bundles, below its name and nowhere else', async (t) => {
  const site = newSite(t);
  const own = newKey();
  await site.publish({ root: site.root, change: { ...bundleChange(), setTeams: [team([own])] } });
  // nothing is there yet, and everybody else is served
  assert.equal(await revisionFor(site), '1');
  await assert.rejects(asDaemon(site, { path: PATH }), { code: 'absent' });
  const report = await site.publish({ change: teamBundle(5), keys: [own, ...onlineKeys(site.keys)] });
  assert.deepEqual(
    report.bundles.map(({ path, role, revision }) => [path, role, revision]),
    [
      ['bundle.json.gz', 'targets', '1'],
      [PATH, 'research', '5'],
    ],
  );
  const { targets, roles } = await asDaemon(site, { path: PATH });
  assert.equal(targets[0]?.target.custom['revision'], '5');
  assert.equal(roles.get('research')?.expiresAt, (roles.get('targets')?.expiresAt ?? 0) - 90 * 86_400_000);
  const outside = bundleChange({ revision: 9 }, { path: 'other/bundle.json.gz', role: 'research' });
  await assert.rejects(site.publish({ change: outside, keys: [own, ...onlineKeys(site.keys)] }), {
    code: 'rule_broken',
  });
});

test('a team that errs or sleeps stops nobody else', async (t) => {
  const site = newSite(t);
  const own = newKey();
  const keys = [own, ...onlineKeys(site.keys)];
  await site.publish({ root: site.root, change: { ...bundleChange(), setTeams: [team([own])] } });
  await site.publish({ change: teamBundle(1), keys });
  // as another machine could put it there
  const content = {
    bundles: [bundleChange({ revision: 2 }, { path: 'bundle.json.gz' }).bundles[0]?.packed.listed],
    teams: [],
  };
  const signed = targetsSigned(content as TargetsContent, { version: 2, expires: NOW + DAY });
  const signatures = [signatureOf(signed, own.key)];
  writeFileSync(join(site.repository, 'metadata/2.research.json'), metadataBytes({ signed, signatures }));
  const erring = await site.publish({ keys: onlineKeys(site.keys) });
  assert.match(
    erring.warnings[0]?.message ?? '',
    /version 2 of `research` is not published: .* does not lie below `research\/`/,
  );
  assert.equal(await revisionFor(site, NOW, PATH), '1');
  const later = NOW + 100 * DAY;
  const sleeping = await site.publish({ keys: onlineKeys(site.keys), now: later });
  assert.match(
    sleeping.warnings.map(({ message }) => message).join('\n'),
    /version 1 of `research` is not published: it has expired/,
  );
  assert.equal(await revisionFor(site, later), '1');
  await assert.rejects(asDaemon(site, { now: later, path: PATH }), { code: 'expired' });
});

test('a stranger, a stranger’s key and an unfit name are refused', async (t) => {
  const site = newSite(t);
  const own = newKey();
  await site.publish({ root: site.root, change: bundleChange() });
  await assert.rejects(site.publish({ change: teamBundle(1) }), { code: 'rule_broken', message: /no team `research`/ });
  for (const [wanted, message] of [
    [team([own], 'targets'), /cannot be a team's role/],
    [team([own], 'Research'), /cannot be a team's role/],
    [team([own], '1'), /cannot be a team's role/],
    [team([own, own]), /has the same key twice/],
    [team([own], 'research', 2), /would have fewer keys \(1\) than signatures to give \(2\)/],
  ] as const) {
    const change = { ...NO_CHANGE, setTeams: [wanted] };
    await assert.rejects(site.publish({ change }), { code: 'rule_broken', message });
  }
  await site.publish({ change: { ...NO_CHANGE, setTeams: [team([own])] } });
  const keys = [newKey(), ...onlineKeys(site.keys)];
  await assert.rejects(site.publish({ change: teamBundle(1), keys }), {
    code: 'missing_keys',
    message: /`research` needs/,
  });
});

test('a team stages with its own key alone', async (t) => {
  const site = newSite(t);
  const own = newKey();
  await site.publish({ root: site.root, change: { ...bundleChange(), setTeams: [team([own])] } });
  assert.equal((await site.publish({ change: teamBundle(1), keys: [own] })).result, 'staged');
  await assert.rejects(asDaemon(site, { path: PATH }), { code: 'absent' });
  await site.publish({ keys: onlineKeys(site.keys) });
  assert.equal(await revisionFor(site, undefined, PATH), '1');
});

test('a team that goes harms nobody else: whoever followed goes on, its machines find nothing', async (t) => {
  const site = newSite(t);
  const own = newKey();
  await site.publish({ root: site.root, change: { ...bundleChange(), setTeams: [team([own])] } });
  await site.publish({ change: teamBundle(1), keys: [own, ...onlineKeys(site.keys)] });
  const held = await asDaemon(site);
  await site.publish({ change: { ...NO_CHANGE, removeTeams: ['research'] } });
  const { snapshot } = await asDaemon(site, { held });
  assert.ok(snapshot.listed.has('research'));
  await assert.rejects(asDaemon(site, { path: PATH, held }), { code: 'no_such_target' });
});

test('a team with other keys is led to once these have signed', async (t) => {
  const site = newSite(t);
  const [old, own] = [newKey(), newKey()];
  const online = onlineKeys(site.keys);
  await site.publish({ root: site.root, change: { ...bundleChange(), setTeams: [team([old])] } });
  await site.publish({ change: teamBundle(1), keys: [old, ...online] });
  const report = await site.publish({
    change: { ...NO_CHANGE, setTeams: [team([own])] },
    keys: [...site.keys.targets, ...online, own],
  });
  assert.deepEqual(report.warnings, []);
  assert.equal(await revisionFor(site, undefined, PATH), '1');
});

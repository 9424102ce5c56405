import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Updater } from 'tuf-js';
import { tempDirectory } from '../support/temp-tree.ts';
import {
  bundleChange,
  DAY,
  NOW,
  newKey,
  newSite,
  onlineKeys,
  publishingKeys,
  rootDocument,
  type Site,
  signedRoot,
} from './organisation.ts';

/** The reference client, as it comes, over a web server; it keeps its directory from one update to the next. */
async function referenceClient(t: TestContext, site: Site, path: string) {
  const server = createServer((request, response) => {
    const bytes = site.read(request.url ?? '/');
    if (bytes === null) response.writeHead(404).end();
    else response.end(bytes);
  });
  t.after(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [metadataDir, targetDir] = ['m', 't'].map((name) => join(tempDirectory(t), name));
  for (const directory of [metadataDir, targetDir]) mkdirSync(directory ?? '');
  writeFileSync(join(metadataDir ?? '', 'root.json'), site.root);
  return async (now: number): Promise<unknown> => {
    const updater = new Updater({
      ...{ metadataDir: metadataDir ?? '', metadataBaseUrl: `${origin}/metadata` },
      ...{ targetDir: targetDir ?? '', targetBaseUrl: `${origin}/targets` },
    });
    // its clock is fixed in the constructor
    Reflect.set(Reflect.get(updater, 'trustedSet') as object, 'referenceTime', new Date(now));
    await updater.refresh();
    const info = await updater.getTargetInfo(path);
    if (info === undefined) return null;
    const file = await updater.downloadTarget(info, join(targetDir ?? '', `${now}.gz`));
    assert.ok(readFileSync(file).length > 0);
    return info.custom['revision'];
  };
}

test('the reference client follows everything that is published: bundles, teams, new keys, weeks of quiet', async (t) => {
  const site = newSite(t);
  const own = newKey();
  const team = { name: 'research', keys: [own.part], threshold: 1 };
  const [theirs, ofTeam] = [
    await referenceClient(t, site, 'bundle.json.gz'),
    await referenceClient(t, site, 'research/bundle.json.gz'),
  ];
  await site.publish({ root: site.root, change: { ...bundleChange(), setTeams: [team] } });
  assert.equal(await theirs(NOW), '1');
  const packed = bundleChange({ revision: 4 }, { path: 'research/bundle.json.gz', role: 'research' });
  await site.publish({ change: packed, keys: [own, ...onlineKeys(site.keys)] });
  assert.equal(await ofTeam(NOW), '4');
  const next = { ...site.keys, timestamp: [newKey()], targets: [newKey()] };
  const root = signedRoot(rootDocument(next, { version: 2 }), site.keys.root);
  await site.publish({ root, keys: [...publishingKeys(site.keys), ...publishingKeys(next)] });
  await site.publish({ keys: publishingKeys(next), change: bundleChange({ revision: 2 }) });
  assert.equal(await theirs(NOW), '2');
  const later = NOW + 40 * DAY;
  await site.publish({ keys: publishingKeys(next), now: later });
  assert.deepEqual([await theirs(later), await ofTeam(later)], ['2', '4']);
});

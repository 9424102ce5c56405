import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleChange, HOUR, NOW, newSite, onlineKeys } from '../../publisher/organisation.ts';
import { tufStage } from '../../support/tuf-stage.ts';

function filesBelow(directory: string): Map<string, Buffer> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const files = paths.filter((path) => statSync(join(directory, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(directory, path))]));
}

test('what reeve publishes, source tuf serves: a first bundle, a fresh timestamp, a next revision', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const stage = await tufStage(t, { pinnedRoot: site.root });
  stage.files = filesBelow(site.repository);
  assert.equal(await stage.polled(), 'activated');
  assert.equal(stage.serving(), 'api.example.com');
  const now = NOW + HOUR;
  stage.clock.jump(HOUR);
  await site.publish({ now, keys: onlineKeys(site.keys) });
  stage.files = filesBelow(site.repository);
  assert.equal(await stage.polled(), 'unchanged');
  assert.equal(stage.store.lastSync()?.confirmedAt, now);
  await site.publish({ now, change: bundleChange({ revision: 2, hosts: ['new.example.com'] }, { now }) });
  stage.files = filesBelow(site.repository);
  assert.equal(await stage.polled(), 'activated');
  const restarted = await stage.restarted();
  assert.equal(restarted.serving(), 'api.example.com new.example.com');
  assert.deepEqual(restarted.source.status().warnings, []);
});

import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { test } from 'node:test';
import { watchStaged } from '../../src/publisher/staged-files.ts';
import { manualClock } from '../support/manual-clock.ts';
import { bundleChange, newSite, onlineKeys } from './organisation.ts';

test('what somebody stages is noticed within seconds, and what the online keys do themselves is not', async (t) => {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const clock = manualClock();
  let noticed = 0;
  const end = watchStaged(site.repository, clock, () => (noticed += 1));
  clock.advance(60_000);
  assert.equal(noticed, 0);
  await site.publish({ change: bundleChange({ revision: 2 }), keys: site.keys.targets });
  clock.advance(5_000);
  assert.equal(noticed, 1);
  await site.publish({ keys: onlineKeys(site.keys) });
  clock.advance(60_000);
  assert.equal(noticed, 1);
  renameSync(site.repository, `${site.repository}-gone`);
  clock.advance(60_000);
  renameSync(`${site.repository}-gone`, site.repository);
  clock.advance(60_000);
  assert.equal(noticed, 1);
  end();
  assert.equal(clock.pending(), 0);
});

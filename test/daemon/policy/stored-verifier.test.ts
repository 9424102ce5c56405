import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonConfig } from '../../../src/daemon/config/daemon-config.ts';
import { storedVerifier } from '../../../src/daemon/policy/stored-verifier.ts';
import type { BundleHeader } from '../../../src/store/bundle-rows.ts';
import { newSigners } from '../../support/tuf-repository.ts';
import { type TufStage, tufStage } from '../../support/tuf-stage.ts';

const SHARED = { org: 'acme', teams: null, governs: {}, trustedFiles: [] } as const;

/** Everything that may be configured instead of the repository. */
const OTHERS: readonly DaemonConfig['source'][] = [
  null,
  { type: 'governance', ...SHARED, baseUrl: 'https://policy.test', credentialFile: '/etc/reeve/credential' },
  { type: 'file', ...SHARED, path: '/etc/reeve/bundle.json', owners: [0], publicKeys: null },
];

const NO_FLOOR = { floor: () => ({ rootVersion: null, issuedAt: null }) };

async function verdicts({ store, tufStore }: TufStage): Promise<readonly string[]> {
  const active = store.active();
  assert.ok(active.kind === 'active');
  const header: BundleHeader = active.header;
  const all = OTHERS.map(async (source) => (await storedVerifier({ source }, tufStore, NO_FLOOR))(header));
  return (await Promise.all(all)).map((verdict) => verdict.kind);
}

test('a bundle of a repository serves on when the configuration names another source, or none', async (t) => {
  const stage = await tufStage(t);
  assert.equal(await stage.polled(), 'activated');
  assert.deepEqual(await verdicts(stage), ['verified', 'verified', 'verified']);
});

test('under newer keys it does as well', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  stage.repository.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  stage.repository.publish();
  assert.equal(await stage.polled(), 'unchanged');
  assert.deepEqual(await verdicts(stage), ['verified', 'verified', 'verified']);
});

test('a bundle that rests on a revoked key stays stopped, whatever the configuration names', async (t) => {
  const stage = await tufStage(t);
  await stage.polled();
  const { repository } = stage;
  repository.revoked = repository.keys.targets.signers.map((signer) => signer.id);
  repository.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  assert.equal(await stage.polled(), 'bad_signature @targets');
  assert.deepEqual(await verdicts(stage), ['refused', 'refused', 'refused']);
});

test('so does one whose metadata is not stored any more, or is not what it was', async (t) => {
  for (const sql of ['DELETE FROM tuf_active', 'DELETE FROM tuf_root', "UPDATE tuf_active SET target = x'00'"]) {
    const stage = await tufStage(t);
    await stage.polled();
    stage.database.exec(sql);
    assert.deepEqual(await verdicts(stage), ['refused', 'refused', 'refused'], sql);
  }
});

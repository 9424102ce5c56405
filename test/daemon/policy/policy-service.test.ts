import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { loadConfig } from '../../../src/daemon/config/load-config.ts';
import { startPolicyService } from '../../../src/daemon/policy/policy-service.ts';
import { createSnapshotHolder } from '../../../src/pdp/snapshot-holder.ts';
import { decide } from '../../../src/policy/decide.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../../src/store/policy-migrations.ts';
import { connect, requestOf } from '../../policy/asking.ts';
import { bundleText } from '../../support/bundle-documents.ts';
import { tempDirectory } from '../../support/temp-tree.ts';
import { ORG, TufRepository } from '../../support/tuf-repository.ts';
import { serveRepository } from '../../support/tuf-stage.ts';
import { installation } from '../config.ts';

interface Machine {
  readonly root: string;
  /** The service's life with this source: what it answers before a sync, and directly behind it. */
  readonly run: (source: object) => Promise<readonly string[]>;
}

function machine(t: TestContext, host: string): Machine {
  const root = tempDirectory(t);
  mkdirSync(join(root, 'state'), { mode: 0o700 });
  const ignore = (): void => undefined;
  return {
    root,
    async run(source) {
      const places = { state_directory: join(root, 'state'), local_directory: join(root, 'local.d') };
      writeFileSync(join(root, 'reeve.yaml'), JSON.stringify({ source, ...places }), { mode: 0o600 });
      const holder = createSnapshotHolder(() => Date.now());
      const service = await startPolicyService({
        config: loadConfig(join(root, 'reeve.yaml'), installation()),
        clock: systemClock,
        log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
        audit: ignore,
        onFacts: ignore,
        publish: (compilation, cause) => Promise.resolve(holder.swap(compilation, cause).generation),
      });
      const code = (): string => {
        const snapshot = holder.current() ?? assert.fail('nothing was published');
        return decide(snapshot, requestOf(connect(host)), { uid: 1000 }).code;
      };
      try {
        await service.open();
        const before = code();
        const { kind } = await service.sync();
        return [before, kind, code()];
      } finally {
        await service.close();
      }
    },
  };
}

async function published(t: TestContext, root: string): Promise<object> {
  const repository = TufRepository.published(Date.now());
  const { server } = await serveRepository(t, repository);
  writeFileSync(join(root, 'root.json'), repository.pinnedRoot, { mode: 0o644 });
  return { type: 'tuf', base_url: server.origin, org: ORG, root_file: join(root, 'root.json') };
}

test('a policy that was too old is as young as it is by the time that a sync has been answered', async (t) => {
  const { root, run } = machine(t, 'r1.example');
  const source = await published(t, root);
  assert.deepEqual(await run(source), ['no_policy', 'live', 'org_allow']);
  const database = openDatabase(join(root, 'state', 'policy.db'), POLICY_MIGRATIONS);
  database.exec('UPDATE last_sync SET confirmed_at = confirmed_at - 40 * 86400000');
  database.close();
  assert.deepEqual(await run(source), ['policy_stale', 'live', 'org_allow']);
});

test('the first policy of a repository is not as old as the file before it, which had no age', async (t) => {
  const { root, run } = machine(t, 'r1.example');
  const path = join(root, 'bundle.json');
  const year = { issued_at: '2026-06-01T12:00:00Z', expires_at: '2126-06-01T12:00:00Z' };
  writeFileSync(path, bundleText({ org: ORG, policies: [], ...year }), { mode: 0o644 });
  assert.deepEqual(await run({ type: 'file', path, org: ORG }), ['no_policy', 'live', 'default_deny']);
  assert.deepEqual(await run(await published(t, root)), ['default_deny', 'live', 'org_allow']);
});

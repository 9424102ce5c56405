import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { DaemonConfig } from '../../src/daemon/config/daemon-config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { openHighWaterMark } from '../../src/sources/high-water-mark.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openMarkFile } from '../../src/store/mark-file.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { call, eventually, toHost, within } from '../support/daemon-process.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { configOf } from './config.ts';

const ENTRY = new URL('../../src/daemon/policy-thread-entry.ts', import.meta.url);

interface Prepared {
  readonly root: string;
  readonly config: DaemonConfig;
  readonly start: (config?: DaemonConfig, entry?: URL) => Promise<Daemon>;
}

/** Directories as `reeve daemon` makes them, and a daemon in this process. */
function prepared(t: TestContext): Prepared {
  const root = tempDirectory(t);
  for (const name of ['state', 'run', 'local.d']) mkdirSync(join(root, name), { mode: 0o700 });
  const config = configOf({
    sockets: { decide: join(root, 'run/decide.sock') },
    state_directory: join(root, 'state'),
    local_directory: join(root, 'local.d'),
    log: { level: 'error', destination: join(root, 'reeve.log') },
  });
  const log = createLogger(config.log);
  return {
    root,
    config,
    start: (other = config, entry = ENTRY) => startDaemon({ config: other, log, entry }),
  };
}

describe('a daemon in this process', () => {
  test('starts, answers, and closes once however often it is told to', async (t) => {
    const { config, start } = prepared(t);
    const daemon = await start();
    const { json } = await call(config.decideSocket, 'POST /v1/decide', toHost('a.example'));
    assert.equal((json as { code: string }).code, 'default_deny');
    await within(5_000, 'both', Promise.all([daemon.close(), daemon.close()]));
    await daemon.close();
    assert.deepEqual([existsSync(config.decideSocket), existsSync(config.adminSocket)], [false, false]);
    assert.equal(daemon.lostThreads(), 0);
  });

  test('that cannot open its second socket takes back all that it had started', async (t) => {
    const { root, config, start } = prepared(t);
    const blocked: DaemonConfig = { ...config, adminSocket: join(root, 'run/taken') };
    writeFileSync(blocked.adminSocket, '');
    await assert.rejects(within(10_000, 'the refusal', start(blocked)), /is there and is no socket/);
    assert.equal(existsSync(config.decideSocket), false);
    // a connection closed for good leaves no write-ahead log behind
    assert.deepEqual(existsSync(join(root, 'state/policy.db-wal')), false);
    const daemon = await start();
    await daemon.close();
  });

  test('that cannot ask its source takes back its sockets too', async (t) => {
    const { root, config, start } = prepared(t);
    const source = {
      type: 'governance' as const,
      trustedFiles: [],
      baseUrl: 'http://policy.example.com',
      org: 'acme',
      credentialFile: '/x',
      teams: null,
      governs: {},
    };
    await assert.rejects(within(10_000, 'the refusal', start({ ...config, source })), /use https/);
    assert.deepEqual([existsSync(config.decideSocket), existsSync(config.adminSocket)], [false, false]);
    assert.deepEqual(existsSync(join(root, 'state/policy.db-wal')), false);
  });

  test('that cannot read what it had stored is not ready, also when something else changes', async (t) => {
    const { root, config, start } = prepared(t);
    const database = openDatabase(join(root, 'state/policy.db'), POLICY_MIGRATIONS);
    const store = createBundleStore(database);
    const bundle = {
      source: 'governance',
      org: 'acme',
      revision: 'r',
      etag: null,
      terms: null,
      origin: null,
      fetchedAt: 1,
      policies: [],
    };
    // its digest fits, and it holds no policies: nothing says any more who governs
    const candidate = store.putCandidate({ ...bundle, policies: 'none' as unknown as readonly unknown[] });
    const header = store.candidate();
    assert.ok(header !== null);
    store.activate(candidate, { at: 1, governed: ['network'], sync: null });
    openHighWaterMark(openMarkFile(join(root, 'state/mark'))).commit(header, null);
    database.close();
    const daemon = await start();
    t.after(() => daemon.close());
    const status = async (): Promise<number> =>
      (await call(config.decideSocket, 'POST /v1/decide', toHost('a.example'))).status;
    assert.equal(await status(), 503);
    const rules = [{ id: 'a', decision: 'allow', resources: ['a.example'] }];
    writeFileSync(join(root, 'local.d/10.json'), JSON.stringify({ version: 1, rules }), { mode: 0o644 });
    await eventually('the change to be seen', async () => (await localFiles(config)) === 1);
    await sleep(200);
    assert.equal(await status(), 503);
    assert.equal((await call(config.decideSocket, 'GET /readyz')).status, 503);
  });

  test('answers on when its policy thread dies, says so, and takes up changes again once there is another', async (t) => {
    const { root, config, start } = prepared(t);
    const [trigger, entry] = [join(root, 'die'), join(root, 'dying.mjs')];
    const dying = `import { existsSync, rmSync } from 'node:fs';
      await import(${JSON.stringify(ENTRY.href)});
      setInterval(() => {
        if (!existsSync(${JSON.stringify(trigger)})) return;
        rmSync(${JSON.stringify(trigger)});
        throw new Error('broken inside');
      }, 5);`;
    writeFileSync(entry, dying);
    const rules = [{ id: 'a', decision: 'allow', resources: ['a.example'] }];
    writeFileSync(join(root, 'local.d/10.json'), JSON.stringify({ version: 1, rules }), { mode: 0o644 });
    const daemon = await start(config, pathToFileURL(entry));
    t.after(() => daemon.close());
    const code = async (): Promise<unknown> =>
      (await call(config.decideSocket, 'POST /v1/decide', toHost('a.example'))).json;
    const before = (await code()) as { code: string; generation: number };
    assert.equal(before.code, 'local_allow');
    writeFileSync(trigger, '');
    await eventually('the warning', async () =>
      (await warnings(config)).some((warning) => /broken inside; it is tried again/.test(warning)),
    );
    assert.equal(((await code()) as { code: string }).code, 'local_allow');
    await eventually('another thread', async () => (await warnings(config)).length === 0);
    rmSync(join(root, 'local.d/10.json'));
    await eventually('the change to be seen', async () => ((await code()) as { code: string }).code === 'default_deny');
    assert.ok(((await code()) as { generation: number }).generation > before.generation);
    assert.match(readFileSync(join(root, 'reeve.log'), 'utf8'), /the policy thread ended/);
  });

  test('closes in the middle of a change to its local files', async (t) => {
    const { root, config, start } = prepared(t);
    const daemon = await start();
    writeFileSync(join(root, 'local.d/10.json'), '{"version":1,"rules":[]}');
    await eventually('the change to be seen', async () => (await localFiles(config)) === 1);
    writeFileSync(join(root, 'local.d/20.json'), '{"version":1,"rules":[]}');
    await within(5_000, 'the end', daemon.close());
  });
});

async function warnings({ decideSocket }: DaemonConfig): Promise<readonly string[]> {
  const { json } = await call(decideSocket, 'GET /v1/status');
  return (json as { warnings: { message: string }[] }).warnings.map(({ message }) => message);
}

async function localFiles({ decideSocket }: DaemonConfig): Promise<number> {
  const { json } = await call(decideSocket, 'GET /v1/status');
  return (json as { local_files: unknown[] }).local_files.length;
}

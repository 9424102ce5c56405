import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { callHttp } from '../../src/client/http-call.ts';
import type { DaemonConfig } from '../../src/daemon/config/daemon-config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { call, eventually, toHost } from '../support/daemon-process.ts';
import { enrol } from '../support/enrolled-state.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { configOf } from './config.ts';

interface Running {
  readonly state: string;
  readonly config: DaemonConfig;
  readonly daemon: Daemon;
  readonly verdict: () => Promise<string>;
  readonly reset: (body?: unknown) => Promise<{ readonly status: number; readonly json: unknown }>;
  readonly events: () => Promise<readonly Record<string, unknown>[]>;
}

/** On a busy machine a thread ends and another one starts for longer than a decision may take. */
async function posted(socketPath: string, body: unknown): ReturnType<Running['reset']> {
  const outcome = await callHttp({ socketPath, method: 'POST', path: '/v1/reset', body, timeoutMs: 60_000 });
  assert.ok(outcome.kind === 'response', JSON.stringify(outcome));
  return { status: outcome.status, json: outcome.body };
}

async function running(t: TestContext, prepare: (state: string) => void = enrol): Promise<Running> {
  const root = tempDirectory(t);
  const state = join(root, 'state');
  for (const name of ['state', 'run', 'local.d']) mkdirSync(join(root, name), { mode: 0o700 });
  prepare(state);
  writeFileSync(join(root, 'credential'), JSON.stringify({ identifier: 'i', secret: 's' }), { mode: 0o600 });
  const config = configOf({
    sockets: { decide: join(root, 'run/decide.sock') },
    state_directory: state,
    local_directory: join(root, 'local.d'),
    // nobody answers there: what was stored serves
    source: {
      type: 'governance',
      base_url: 'http://127.0.0.1:9/',
      org: 'acme',
      credential_file: join(root, 'credential'),
    },
    log: { level: 'info', destination: join(root, 'reeve.log') },
  });
  const daemon = await startDaemon({ config, log: createLogger(config.log) });
  t.after(() => daemon.close());
  return {
    ...{ state, config, daemon },
    verdict: async () => {
      const { json } = await call(config.decideSocket, 'POST /v1/decide', toHost('a.example'));
      const { decision, code } = json as { decision: string; code: string };
      return `${decision} ${code}`;
    },
    reset: (body) => posted(config.adminSocket, body),
    events: async () => {
      const { json } = await call(config.adminSocket, 'GET /v1/log', { type: 'event' });
      return (json as { records: Record<string, unknown>[] }).records.toReversed();
    },
  };
}

test('a reset releases organisation and domains at once, and leaves an entry in the log that stays', async (t) => {
  const { state, verdict, reset, events, config } = await running(t);
  assert.equal(await verdict(), 'allow org_allow');
  const { status, json } = await reset();
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual(json, { org: 'acme', revision: 'sha256:1', governed: ['network'], audited: true });
  assert.equal(await verdict(), 'deny no_policy');
  const found = await events();
  assert.deepEqual(
    found.map(({ event }) => event),
    ['reset', 'first_start'],
  );
  const details = {
    org: 'acme',
    revision: 'sha256:1',
    governed: ['network'],
    uid: process.getuid?.(),
    pid: process.pid,
  };
  assert.deepEqual(found[0]?.['details'], details);
  const { json: decided } = await call(config.adminSocket, 'GET /v1/log', { type: 'decision', code: 'org_allow' });
  assert.equal((decided as { records: unknown[] }).records.length, 1, 'what was decided before is still there');
  // the next start finds nothing of it
  const database = openDatabase(join(state, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  const store = createBundleStore(database);
  assert.deepEqual([store.enrolledOrg(), store.wasGoverned(), store.active().kind], [null, [], 'none']);
  assert.doesNotMatch(readFileSync(join(state, 'mark'), 'utf8'), /acme/);
});

test('polling begins again at once, and more resets at a time are one', async (t) => {
  const { reset, config, verdict, events } = await running(t);
  const replies = await Promise.all([reset(), reset(), reset()]);
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal((await events()).filter(({ event }) => event === 'reset').length, 1);
  await eventually('a poll that fails', async () => {
    const { json } = await call(config.decideSocket, 'GET /v1/status');
    return (json as { source: { last_error: unknown } }).source.last_error !== null;
  });
  assert.equal(await verdict(), 'deny no_policy');
});

test('a database that broke under the daemon is no obstacle', async (t) => {
  const { state, reset, verdict } = await running(t);
  writeFileSync(join(state, 'policy.db'), 'x'.repeat(65_536));
  writeFileSync(join(state, 'policy.db-wal'), '');
  const { status, json } = await reset();
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal((json as { org: unknown }).org, 'acme', 'the mark knows it');
  assert.equal(await verdict(), 'deny no_policy');
});

test('a database that does not fit its mark is no obstacle', async (t) => {
  const { reset, verdict } = await running(t, (state) => {
    enrol(state);
    writeFileSync(join(state, 'mark'), readFileSync(join(state, 'mark'), 'utf8').replaceAll('sha256:', 'sha256:9'));
  });
  assert.equal(await verdict(), 'deny not_ready');
  assert.equal((await reset()).status, 200);
  assert.equal(await verdict(), 'deny no_policy');
});

test('another daemon’s state is not taken for its own, and what is no question changes nothing', async (t) => {
  const { state, reset, verdict } = await running(t);
  const elsewhere = await reset({ state_directory: '/var/lib/other' });
  assert.deepEqual(
    [elsewhere.status, (elsewhere.json as { error: { code: string } }).error.code],
    [409, 'other_daemon'],
  );
  for (const body of [[], { all: true }, { state_directory: 7 }]) {
    assert.equal((await reset(body)).status, 400, JSON.stringify(body));
  }
  assert.equal(await verdict(), 'allow org_allow');
  assert.equal((await reset({ state_directory: state })).status, 200);
});

test('a state that is removed or exchanged under the daemon is noticed, and it begins anew with what is there', async (t) => {
  const { state, verdict, config } = await running(t);
  renameSync(join(state, 'policy.db'), join(state, 'aside.db'));
  for (const name of ['mark']) renameSync(join(state, name), join(state, `${name}.aside`));
  await eventually('another thread', async () => (await verdict()) === 'deny no_policy', 20_000);
  assert.ok(existsSync(join(state, 'policy.db')));
  assert.match(readFileSync(config.log.file ?? '', 'utf8'), /policy\.db` was removed or exchanged/);
});

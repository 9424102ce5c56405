import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { call, eventually, toHost } from '../support/daemon-process.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { configOf } from './config.ts';

interface Started {
  readonly root: string;
  readonly decide: string;
  readonly daemon: Daemon;
  readonly records: () => Promise<readonly Record<string, unknown>[]>;
}

async function started(t: TestContext, more: object = {}, root = tempDirectory(t)): Promise<Started> {
  for (const name of ['state', 'run', 'local.d']) mkdirSync(join(root, name), { mode: 0o700, recursive: true });
  const config = configOf({
    sockets: { decide: join(root, 'run/decide.sock') },
    state_directory: join(root, 'state'),
    local_directory: join(root, 'local.d'),
    log: { level: 'info', destination: join(root, 'reeve.log') },
    ...more,
  });
  const daemon = await startDaemon({ config, log: createLogger(config.log) });
  t.after(() => daemon.close());
  const records = async (): Promise<readonly Record<string, unknown>[]> => {
    const { json } = await call(config.adminSocket, 'GET /v1/log');
    return (json as { records: Record<string, unknown>[] }).records.toReversed();
  };
  return { root, decide: config.decideSocket, daemon, records };
}

test('what happened before the first decision is in the log, and in the service log', async (t) => {
  const { root, decide, daemon, records } = await started(t);
  await call(decide, 'POST /v1/decide', toHost('a.example'));
  const found = await records();
  assert.deepEqual(
    found.map(({ type, event, revision }) => [type, event, revision]),
    [
      ['begin', undefined, undefined],
      ['start', undefined, undefined],
      ['event', 'first_start', 'none'],
      ['decision', undefined, 'none'],
    ],
  );
  await daemon.close();
  assert.match(readFileSync(join(root, 'reeve.log'), 'utf8'), /"event":"first_start".*"msg":"audit"/);
  const second = await started(t, {}, root);
  assert.equal((await second.records()).filter(({ type }) => type === 'event').length, 1, 'only the first time');
});

test('events are kept where decisions are not', async (t) => {
  const { root, decide, records } = await started(t, { decision_log: { enabled: false } });
  await call(decide, 'POST /v1/decide', toHost('a.example'));
  await eventually('the log to be written', () => Promise.resolve(existsSync(join(root, 'state/log.db'))));
  assert.deepEqual(
    (await records()).map(({ type, event }) => event ?? type),
    ['begin', 'start', 'first_start'],
  );
  const { json } = await call(decide, 'GET /v1/status');
  assert.equal((json as { decision_log: unknown }).decision_log, null);
});

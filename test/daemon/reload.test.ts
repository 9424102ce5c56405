import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { ConfigReading } from '../../src/daemon/config/config-reader.ts';
import type { DaemonConfig } from '../../src/daemon/config/daemon-config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { openToRead } from '../../src/store/database.ts';
import { bundlePolicy, bundleText } from '../support/bundle-documents.ts';
import { call, eventually, toHost, within } from '../support/daemon-process.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { configOf } from './config.ts';

const ENTRY = new URL('../../src/daemon/policy-thread-entry.ts', import.meta.url);

interface Reloadable {
  readonly root: string;
  readonly daemon: Daemon;
  readonly config: DaemonConfig;
  /** What the next reload reads. */
  readonly write: (more: Readonly<Record<string, unknown>>) => void;
  readonly read: { next: () => Promise<ConfigReading> };
  readonly code: (host?: string) => Promise<string>;
  readonly status: () => Promise<{ generation: number; preset: string; warnings: { code: string; message: string }[] }>;
}

async function reloadable(t: TestContext, body = ''): Promise<Reloadable> {
  const root = tempDirectory(t);
  for (const name of ['state', 'run', 'local.d', 'other.d']) mkdirSync(join(root, name), { mode: 0o700 });
  const places = {
    sockets: { decide: join(root, 'run/decide.sock') },
    state_directory: join(root, 'state'),
    local_directory: join(root, 'local.d'),
    log: { level: 'info', destination: join(root, 'reeve.log') },
  };
  const rules = [{ id: 'o', decision: 'allow', resources: ['other.example'] }];
  writeFileSync(join(root, 'other.d/10.json'), JSON.stringify({ version: 1, rules }), { mode: 0o644 });
  // each reading comes from a file of its own name, and it is the same to the daemon
  const made = (more: Readonly<Record<string, unknown>>): DaemonConfig => ({
    ...configOf({ ...places, ...more }),
    file: '/x',
  });
  const config = made({});
  const read = { next: (): Promise<ConfigReading> => Promise.resolve({ kind: 'config', config }) };
  const entry = join(root, 'entry.mjs');
  writeFileSync(entry, `${body}\nawait import(${JSON.stringify(ENTRY.href)});`);
  const source = { read: () => read.next(), lost: 0 };
  const daemon = await startDaemon({ config, source, log: createLogger(config.log), entry: pathToFileURL(entry) });
  t.after(() => daemon.close());
  return {
    ...{ root, daemon, config, read },
    write: (more) => {
      read.next = () => Promise.resolve({ kind: 'config', config: made(more) });
    },
    async code(host = 'a.example') {
      const { json } = await call(config.decideSocket, 'POST /v1/decide', toHost(host));
      return (json as { code: string }).code;
    },
    async status() {
      const { json } = await call(config.decideSocket, 'GET /v1/status');
      return json as Awaited<ReturnType<Reloadable['status']>>;
    },
  };
}

const reloaded = (place: Reloadable): ReturnType<Daemon['reload']> =>
  within(15_000, 'the reload', place.daemon.reload());

/** Which local files the database has a last good version of. */
function lastGood({ root }: Reloadable): readonly string[] {
  const database = openToRead(join(root, 'state/policy.db'));
  try {
    const rows = database.prepare<[], { name: string }>('SELECT name FROM local_file_last_good ORDER BY name').all();
    return rows.map(({ name }) => name);
  } finally {
    database.close();
  }
}

describe('what local files were last good', () => {
  /** A candidate that has read its local files, and ends when it is asked for its first policy. */
  const refusingWhile = (flag: string): string => `
    import { existsSync } from 'node:fs';
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ ask }) => {
      if (ask?.kind === 'open' && existsSync(${JSON.stringify(flag)})) process.exit(3);
    });`;

  test('is kept once another directory is taken up, and not by a reload that is refused', async (t) => {
    const flag = join(tempDirectory(t), 'refuse');
    const place = await reloadable(t, refusingWhile(flag));
    place.write({ local_directory: join(place.root, 'other.d') });
    writeFileSync(flag, '');
    assert.equal((await reloaded(place)).kind, 'refused');
    assert.deepEqual(lastGood(place), []);
    rmSync(flag);
    assert.equal((await reloaded(place)).kind, 'reloaded');
    await eventually('the row', () => Promise.resolve(lastGood(place).join() === '10.json'));
  });
});

describe('a reload', () => {
  test('takes another preset and another directory up as one generation, while answers go on', async (t) => {
    const place = await reloadable(t);
    assert.equal(await place.code(), 'default_deny');
    const { generation } = await place.status();
    place.write({ preset: 'open', local_directory: join(place.root, 'other.d') });
    const asking = { done: false, codes: new Set<string>() };
    const asked = (async () => {
      while (!asking.done) asking.codes.add(await place.code('other.example'));
    })();
    assert.deepEqual(await reloaded(place), { kind: 'reloaded', changed: ['preset', 'local_directory'] });
    asking.done = true;
    await asked;
    assert.equal(await place.code('other.example'), 'local_allow');
    assert.deepEqual([...asking.codes].sort(), ['default_deny', 'local_allow'], 'never a preset without its directory');
    assert.equal(await place.code(), 'preset_allow');
    const status = await place.status();
    assert.deepEqual([status.preset, status.generation, status.warnings], ['open', generation + 1, []]);
    // the new thread is the one that watches
    writeFileSync(
      join(place.root, 'other.d/20.json'),
      '{"version":1,"rules":[{"id":"d","decision":"deny","resources":["a.example"]}]}',
    );
    await eventually('the change to be seen', async () => (await place.code()) === 'local_deny');
  });

  test('that is refused changes nothing, is a warning until one succeeds, and says what to do', async (t) => {
    const place = await reloadable(t);
    const { generation } = await place.status();
    place.read.next = () =>
      Promise.resolve({ kind: 'refused', code: 'config_invalid', message: '`prset`: unknown member' });
    assert.deepEqual(await reloaded(place), {
      kind: 'refused',
      code: 'config_invalid',
      message: '`prset`: unknown member',
    });
    const refused = await place.status();
    assert.deepEqual([refused.generation, refused.preset], [generation, 'locked-down']);
    assert.match(JSON.stringify(refused.warnings), /"config_not_reloaded".*`prset`: unknown member/);

    place.write({ preset: 'open', sockets: { decide: join(place.root, 'run/elsewhere.sock') } });
    const moved = await reloaded(place);
    assert.equal(moved.kind === 'refused' && moved.code, 'restart_needed');
    place.write({ preset: 'open', log: { destination: join(place.root, 'missing/log') } });
    const unwritable = await reloaded(place);
    assert.equal(unwritable.kind === 'refused' && unwritable.code, 'log_unusable');
    assert.deepEqual([(await place.status()).preset, await place.code()], ['locked-down', 'default_deny']);

    place.write({});
    assert.deepEqual(await reloaded(place), { kind: 'reloaded', changed: [] });
    assert.deepEqual([(await place.status()).warnings, (await place.status()).generation], [[], generation]);
  });

  test('that its policy thread cannot start with keeps the one that runs', async (t) => {
    const place = await reloadable(t);
    const server = { type: 'governance', baseUrl: 'http://policy.example.com', credentialFile: '/x' } as const;
    const source = { ...server, org: 'acme', teams: null, governs: {}, trustedFiles: [] };
    // what the reader of configurations would not have let through
    place.read.next = () => Promise.resolve({ kind: 'config', config: { ...place.config, source } });
    const outcome = await reloaded(place);
    assert.match(outcome.kind === 'refused' ? outcome.message : '', /use https/);
    writeFileSync(
      join(place.root, 'local.d/10.json'),
      '{"version":1,"rules":[{"id":"a","decision":"allow","resources":["a.example"]}]}',
    );
    await eventually('the change to be seen', async () => (await place.code()) === 'local_allow');
    assert.equal(place.daemon.lostThreads(), 0);
  });

  test('asked for again and again while one runs comes once more, with what the file says then', async (t) => {
    const place = await reloadable(t);
    let reads = 0;
    const count = (presets: readonly string[]): void => {
      place.read.next = () => {
        const preset = presets[Math.min(reads, presets.length - 1)] ?? '';
        reads += 1;
        return Promise.resolve({ kind: 'config', config: { ...configOf({ preset }), ...fixed(place.config) } });
      };
    };
    count(['open', 'locked-down', 'balanced']);
    const all = await Promise.all(Array.from({ length: 10 }, () => reloaded(place)));
    assert.deepEqual([reads, new Set(all.map(({ kind }) => kind))], [2, new Set(['reloaded'])]);
    assert.equal((await place.status()).preset, 'locked-down');
  });

  test('begins the log anew where it was put aside, at the level that is set now', async (t) => {
    const place = await reloadable(t);
    const log = join(place.root, 'reeve.log');
    renameSync(log, `${log}.away`);
    place.write({ log: { level: 'debug', destination: log } });
    assert.deepEqual(await reloaded(place), { kind: 'reloaded', changed: ['log'] });
    await eventually(
      'a line in the new file',
      () => existsSync(log) && /"the configuration was read again"/.test(readFileSync(log, 'utf8')),
    );
    assert.equal(statSync(log).mode & 0o777, 0o600);
  });

  test('takes up whether decisions are kept', async (t) => {
    const place = await reloadable(t);
    const recorded = async (): Promise<number | null> => {
      const { json } = await call(place.config.decideSocket, 'GET /v1/status');
      return (json as { decision_log: { recorded: number } | null }).decision_log?.recorded ?? null;
    };
    await place.code();
    assert.equal(await recorded(), 1);
    place.write({ decision_log: { enabled: false } });
    assert.deepEqual(await reloaded(place), { kind: 'reloaded', changed: ['decision_log'] });
    await place.code();
    assert.equal(await recorded(), null);
    place.write({ decision_log: { max_records: 1_000 } });
    await reloaded(place);
    await place.code();
    assert.equal(await recorded(), 2);
    const { json } = await call(place.config.adminSocket, 'GET /v1/log?type=event');
    assert.match(JSON.stringify(json), /"event":"reconfigured","details":\{"changed":\["decision_log"\]\}/);
  });

  test('enrols a machine, moves it to another bundle, and does not take its policy from it', async (t) => {
    const place = await reloadable(t);
    const bundleOf = (name: string, revision: string, host: string): object => {
      const path = join(place.root, name);
      const policies = [
        bundlePolicy([{ id: 'r', name: 'r', decision: 'allow', actions: ['connect:tcp'], resources: [host] }]),
      ];
      const at = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+/, '');
      const times = { issued_at: at(-1), expires_at: at(30) };
      writeFileSync(path, bundleText({ revision, policies, ...times }), { mode: 0o644 });
      return { type: 'file', path, org: 'acme' };
    };
    place.write({ source: bundleOf('one.json', '1', 'a.example') });
    assert.deepEqual(await reloaded(place), { kind: 'reloaded', changed: ['source'] });
    await eventually('the policy', async () => (await place.code()) === 'org_allow');
    const two = bundleOf('two.json', '2', 'b.example');
    place.write({ source: two });
    assert.equal((await reloaded(place)).kind, 'reloaded');
    await eventually('the other policy', async () => (await place.code('b.example')) === 'org_allow');
    assert.equal(await place.code(), 'default_deny');

    place.write({ source: { ...two, org: 'other' } });
    const moved = await reloaded(place);
    assert.ok(moved.kind === 'refused');
    assert.match(
      moved.message,
      /would serve no longer: this machine belongs to `acme`.*: reset it, or .*; restart the daemon/,
    );
    assert.equal(await place.code('b.example'), 'org_allow');
    // the thread that took over again looks after the file
    bundleOf('two.json', '3', 'c.example');
    await eventually('the next policy', async () => (await place.code('c.example')) === 'org_allow');

    place.write({});
    assert.equal((await reloaded(place)).kind, 'reloaded');
    assert.deepEqual([await place.code('c.example'), await place.code()], ['org_allow', 'default_deny']);
  });

  test('in the middle of which the daemon closes leaves nothing behind', async (t) => {
    const place = await reloadable(t);
    place.write({ preset: 'open' });
    const reload = place.daemon.reload();
    await within(10_000, 'the end', place.daemon.close());
    assert.ok(['reloaded', 'refused'].includes((await within(10_000, 'the outcome', reload)).kind));
    assert.equal(place.daemon.lostThreads(), 0);
    assert.equal(existsSync(join(place.root, 'state/policy.db-wal')), false, 'the database was closed');
  });
});

/** What a running daemon cannot change. */
function fixed({
  file,
  service,
  decideSocket,
  adminSocket,
  stateDirectory,
  log,
  localDirectory,
}: DaemonConfig): Partial<DaemonConfig> {
  return { file, service, decideSocket, adminSocket, stateDirectory, log, localDirectory };
}

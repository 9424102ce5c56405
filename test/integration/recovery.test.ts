import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig, ownInstallation } from '../../src/daemon/config/load-config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { openDatabase } from '../../src/store/database.ts';
import { type Ran, runCli } from '../cli/run-cli.ts';
import { bundleText } from '../support/bundle-documents.ts';
import { call, eventually, type Machine, machine, toHost } from '../support/daemon-process.ts';
import { egressPolicy, enrol } from '../support/enrolled-state.ts';

/** A state that a machine can be in, and what the commands of somebody who repairs it say. */
interface State {
  readonly name: string;
  readonly prepare: (place: Machine) => void;
  readonly source?: (place: Machine) => object;
  /** What the daemon answers for `a.example`; null = there is none, a pattern = what it refuses to start with. */
  readonly verdict: string | null | RegExp;
  readonly status: RegExp;
  readonly sync: RegExp;
}

const DAY_MS = 86_400_000;

/** Nobody answers there. */
function governance(place: Machine, org = 'acme'): object {
  const credential = join(place.root, 'credential');
  writeFileSync(credential, JSON.stringify({ identifier: 'i', secret: 's' }), { mode: 0o600 });
  return { type: 'governance', base_url: 'http://127.0.0.1:9/', org, credential_file: credential };
}

const NO_DAEMON = /hint: start the daemon: `reeve service install`, or `reeve daemon --config FILE`/;
const UNREACHABLE = /reeve: .*127\.0\.0\.1/;

const STATES: readonly State[] = [
  {
    name: 'no daemon runs',
    prepare: ({ state }) => enrol(state),
    verdict: null,
    status: NO_DAEMON,
    sync: NO_DAEMON,
  },
  {
    name: 'no policy has ever arrived',
    prepare: () => undefined,
    verdict: 'deny no_policy',
    status: /closed: no policy of `acme` has arrived yet/,
    sync: UNREACHABLE,
  },
  {
    name: 'the policy denies everything',
    prepare: ({ state }) => {
      const rules = [
        { id: 'all', decision: 'deny', actions: ['connect:tcp', 'connect:udp'], resources: ['**'] },
        { id: 'paths', decision: 'deny', actions: ['read', 'write'], resources: ['/**'] },
      ];
      const policies = rules.map((rule) => egressPolicy('', { id: rule.id, allowlist_v0: { rules: [rule] } }));
      enrol(state, { policies, governed: ['network', 'filesystem'] });
    },
    verdict: 'deny org_deny',
    status: /revision sha256:1/,
    sync: UNREACHABLE,
  },
  {
    name: 'the policy is too old to be trusted',
    prepare: ({ state }) => enrol(state, { syncedAt: Date.now() - 40 * DAY_MS }),
    verdict: 'deny policy_stale',
    status: /too old to be trusted/,
    sync: UNREACHABLE,
  },
  {
    name: 'the policy has expired',
    prepare: ({ root }) => {
      const [issued, expires] = [Date.now() - DAY_MS, Date.now() + 10_000].map((at) => new Date(at).toISOString());
      const members = { issued_at: issued, expires_at: expires, policies: [egressPolicy()] };
      writeFileSync(join(root, 'bundle.json'), bundleText(members), { mode: 0o600 });
    },
    source: ({ root }) => ({ type: 'file', org: 'acme', path: join(root, 'bundle.json') }),
    verdict: 'deny policy_expired',
    status: /has expired/,
    sync: /the bundle ended at .*: publish a new revision/,
  },
  {
    name: 'database and mark do not fit',
    prepare: ({ state }) => {
      enrol(state);
      writeFileSync(join(state, 'mark'), readFileSync(join(state, 'mark'), 'utf8').replaceAll('sha256:', 'sha256:9'));
    },
    verdict: 'deny not_ready',
    status: /cannot be trusted/,
    sync: UNREACHABLE,
  },
  {
    name: 'the database is damaged',
    prepare: ({ state }) => {
      enrol(state);
      writeFileSync(join(state, 'policy.db'), 'x'.repeat(65_536));
    },
    verdict: /is no usable database: move it away and start again/,
    status: NO_DAEMON,
    sync: NO_DAEMON,
  },
  {
    name: 'the database is of a newer version',
    prepare: ({ state }) => {
      const database = openDatabase(join(state, 'policy.db'), []);
      database.pragma('user_version = 99');
      database.close();
    },
    verdict: /install a newer reeve/,
    status: NO_DAEMON,
    sync: NO_DAEMON,
  },
  {
    name: 'the configuration names another organisation',
    prepare: ({ state }) => enrol(state),
    source: (place) => governance(place, 'other'),
    verdict: 'deny org_conflict',
    status: /this machine belongs to `acme` and its configuration names `other`/,
    sync: UNREACHABLE,
  },
];

/** The daemon of a machine, in this process. */
async function started(t: TestContext, place: Machine): Promise<Daemon> {
  mkdirSync(join(place.root, 'run'), { recursive: true, mode: 0o700 });
  const config = loadConfig(place.config, ownInstallation());
  const daemon = await startDaemon({ config, log: createLogger(config.log) });
  t.after(() => daemon.close());
  return daemon;
}

async function verdictOf({ decide }: Machine): Promise<string> {
  const { json } = await call(decide, 'POST /v1/decide', toHost('a.example'));
  const { decision, code } = json as { decision?: string; code?: string };
  return `${decision ?? ''} ${code ?? ''}`;
}

async function isServed(t: TestContext, place: Machine, { verdict }: State): Promise<boolean> {
  if (verdict === null) return false;
  if (typeof verdict !== 'string') {
    await assert.rejects(started(t, place), verdict);
    return false;
  }
  await started(t, place);
  await eventually(verdict, async () => (await verdictOf(place)) === verdict, 30_000);
  return true;
}

for (const state of STATES) {
  test(`recovery works where ${state.name}`, async (t) => {
    const place = machine(t);
    mkdirSync(place.state, { mode: 0o700 });
    place.configure({ source: state.source?.(place) ?? governance(place) });
    state.prepare(place);
    const served = await isServed(t, place, state);
    const ask = (...argv: readonly string[]): Promise<Ran> => runCli([...argv, '--socket', place.decide]);

    const status = await ask('status');
    assert.equal(status.code, served ? 0 : 4);
    assert.match(served ? status.stdout : status.stderr, state.status);
    const sync = await ask('sync');
    assert.deepEqual([sync.code, sync.stdout], [served ? 1 : 4, '']);
    assert.match(sync.stderr, state.sync);
    if (served) assert.equal(await verdictOf(place), state.verdict, 'a failed sync changes nothing');

    const good = join(place.root, 'good.json');
    writeFileSync(good, bundleText({ expires_at: new Date(Date.now() + DAY_MS).toISOString() }));
    const verified = await runCli(['bundle', 'verify', good]);
    assert.deepEqual([verified.code, verified.stderr], [0, '']);

    const reset = await runCli(['reset', '--keep-log', '--yes', '--json', '--config', place.config]);
    assert.equal(reset.code, 0, reset.stderr);
    const report = JSON.parse(reset.stdout) as { by: string; audited: boolean };
    assert.deepEqual([report.by, report.audited], [served ? 'daemon' : 'files', true]);
    if (!served) await started(t, place);
    await eventually('a fresh start', async () => (await verdictOf(place)) === 'deny no_policy');
    const log = await ask('log', '--type', 'event', '--json');
    assert.equal(log.code, 0, log.stderr);
    const { records } = JSON.parse(log.stdout) as { records: { event: string }[] };
    assert.ok(records.some(({ event }) => event === 'reset'));
  });
}

test('recovery works where there is no state at all', async (t) => {
  const place = machine(t);
  place.configure({ source: governance(place) });
  const reset = await runCli(['reset', '--keep-log', '--yes', '--config', place.config]);
  assert.deepEqual([reset.code, reset.stdout], [0, 'nothing to reset: there is no state\n']);
  rmSync(place.config);
  const named = await runCli(['reset', '--yes', '--socket', place.decide, '--state-directory', place.state]);
  assert.equal(named.code, 0, named.stderr);
});

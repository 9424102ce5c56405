import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { revokeCredential } from '../../src/control-plane/credentials.ts';
import { openControlPlaneDatabase } from '../../src/control-plane/store/open.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import {
  type Login,
  newCredential,
  ORG,
  POLICIES,
  type RunningServer,
  startServer,
  textAt,
} from '../control-plane/running-server.ts';
import {
  call,
  decided,
  eventually,
  logText,
  type Machine,
  machine,
  startDaemonProcess,
  toHost,
  verdict,
} from '../support/daemon-process.ts';

interface Enrolled {
  readonly server: RunningServer;
  readonly place: Machine;
  readonly login: Login;
  /** Configures the machine with the organisation as its source; `more` goes beside and over that. */
  readonly enrol: (source?: Readonly<Record<string, unknown>>, more?: Readonly<Record<string, unknown>>) => void;
}

/** A real control plane, and a machine that may read from it. */
async function organisation(t: TestContext): Promise<Enrolled> {
  const server = await startServer(t);
  const place = machine(t);
  const login = newCredential(server.database, 'machine');
  const credentialFile = join(place.root, 'credential.json');
  const enrol: Enrolled['enrol'] = (source = {}, more = {}) => {
    writeFileSync(credentialFile, JSON.stringify(login), { mode: 0o600 });
    const base = { type: 'governance', base_url: server.plane.url, org: ORG, credential_file: credentialFile };
    place.configure({ source: { ...base, interval: '1s', ...source }, ...more });
  };
  enrol();
  return { server, place, login, enrol };
}

async function newPolicyWith(
  { ask }: RunningServer,
  rule: {
    readonly decision: 'allow' | 'deny';
    readonly resources: readonly string[];
    readonly actions?: readonly string[];
  },
  teams: readonly string[] = [],
): Promise<string> {
  const name = `${rule.decision} ${rule.resources.join()}`;
  const policy = await ask(`POST ${POLICIES}`, { body: teams.length === 0 ? { name } : { name, scope: { teams } } });
  const id = textAt(policy.body, 'id');
  const body = { name, actions: ['connect:tcp'], ...rule };
  const written = await ask(`POST ${POLICIES}/${id}/rules`, { body });
  assert.equal(written.status, 201, JSON.stringify(written.body));
  return id;
}

async function becomes(
  place: Machine,
  wanted: string,
  question: unknown = toHost('a.example'),
  ms?: number,
): Promise<void> {
  let last = '';
  const look = async (): Promise<boolean> => (last = await verdict(place, question)) === wanted;
  await eventually(`${JSON.stringify(question)} to be ${wanted}`, look, ms).catch((error: unknown) =>
    assert.fail(`${String(error)}, it is ${last}`),
  );
}

interface Status {
  readonly source: {
    readonly state: string;
    readonly last_success: string | null;
    readonly last_error: { code: string; stage: string } | null;
  };
  readonly domains: Readonly<Record<string, { governed: boolean; closed: { code: string } | null }>>;
  readonly staleness: { readonly state: string };
  readonly revision: string;
  readonly organisation: string;
  readonly warnings: readonly { readonly code: string }[];
}

async function statusOf({ decide }: Machine): Promise<Status> {
  return (await call(decide, 'GET /v1/status')).json as Status;
}

/** Changes what a daemon that is not running will find. */
function edit({ state }: Machine, change: (database: Database) => void): void {
  const database = openDatabase(join(state, 'policy.db'), POLICY_MIGRATIONS);
  change(database);
  database.close();
}

test('the whole loop: pulled, changed by itself, kept without the server, and kept over a restart without it', async (t) => {
  const { server, place } = await organisation(t);
  const policy = await newPolicyWith(server, { decision: 'allow', resources: ['a.example', '*.b.example:443'] });
  // one of them counts, in the domain that nobody governs
  place.writeLocal('10.json', [
    { id: 'net', decision: 'allow', resources: ['local.example'] },
    { id: 'fs', decision: 'allow', actions: ['read'], resources: [`${place.root}/free/**`] },
  ]);
  const daemon = await startDaemonProcess(t, place);
  await becomes(place, 'allow org_allow');
  const first = await decided(place, toHost('a.example'));
  assert.match(first.revision, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await verdict(place, toHost('x.b.example')), 'allow org_allow');
  assert.equal(await verdict(place, toHost('x.b.example', 80)), 'deny default_deny');
  assert.equal(await verdict(place, toHost('local.example')), 'deny default_deny');
  assert.equal(await verdict(place, { action: 'read', path: join(place.root, 'free/x') }), 'allow local_allow');

  const status = await statusOf(place);
  assert.deepEqual(
    [status.organisation, status.source.state, status.source.last_error, status.staleness.state, status.revision],
    [ORG, 'ok', null, 'fresh', first.revision],
  );
  assert.deepEqual([status.domains['network']?.governed, status.domains['filesystem']?.governed], [true, false]);
  const { json } = await call(place.admin, 'GET /v1/rules');
  const listed = (json as { rules: { id: string; origin: string; active: boolean; cause?: string }[] }).rules;
  assert.deepEqual(
    listed.filter(({ origin }) => origin === 'local').map(({ id, active }) => `${id} ${active}`),
    ['net false', 'fs true'],
  );
  assert.match(listed.find(({ id }) => id === 'net')?.cause ?? '', /the organisation governs the network domain/);

  // nobody tells the daemon: its own interval of a second does
  const body = { name: 'no more', decision: 'deny', actions: ['connect:tcp'], resources: ['a.example'] };
  const denied = await server.ask(`POST ${POLICIES}/${policy}/rules`, { body });
  const wroteAt = performance.now();
  await becomes(place, 'deny org_deny');
  assert.ok(performance.now() - wroteAt < 6_000, 'within a few intervals');
  const changed = await decided(place, toHost('a.example'));
  assert.equal(changed.rule, textAt(denied.body, 'id'));
  assert.ok(changed.generation > first.generation && changed.revision !== first.revision);

  await server.plane.close();
  await eventually('the source to fail', async () => (await statusOf(place)).source.state === 'failing');
  const failing = await statusOf(place);
  assert.deepEqual([failing.source.last_error?.code, failing.revision], ['unreachable', changed.revision]);
  assert.ok(failing.source.last_success);
  assert.deepEqual(await decided(place, toHost('a.example')), changed);
  assert.equal(await verdict(place, toHost('x.b.example')), 'allow org_allow');
  assert.equal((await daemon.stop()).code, 0);

  await startDaemonProcess(t, place);
  const restarted = await decided(place, toHost('a.example'));
  assert.deepEqual({ ...restarted, generation: 0 }, { ...changed, generation: 0 });
  assert.equal(await verdict(place, toHost('x.b.example')), 'allow org_allow');
  assert.equal(await verdict(place, toHost('local.example')), 'deny default_deny');
});

test('an organisation that was never reached denies everything, local allows included, until it is', async (t) => {
  const { server, place, enrol } = await organisation(t);
  const { port } = new URL(server.plane.url);
  await newPolicyWith(server, { decision: 'allow', resources: ['a.example'] });
  await server.plane.close();
  place.writeLocal('10.json', [{ id: 'x', decision: 'allow', resources: ['local.example'] }]);
  enrol({}, { preset: 'open' });
  await startDaemonProcess(t, place);
  for (const question of [toHost('a.example'), toHost('local.example'), { action: 'read', path: '/etc/hostname' }]) {
    assert.equal(await verdict(place, question), 'deny no_policy');
  }
  await startServer(t, { database: server.database, port: Number(port) });
  await becomes(place, 'allow org_allow');
  assert.equal(await verdict(place, toHost('local.example')), 'deny default_deny');
});

test('a policy for one team counts on the machines of that team, and its allow nowhere else', async (t) => {
  const { server, place, enrol } = await organisation(t);
  await newPolicyWith(server, { decision: 'allow', resources: ['everybody.example'] });
  await newPolicyWith(server, { decision: 'allow', resources: ['eng.example'] }, ['eng']);
  await newPolicyWith(server, { decision: 'deny', resources: ['everybody.example'] }, ['ops']);
  const seenWith = async (teams: readonly string[] | null): Promise<string[]> => {
    enrol({ teams });
    const daemon = await startDaemonProcess(t, place);
    assert.equal((await call(place.admin, 'POST /v1/sync')).status, 200);
    const seen = [await verdict(place, toHost('eng.example')), await verdict(place, toHost('everybody.example'))];
    assert.equal((await daemon.stop()).code, 0);
    return seen;
  };
  assert.deepEqual(await seenWith(['eng', 'other']), ['allow org_allow', 'allow org_allow']);
  assert.deepEqual(await seenWith([]), ['deny default_deny', 'allow org_allow']);
  // without a team list nobody knows: denies apply, allows do not
  assert.deepEqual(await seenWith(null), ['deny default_deny', 'deny org_deny']);
});

test('what is stored keeps governing: another organisation conflicts, an edited policy is not served, age closes', async (t) => {
  const { server, place, enrol } = await organisation(t);
  await newPolicyWith(server, { decision: 'allow', resources: ['a.example'] });
  place.writeLocal('10.json', [
    { id: 'net', decision: 'allow', resources: ['local.example'] },
    { id: 'fs', decision: 'allow', actions: ['read'], resources: [`${place.root}/free/**`] },
  ]);
  const free = { action: 'read', path: join(place.root, 'free') };
  const first = await startDaemonProcess(t, place);
  await becomes(place, 'allow org_allow');
  const { revision } = await decided(place, toHost('a.example'));
  await first.stop();

  const offline = { base_url: 'http://127.0.0.1:9/v2' };
  const seenWith = async (questions: readonly unknown[]): Promise<{ verdicts: string[]; status: Status }> => {
    const daemon = await startDaemonProcess(t, place);
    const verdicts: string[] = [];
    for (const question of questions) verdicts.push(await verdict(place, question));
    const status = await statusOf(place);
    assert.equal((await daemon.stop()).code, 0);
    return { verdicts, status };
  };
  const questions = [toHost('a.example'), toHost('local.example'), free];

  enrol({ ...offline, org: 'globex' });
  assert.deepEqual((await seenWith(questions)).verdicts, Array(3).fill('deny org_conflict'));

  // taking the source out of the configuration un-governs nothing
  place.configure();
  const without = await seenWith(questions);
  assert.deepEqual(without.verdicts, ['allow org_allow', 'deny default_deny', 'allow local_allow']);
  assert.equal(without.status.revision, revision);

  const day = 24 * 3_600_000;
  const age = (days: number): void =>
    edit(place, (database) => database.prepare('UPDATE last_sync SET confirmed_at = ?').run(Date.now() - days * day));
  enrol(offline);
  age(2);
  const aged = await seenWith(questions);
  assert.deepEqual(aged.verdicts, without.verdicts);
  assert.equal(aged.status.staleness.state, 'warn');
  assert.ok(aged.status.warnings.some(({ code }) => code === 'policy_aging'));
  age(31);
  const stale = await seenWith(questions);
  assert.deepEqual(stale.verdicts, ['deny policy_stale', 'deny policy_stale', 'allow local_allow']);
  assert.equal(stale.status.domains['network']?.closed?.code, 'policy_stale');
  place.configure();
  assert.deepEqual((await seenWith(questions)).verdicts, stale.verdicts, 'also without a source');

  edit(place, (database) => database.exec("UPDATE bundle SET content = replace(content, 'a.example', 'evil.example')"));
  for (const configure of [() => enrol(offline), () => place.configure()]) {
    configure();
    const damaged = await seenWith([...questions, toHost('evil.example')]);
    assert.deepEqual(damaged.verdicts, Array(4).fill('deny not_ready'));
    assert.equal(damaged.status.domains['network']?.closed?.code, 'not_ready');
  }

  // the server says it anew
  enrol();
  await startDaemonProcess(t, place);
  await becomes(place, 'allow org_allow');
  assert.equal(await verdict(place, toHost('evil.example')), 'deny default_deny');
});

test('no secret and no token reach the log, the status or an error, whatever the server refuses', async (t) => {
  const { server, place, login } = await organisation(t);
  await newPolicyWith(server, { decision: 'allow', resources: ['a.example'] });
  const daemon = await startDaemonProcess(t, place);
  await becomes(place, 'allow org_allow');
  const credentialFile = join(place.root, 'credential.json');
  const wrong = 'reeve_machine_a-secret-nobody-may-see';
  const texts: string[] = [];
  revoke(server, login.identifier);
  // a revoked secret, one that was never issued, and what is no credential file at all
  for (const content of [
    JSON.stringify(login),
    JSON.stringify({ ...login, secret: wrong }),
    `{"identifier": "x", "secret": "${wrong}"`,
  ]) {
    writeFileSync(credentialFile, content, { mode: 0o600 });
    const sync = await call(place.admin, 'POST /v1/sync');
    assert.equal(sync.status, 502, sync.text);
    texts.push(sync.text);
    texts.push((await call(place.decide, 'GET /v1/status')).text, (await call(place.admin, 'GET /v1/rules')).text);
  }
  assert.equal(await verdict(place, toHost('a.example')), 'allow org_allow');
  const ended = await daemon.stop();
  const everything = [...texts, logText(place), ended.stderr].join('\n');
  assert.match(everything, /the server refused the credential/);
  for (const secret of [login.secret, wrong]) assert.ok(!everything.includes(secret), 'a secret is shown');
  assert.doesNotMatch(everything, /eyJ|Bearer|[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/, 'a token is shown');
});

/** As an operator does it: beside the running server. */
function revoke({ database: path }: RunningServer, identifier: string): void {
  const database = openControlPlaneDatabase(path);
  revokeCredential(database, identifier);
  database.close();
}

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import {
  COVERED,
  call,
  type Ended,
  eventually,
  logText,
  type Machine,
  machine,
  spawnDaemon,
  startDaemonProcess,
  toHost,
  verdict,
  within,
} from '../support/daemon-process.ts';
import { connect, exchange, fieldOf, httpRequest, parseResponses } from '../support/raw-http.ts';

type Context = Parameters<typeof machine>[0];

/** How a daemon that must not start ends. */
async function refused(t: Context, { config }: Machine, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return within(15_000, 'the daemon to refuse', spawnDaemon(t, config, { env }).ended);
}

function assertRefused(ended: Ended, message: RegExp): void {
  assert.equal(ended.code, 1, ended.stderr);
  assert.match(ended.stderr, message);
  assert.doesNotMatch(ended.stderr, /internal error/);
  assert.doesNotMatch(ended.stderr, /\n\s+at /, 'no stack trace for a person');
}

describe('a daemon without an organisation', () => {
  test('denies everything by default, says so, and exits 0 on SIGTERM leaving no sockets behind', async (t) => {
    const place = machine(t);
    const daemon = await startDaemonProcess(t, place, { env: COVERED });
    assert.equal(await verdict(place, toHost('example.com')), 'deny default_deny');
    assert.equal(await verdict(place, { action: 'read', path: '/etc/hostname' }), 'deny default_deny');
    assert.equal(await verdict(place, { action: 'write', path: '/tmp/x' }), 'deny default_deny');
    const { json } = await call(place.decide, 'GET /v1/status');
    const status = json as Record<string, unknown>;
    assert.deepEqual(
      [status['ready'], status['source'], status['organisation'], status['preset'], status['revision']],
      [true, null, null, 'locked-down', 'none'],
    );
    assert.deepEqual(status['domains'], {
      network: { governed: false, delegated: false, mode: 'enforce', closed: null },
      filesystem: { governed: false, delegated: false, mode: 'enforce', closed: null },
    });
    assert.equal(status['pid'], daemon.pid);

    const ended = await daemon.stop();
    assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, '']);
    assert.deepEqual([existsSync(place.decide), existsSync(place.admin)], [false, false]);
  });

  test('keeps every decision with who asked, over a restart, and shows it to an operator', async (t) => {
    const place = machine(t);
    const first = await startDaemonProcess(t, place);
    await verdict(place, { ...toHost('one.example.com'), sandbox: 's-1' });
    const batch = [toHost('two.example.com'), toHost('three.example.com')];
    await call(place.decide, 'POST /v1/decide', batch);
    await first.stop();
    await startDaemonProcess(t, place);
    await verdict(place, { action: 'read', path: '/etc/hostname' });
    const { json } = await call(place.admin, 'GET /v1/log');
    const { records } = json as { records: readonly Record<string, unknown>[] };
    const text = (part: string): string =>
      records.map((record) => JSON.stringify(record)).find((one) => one.includes(part)) ?? '';
    for (const part of ['one.example.com', 'two.example.com', 'three.example.com', '/etc/hostname']) {
      assert.match(text(part), /"code":"default_deny"/, part);
    }
    assert.match(text('one.example.com'), /"sandbox":"s-1"/);
    const status = (await call(place.decide, 'GET /v1/status')).json as { decision_log: Record<string, unknown> };
    assert.deepEqual([status.decision_log['recorded'], status.decision_log['lost']], [1, 0]);
    const elsewhere = await call(place.decide, 'GET /v1/log');
    assert.equal(elsewhere.status, 404, 'not for everybody');
  });

  test('guards its files: private state, log and admin socket, and its own configuration from writes', async (t) => {
    const place = machine(t);
    place.configure({ preset: 'open' });
    await startDaemonProcess(t, place);
    const mode = (path: string): number => statSync(path).mode & 0o777;
    assert.deepEqual([mode(place.state), mode(join(place.state, 'policy.db')), mode(place.log)], [0o700, 0o600, 0o600]);
    assert.equal(mode(place.admin), 0o600);
    assert.equal(mode(place.decide), process.getuid?.() === 0 ? 0o666 : 0o600);
    assert.equal(await verdict(place, { action: 'write', path: join(place.root, 'free') }), 'allow preset_allow');
    for (const path of [
      place.config,
      place.decide,
      place.admin,
      join(place.state, 'policy.db'),
      join(place.local, 'x.yaml'),
    ]) {
      assert.equal(await verdict(place, { action: 'write', path }), 'deny builtin_deny', path);
    }
  });

  test('protects a configuration that was named by a path with dots in it', async (t) => {
    const place = machine(t);
    place.configure({ preset: 'open' });
    mkdirSync(join(place.root, 'sub'));
    const daemon = await startDaemonProcess(t, { ...place, config: `${place.root}/sub/.././reeve.yaml` });
    assert.equal(await verdict(place, { action: 'write', path: join(place.root, 'free') }), 'allow preset_allow');
    assert.equal(await verdict(place, { action: 'write', path: place.config }), 'deny builtin_deny');
    await daemon.stop();
  });

  test('answers what was pipelined before SIGTERM, in order, and then exits 0', async (t) => {
    const place = machine(t);
    // many links make each question take a while
    for (let link = 0; link < 38; link += 1) symlinkSync(`l${link + 1}`, join(place.root, `l${link}`));
    writeFileSync(join(place.root, 'l38'), '');
    const daemon = await startDaemonProcess(t, place);
    const questions = 600;
    const socket = await connect(place.decide);
    let text = '';
    const closed = new Promise((resolve) => socket.once('end', resolve));
    const lines = (): string[] => text.split('\n').slice(0, -1);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    for (let id = 0; id < questions; id += 1) {
      socket.write(`${JSON.stringify({ action: 'read', path: join(place.root, 'l0'), id })}\n`);
    }
    await eventually('the first answers', () => lines().length >= 100);
    daemon.kill('SIGTERM');
    assert.ok(lines().length < questions, 'the batch is still in flight');
    await within(10_000, 'the connection to end', closed);
    const ids = lines().map((line) => (JSON.parse(line) as { id: number }).id);
    assert.deepEqual(ids, [...Array(questions).keys()]);
    assert.equal((await within(10_000, 'the end', daemon.ended)).code, 0);
  });

  test('refuses to start twice, and the first one goes on', async (t) => {
    const place = machine(t);
    await startDaemonProcess(t, place);
    const second = await refused(t, place);
    assertRefused(second, /another daemon keeps its state in `.*state`: stop it first/);
    assert.equal(await verdict(place, toHost('example.com')), 'deny default_deny');
  });

  test('replaces the socket of a daemon that was killed', async (t) => {
    const place = machine(t);
    const killed = await startDaemonProcess(t, place);
    killed.kill('SIGKILL');
    await killed.ended;
    assert.ok(existsSync(place.decide), 'a dead socket is left behind');
    const next = await startDaemonProcess(t, place);
    assert.equal(await verdict(place, toHost('example.com')), 'deny default_deny');
    assert.equal((await next.stop()).code, 0);
  });

  test('decides and exits 0 also where its log takes nothing', { skip: !existsSync('/dev/full') }, async (t) => {
    const place = machine(t);
    place.configure({ log: { destination: '/dev/full' } });
    const daemon = await startDaemonProcess(t, place);
    assert.equal(await verdict(place, toHost('example.com')), 'deny default_deny');
    const ended = await daemon.stop();
    assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr);
  });

  test('ends at once on a second signal, whatever it still waits for', async (t) => {
    const place = machine(t);
    const daemon = await startDaemonProcess(t, place);
    const socket = await connect(place.decide);
    t.after(() => socket.destroy());
    // nobody reads the answers, so the drain goes on for its whole time
    for (let line = 0; line < 20_000; line += 1) socket.write(`${JSON.stringify(toHost('a.example'))}\n`);
    await eventually('the daemon to be at it', async () =>
      (await verdict(place, toHost('b.example'))).startsWith('deny'),
    );
    daemon.kill('SIGTERM');
    await eventually('the drain', () => !existsSync(place.decide));
    daemon.kill('SIGTERM');
    const ended = await within(3_000, 'the end', daemon.ended);
    assert.equal(ended.code === 0, false, 'it did not end in good order');
    assert.match(logText(place), /"why":"second signal"/);
  });

  test('that is told to stop while it starts ends by itself, with nothing left behind', async (t) => {
    const place = machine(t);
    const daemon = spawnDaemon(t, place.config);
    await eventually('the database', () => existsSync(join(place.state, 'policy.db')));
    daemon.kill('SIGTERM');
    const ended = await within(10_000, 'the end', daemon.ended);
    assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, '']);
    assert.deepEqual([existsSync(place.decide), existsSync(place.admin)], [false, false]);
  });
});

describe('a daemon does not start', () => {
  test('with a configuration that somebody else could write', async (t) => {
    const place = machine(t);
    chmodSync(place.config, 0o620);
    assertRefused(await refused(t, place), /can be written by its group or by others: chmod go-w it/);
    chmodSync(place.config, 0o600);
    chmodSync(place.root, 0o777);
    assertRefused(await refused(t, place), /can be written by its group or by others: chmod go-w it/);
  });

  test('with a member that it does not know', async (t) => {
    const place = machine(t);
    place.configure({ prset: 'open' });
    assertRefused(await refused(t, place), /`prset`: unknown member/);
  });

  test('without its configuration', async (t) => {
    const place = machine(t);
    rmSync(place.config);
    assertRefused(await refused(t, place), /there is no `.*reeve\.yaml`/);
  });

  test('where certificates would not be checked', async (t) => {
    const place = machine(t);
    assertRefused(
      await refused(t, place, { ...COVERED, NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
      /NODE_TLS_REJECT_UNAUTHORIZED=0/,
    );
    assert.equal(existsSync(place.state), false);
  });

  test('where its log cannot be opened', async (t) => {
    const place = machine(t);
    place.configure({ log: { destination: join(place.root, 'missing', 'reeve.log') } });
    assertRefused(await refused(t, place), /cannot open the log `.*reeve\.log` \(`log\.destination`\)/);
  });

  test('where its state cannot be made or is no database, and opens no socket', async (t) => {
    const place = machine(t);
    writeFileSync(place.state, '');
    assertRefused(await refused(t, place), /state/);
    rmSync(place.state);
    mkdirSync(place.state);
    chmodSync(place.state, 0o770);
    assertRefused(await refused(t, place), /it is writable for group or others: chmod go-w it/);
    chmodSync(place.state, 0o700);
    writeFileSync(join(place.state, 'policy.db'), 'this is no database, whatever its name says'.repeat(100));
    assertRefused(await refused(t, place), /policy\.db` is no usable database: move it away and start again/);
    assert.equal(existsSync(place.decide), false);
  });

  test('with a source that it may not ask, and closes the sockets it had opened', async (t) => {
    const place = machine(t);
    const source = { type: 'governance', base_url: 'http://policy.example.com', org: 'acme', credential_file: '/x' };
    place.configure({ source });
    assertRefused(await refused(t, place), /is not this machine: use https/);
    assert.deepEqual([existsSync(place.decide), existsSync(place.admin)], [false, false]);
    place.configure({ source: { ...source, base_url: 'https://policy.example.com', interval: '1s' } });
    assertRefused(await refused(t, place), /`source\.interval` below 30s is for a source on loopback only/);
  });
});

describe('local override files of a running daemon', () => {
  const allow = [{ id: 'a', decision: 'allow', resources: ['a.example'] }];

  test('count when they are written, keep their last good version when broken, and are gone when deleted', async (t) => {
    const place = machine(t);
    const daemon = await startDaemonProcess(t, place);
    const waitFor = (wanted: string, host = 'a.example'): Promise<void> =>
      eventually(`${host} to be ${wanted}`, async () => (await verdict(place, toHost(host))) === wanted);
    place.writeLocal('10-a.json', allow);
    await waitFor('allow local_allow');

    place.writeLocal('10-a.json', [{ id: 'b', decision: 'allow', resources: ['b.example'] }]);
    await waitFor('deny default_deny');
    await waitFor('allow local_allow', 'b.example');

    writeFileSync(join(place.local, '10-a.json'), '{"version": 1, "rules": [');
    await eventually('the broken file to be listed', async () => (await states(place)).join() === 'last_good');
    assert.equal(await verdict(place, toHost('b.example')), 'allow local_allow');
    assert.equal((await daemon.stop()).code, 0);

    // the last good version outlives the process
    await startDaemonProcess(t, place);
    assert.deepEqual(await states(place), ['last_good']);
    assert.equal(await verdict(place, toHost('b.example')), 'allow local_allow');
    rmSync(join(place.local, '10-a.json'));
    await waitFor('deny default_deny', 'b.example');
    assert.deepEqual(await states(place), []);
  });

  test('close both domains when one never parsed, and lose their allows when somebody else could write', async (t) => {
    const place = machine(t);
    place.writeLocal('10-a.json', allow);
    await startDaemonProcess(t, place);
    assert.equal(await verdict(place, toHost('a.example')), 'allow local_allow');
    writeFileSync(join(place.local, '20-b.yaml'), 'version: 1\nrules: [', { mode: 0o644 });
    await eventually('the closure', async () => (await verdict(place, toHost('a.example'))) === 'deny local_invalid');
    assert.equal(await verdict(place, { action: 'read', path: '/srv/x' }), 'deny local_invalid');
    rmSync(join(place.local, '20-b.yaml'));
    await eventually('the opening', async () => (await verdict(place, toHost('a.example'))) === 'allow local_allow');

    chmodSync(join(place.local, '10-a.json'), 0o666);
    await eventually('inert allows', async () => (await verdict(place, toHost('a.example'))) === 'deny default_deny');
    assert.deepEqual(await states(place), ['allows_inert']);
    const { json } = await call(place.admin, 'GET /v1/rules');
    const [rule] = (json as { rules: { origin: string; active: boolean; cause?: string }[] }).rules.filter(
      ({ origin }) => origin === 'local',
    );
    assert.equal(rule?.active, false);
    assert.match(rule.cause ?? '', /can be written by its group or by others/);
  });

  async function states({ decide }: Machine): Promise<string[]> {
    const { json } = await call(decide, 'GET /v1/status');
    return (json as { local_files: { state: string }[] }).local_files.map(({ state }) => state);
  }
});

describe('the sockets of a running daemon', () => {
  test('speak AuthZEN, newline-delimited JSON and batches, each by what the daemon serves', async (t) => {
    const place = machine(t);
    place.configure({ authzen: { identifier: 'https://pdp.example.com/' } });
    place.writeLocal('10.json', [{ id: 'a', decision: 'allow', resources: ['a.example:443'] }]);
    await startDaemonProcess(t, place);

    const metadata = await call(place.decide, 'GET /.well-known/authzen-configuration');
    assert.equal((metadata.json as Record<string, unknown>)['policy_decision_point'], 'https://pdp.example.com');
    const evaluation = (id: string): object => ({
      subject: { type: 'sandbox', id: 'sbx-1' },
      action: { name: 'connect:tcp' },
      resource: { type: 'network', id },
    });
    const headers = { 'Content-Type': 'application/json', 'X-Request-ID': 'r-1' };
    const request = (id: string): Buffer =>
      httpRequest('POST', '/access/v1/evaluation', { headers, body: JSON.stringify(evaluation(id)) });
    const responses = parseResponses(
      await exchange(place.decide, Buffer.concat([request('a.example:443'), request('b.example:443')])),
    );
    assert.deepEqual(
      responses.map((response) => [
        response.status,
        (response.json as { decision: boolean }).decision,
        fieldOf(response, 'x-request-id'),
      ]),
      [
        [200, true, 'r-1'],
        [200, false, 'r-1'],
      ],
    );

    const lines = (await exchange(place.decide, `${JSON.stringify({ ...toHost('a.example'), id: 7 })}\nnonsense\n`))
      .toString()
      .split('\n');
    assert.match(lines[0] ?? '', /"decision":"allow"/);
    assert.match(lines[0] ?? '', /"id":7/);
    assert.match(lines[1] ?? '', /"error":\{"code":"invalid_request"/);

    const batch = await call(place.decide, 'POST /v1/decide', [toHost('a.example'), toHost('b.example'), 1]);
    const items = batch.json as { decision?: string; generation?: number; error?: object }[];
    assert.deepEqual(
      items.map(({ decision }) => decision),
      ['allow', 'deny', undefined],
    );
    assert.equal(items[0]?.generation, items[1]?.generation);
    assert.ok(items[2]?.error);
  });

  test('are those that a service manager hands over, which outlive the daemon', async (t) => {
    const place = machine(t);
    const manager = createServer();
    mkdirSync(dirname(place.decide), { mode: 0o755 });
    await new Promise<void>((resolve) => void manager.listen(`${place.decide}.x`, resolve));
    const decideDescriptor: unknown = Reflect.get(Reflect.get(manager, '_handle') as object, 'fd');
    assert.ok(typeof decideDescriptor === 'number');
    const daemon = spawnDaemon(t, place.config, { decideDescriptor });
    // closing takes the file away under the name it was bound to; the daemon holds the socket
    renameSync(`${place.decide}.x`, place.decide);
    manager.close();
    // it is answered, however early it was asked: the manager had opened the socket before
    assert.equal(await verdict(place, toHost('a.example')), 'deny default_deny');
    const ended = await daemon.stop();
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.deepEqual([existsSync(place.decide), existsSync(place.admin)], [true, false]);
  });

  test('keep what changes state to the admin socket, and browsers out', async (t) => {
    const place = machine(t);
    await startDaemonProcess(t, place);
    assert.equal((await call(place.decide, 'POST /v1/sync')).status, 404);
    assert.equal((await call(place.decide, 'GET /v1/rules')).status, 404);
    const sync = await call(place.admin, 'POST /v1/sync');
    assert.deepEqual([sync.status, (sync.json as { error: { code: string } }).error.code], [502, 'no_source']);
    const [crossed] = parseResponses(
      await exchange(place.decide, httpRequest('GET', '/v1/status', { headers: { Origin: 'https://evil.example' } })),
    );
    assert.equal(crossed?.status, 403);
    assert.match(logText(place), /"msg":"ready"/);
  });
});

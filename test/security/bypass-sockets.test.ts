import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../src/client/index.ts';
import { LocalApiError } from '../../src/localapi/local-api-error.ts';
import { prepareSocketDirectory } from '../../src/localapi/socket-directory.ts';
import { startLocalApi } from '../../src/localapi/start-local-api.ts';
import { type DecisionDaemon, startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, exchange, exchangeHttp, fieldOf, httpRequest } from '../support/raw-http.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import type { Json } from './eval-case.ts';

// What strangers do to a socket that decides. Whatever they send, the only thing that may be read as allow is an allow.

const QUESTION = { action: 'connect:tcp', host: 'api.example.com', port: 443 };

interface Said {
  readonly status: number;
  readonly decision?: unknown;
  readonly code?: string;
}

/** One native request over HTTP; `body` as it is, or as JSON. */
async function decide({ decide: path }: DecisionDaemon, body: string | Buffer | Json | readonly Json[]): Promise<Said> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const [response] = await exchangeHttp(path, httpRequest('POST', '/v1/decide', { body: bytes }));
  const json = (response?.json ?? {}) as { decision?: unknown; code?: string; error?: { code: string } };
  return { status: response?.status ?? 0, decision: json.decision, code: json.code ?? json.error?.code ?? '' };
}

/** The same as one line of newline-delimited JSON; '' = closed without an answer. */
async function line({ decide: path }: DecisionDaemon, text: string | Buffer): Promise<string> {
  return (await exchange(path, text, '\n')).toString('utf8');
}

async function isAlive(daemon: DecisionDaemon): Promise<void> {
  assert.equal((await decide(daemon, QUESTION)).decision, 'allow', 'the daemon goes on deciding');
  assert.deepEqual(daemon.errors, []);
}

/** Neither framing decides on these bytes; HTTP answers 400. */
async function refusesBytes(daemon: DecisionDaemon, bodies: readonly (string | Buffer)[]): Promise<void> {
  for (const body of bodies) {
    const said = await decide(daemon, body);
    assert.deepEqual([said.status, said.decision], [400, undefined], String(body).slice(0, 120));
    const answer = await line(daemon, body);
    assert.doesNotMatch(answer, /"decision"/, String(body).slice(0, 120));
  }
  await isAlive(daemon);
}

test('18 a port that is too large, text or a fraction is never rounded to one that is allowed', async (t) => {
  const daemon = await startDecisionDaemon(t);
  const outOfRange = [65_979, 65_536, 0, -1, -65_093];
  for (const port of outOfRange) {
    const said = await decide(daemon, { ...QUESTION, port });
    assert.deepEqual([said.status, said.decision, said.code], [200, 'deny', 'invalid_request'], String(port));
  }
  await refusesBytes(
    daemon,
    ['"443"', '443.5', '[443]', 'true', 'null', '"443 "'].map(
      (port) => `{"action":"connect:tcp","host":"api.example.com","port":${port}}`,
    ),
  );
});

test('19 a host that is a list or an object is an error', async (t) => {
  const daemon = await startDecisionDaemon(t);
  const hosts = ['["api.example.com"]', '{"0":"api.example.com"}', '{"toString":"api.example.com"}', '1', 'true', '[]'];
  await refusesBytes(
    daemon,
    hosts.map((host) => `{"action":"connect:tcp","host":${host},"port":443}`),
  );
  await refusesBytes(
    daemon,
    ['[]', '{}'].map((path) => `{"action":"read","path":${path}}`),
  );
});

test('36 without a daemon, with a silent one and with one that talks nonsense the client denies', async (t) => {
  const replies: readonly ((socket: Socket) => void)[] = [
    () => undefined,
    (socket) => void socket.destroy(),
    (socket) => void socket.write('allow\n'),
    (socket) => void socket.write('{"decision":"allow"}\n'),
    (socket) => void socket.write('{"decision":"allow","id":1}\n{"decision":"allow","id":2}\n'),
    (socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n{"decision":"allow"}'),
    (socket) => void socket.write('{'.repeat(10_000)),
  ];
  const root = tempDirectory(t);
  let reply = replies[0] ?? assert.fail();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => reply(socket));
  });
  await new Promise<void>((resolve) => void server.listen(join(root, 's'), resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const ask = async (name: string): Promise<void> => {
    const client = createClient({ socket: join(root, name), timeout: 150 });
    const file = { action: 'read', path: '/x', real: '/x' } as const;
    const answers = [
      await client.decide({ action: 'connect:tcp', host: 'a.example.com', port: 443 }),
      ...(await client.decideMany([file, file])),
    ];
    client.close();
    for (const answer of answers) assert.deepEqual([answer.decision, answer.code], ['deny', 'daemon_unavailable']);
  };
  await ask('nobody-listens-here');
  for (const next of replies) {
    reply = next;
    await ask('s');
  }
});

test('37 nothing is decided on a frame that is empty, too large or cut off', async (t) => {
  const daemon = await startDecisionDaemon(t);
  const padded = (bytes: number): string => {
    const text = JSON.stringify({ ...QUESTION, agent: '' });
    return text.replace('"agent":""', `"agent":"${'x'.repeat(bytes - text.length)}"`);
  };
  assert.equal((await decide(daemon, padded(65_536))).decision, 'allow');
  const large = await decide(daemon, padded(65_537));
  assert.deepEqual([large.status, large.decision], [413, undefined]);
  assert.equal((await decide(daemon, '')).status, 400);
  assert.equal(await line(daemon, padded(65_537)), '');
  assert.equal(await line(daemon, ''), '');
  // a whole request whose announced body is longer than what comes
  const whole = JSON.stringify(QUESTION);
  const head = `POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Length: ${whole.length + 1}\r\n\r\n`;
  assert.doesNotMatch((await exchange(daemon.decide, head, whole)).toString(), /"decision":"allow"/);
  assert.equal((await exchange(daemon.decide, whole)).toString(), '', 'a line without its end is discarded');
  await isAlive(daemon);
});

test('38 a key that stands twice is an error, whichever of the two would win', async (t) => {
  const daemon = await startDecisionDaemon(t);
  await refusesBytes(daemon, [
    '{"action":"connect:tcp","host":"evil.test","host":"api.example.com","port":443}',
    '{"action":"connect:tcp","host":"api.example.com","host":"evil.test","port":443}',
    '{"action":"connect:tcp","host":"api.example.com","port":443,"ho\\u0073t":"evil.test"}',
    '{"action":"connect:tcp","host":"api.example.com","port":443,"labels":{"a":1,"a":2}}',
    '{"action":"read","path":"/srv/data/secret","path":"/srv/data/x"}',
  ]);
});

test('39 `__proto__` and `constructor`, as keys and as values, are words like any other', async (t) => {
  const daemon = await startDecisionDaemon(t);
  await refusesBytes(daemon, [
    '{"__proto__":{"action":"connect:tcp","host":"api.example.com","port":443}}',
    '{"action":"connect:tcp","host":"api.example.com","port":443,"__proto__":{"polluted":true}}',
    '{"action":"connect:tcp","host":"api.example.com","port":443,"constructor":{"prototype":{"polluted":true}}}',
    '{"action":"constructor","host":"api.example.com","port":443}',
    '{"action":"__proto__","host":"api.example.com","port":443}',
    '{"action":"toString","path":"/srv/data/x"}',
    '{"action":"hasOwnProperty","path":"/srv/data/x"}',
  ]);
  const labels = `{"action":"connect:tcp","host":"evil.test","port":443,"labels":{"__proto__":{"polluted":true}}}`;
  assert.equal((await decide(daemon, labels)).decision, 'deny');
  const authzen = httpRequest('POST', '/access/v1/evaluation', {
    headers: { 'Content-Type': 'application/json' },
    body: '{"subject":{"type":"user","id":"u"},"action":{"name":"__proto__"},"resource":{"type":"constructor","id":"x"},"context":{"__proto__":{"polluted":true}}}',
  });
  const [response] = await exchangeHttp(daemon.decide, authzen);
  assert.equal((response?.json as { decision?: unknown }).decision, false);
  assert.equal('polluted' in {}, false);
});

test('40 text that is no UTF-8, and half a character, are errors', async (t) => {
  const daemon = await startDecisionDaemon(t);
  const around = (bytes: number[]): Buffer =>
    Buffer.concat([
      Buffer.from('{"action":"connect:tcp","host":"api.example.com","port":443,"agent":"'),
      Buffer.from(bytes),
      Buffer.from('"}'),
    ]);
  await refusesBytes(daemon, [
    around([0xff]),
    around([0xc0, 0xaf]),
    around([0xed, 0xa0, 0x80]),
    around([0xf4, 0x90, 0x80, 0x80]),
    around([0xe2, 0x82]),
    '{"action":"connect:tcp","host":"api.example.com","port":443,"agent":"\\ud800"}',
    '{"action":"connect:tcp","host":"api.example.com","port":443,"agent":"\\udc00\\ud800"}',
  ]);
});

test('41 JSON that is nested too deep is an error, and the daemon lives', async (t) => {
  const daemon = await startDecisionDaemon(t);
  const nested = (depth: number): string =>
    `{"action":"connect:tcp","host":"api.example.com","port":443,"labels":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
  assert.equal((await decide(daemon, nested(14))).decision, 'allow');
  await refusesBytes(daemon, [
    nested(15),
    nested(1_000),
    nested(30_000),
    '['.repeat(60_000),
    '{"labels":'.repeat(6_000),
  ]);
});

test('42 a thousand idle clients and some that send a byte at a time keep nobody waiting', async (t) => {
  const daemon = await startDecisionDaemon(t, { credentials: { kind: 'unavailable', reason: 'a test' } });
  const crowd: Socket[] = [];
  t.after(() => {
    for (const socket of crowd) socket.destroy();
  });
  for (let index = 0; index < 1_000; index += 100) {
    crowd.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(daemon.decide)))));
  }
  const slow = crowd.slice(0, 50);
  for (const [index, socket] of slow.entries()) socket.write(index % 2 === 0 ? '{' : 'P');
  const drip = setInterval(() => {
    for (const socket of slow) socket.write(' ');
  }, 20);
  t.after(() => clearInterval(drip));
  const times: number[] = [];
  for (let round = 0; round < 100; round += 1) {
    const started = performance.now();
    assert.equal((await decide(daemon, QUESTION)).decision, 'allow');
    times.push(performance.now() - started);
  }
  assert.ok(daemon.api.connections >= 1_000, 'all of them were there');
  times.sort((a, b) => a - b);
  assert.ok((times[98] ?? Number.POSITIVE_INFINITY) < 250, `p99 ${times[98]} ms`);
});

async function start(t: TestContext, directory: string): Promise<void> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const decisionPoint = {
    ask: () => assert.fail(),
    tellMany: () => assert.fail(),
    tell: () => assert.fail(),
    explain: () => assert.fail(),
  };
  const port = {
    decisionPoint,
    identity: () => ({ revision: '', generation: 0 }),
    status: () => ({}),
    metrics: () => '',
    ready: () => false,
    sync: () => assert.fail(),
    rules: () => Promise.resolve({ kind: 'rules' as const, json: '{}' }),
    reset: () => assert.fail(),
    log: () => Promise.resolve({ kind: 'unavailable' as const, message: 'no log here' }),
    authzenIdentifier: 'https://reeve.invalid',
  };
  const sockets = {
    decide: { kind: 'path', path: join(directory, 'decide.sock'), mode: 0o600 },
    admin: { kind: 'path', path: join(directory, 'admin.sock'), mode: 0o600 },
  } as const;
  const started = await startLocalApi({ sockets, port, log, limits: { drainMs: 100 } });
  t.after(() => started.close());
}

test('43 the sockets and their directory are private under any umask', async (t) => {
  const root = tempDirectory(t);
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const directory = join(root, 'run');
  prepareSocketDirectory(directory, 0o700);
  await start(t, directory);
  const modes = ['', 'decide.sock', 'admin.sock'].map((name) => statSync(join(directory, name)).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o600, 0o600]);
});

test('44 whatever was planted in the place of a socket is neither followed nor removed', async (t) => {
  const root = tempDirectory(t);
  const victim = join(root, 'victim');
  writeFileSync(victim, 'precious');
  const plants: Readonly<Record<string, (path: string) => void>> = {
    file: (path) => writeFileSync(path, 'planted'),
    directory: (path) => mkdirSync(path),
    link: (path) => symlinkSync(victim, path),
    'dangling link': (path) => symlinkSync(join(root, 'made-by-the-daemon'), path),
    fifo: (path) => execFileSync('mkfifo', [path]),
  };
  for (const [what, plantAt] of Object.entries(plants)) {
    for (const name of ['decide.sock', 'admin.sock']) {
      const directory = join(root, `${what} ${name}`);
      mkdirSync(directory);
      const path = join(directory, name);
      plantAt(path);
      const { ino } = lstatSync(path);
      await assert.rejects(
        start(t, directory),
        (error) => error instanceof LocalApiError && error.code === 'unsafe_socket_path',
      );
      assert.equal(lstatSync(path).ino, ino, `${what} is still there`);
    }
  }
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(lstatSync(join(root, 'made-by-the-daemon'), { throwIfNoEntry: false }), undefined);
  const writable = join(root, 'writable');
  mkdirSync(writable);
  execFileSync('chmod', ['777', writable]);
  assert.throws(() => prepareSocketDirectory(writable, 0o700), LocalApiError);
});

test('45 the decision socket does not know the verbs of the administrator', async (t) => {
  let synced = 0;
  const daemon = await startDecisionDaemon(t, {
    sync: () => {
      synced += 1;
      return Promise.resolve({ kind: 'live', generation: 1, revision: 'r1' });
    },
  });
  const verbs: readonly (readonly [string, string])[] = [
    ['POST', '/v1/sync'],
    ['GET', '/v1/rules'],
    ['GET', '/v1/log'],
    ['POST', '/v1/rules'],
    ['POST', '/v1/reset'],
    ['POST', '/v1/local'],
    ['DELETE', '/v1/rules'],
  ];
  for (const [method, target] of verbs) {
    const [response] = await exchangeHttp(daemon.decide, httpRequest(method, target));
    assert.equal(response?.status, 404, target);
  }
  for (const text of ['{"sync":true}', '{"action":"sync"}', '{"method":"POST","path":"/v1/sync"}']) {
    assert.match(await line(daemon, text), /"error"/);
  }
  assert.equal(synced, 0);
  const [admin] = await exchangeHttp(daemon.admin, httpRequest('POST', '/v1/sync'));
  assert.deepEqual([admin?.status, synced], [200, 1]);
});

test('46 nothing that a request says of itself widens anything', async (t) => {
  const daemon = await startDecisionDaemon(t);
  const evil = { action: 'connect:tcp', host: 'evil.test', port: 443 };
  for (const more of [
    { policy: { allow: ['evil.test'] } },
    { policies: [] },
    { rules: [{ decision: 'allow', resources: ['**'] }] },
    { teams: ['admins'] },
    { org: 'other' },
    { governed: false },
    { decision: 'allow' },
    { home: '/' },
    { monitor: true },
  ]) {
    const said = await decide(daemon, { ...evil, ...more });
    assert.deepEqual([said.status, said.decision], [400, undefined], JSON.stringify(more));
  }
  const labels = {
    user: 'root',
    agent: 'trusted',
    sandbox: 'admin',
    process: 'init',
    labels: { role: 'admin', uid: 0 },
  };
  assert.equal((await decide(daemon, { ...evil, ...labels })).decision, 'deny');
  const body = JSON.stringify({
    subject: { type: 'user', id: 'root', properties: { role: 'admin' } },
    action: { name: 'connect:tcp', properties: { allow: true } },
    resource: { type: 'network', id: 'evil.test:443', properties: { decision: 'allow' } },
    context: { decision: true, policy: { allow: ['**'] } },
    options: { governed: false },
    decision: true,
  });
  const headers = {
    'Content-Type': 'application/json',
    'X-Reeve-Decision': 'allow',
    Authorization: 'Bearer root',
    'X-Request-ID': '7',
  };
  const [response] = await exchangeHttp(daemon.decide, httpRequest('POST', '/access/v1/evaluation', { headers, body }));
  assert.ok(response !== undefined);
  assert.equal((response.json as { decision?: unknown }).decision, false);
  assert.equal(fieldOf(response, 'x-request-id'), '7');
});

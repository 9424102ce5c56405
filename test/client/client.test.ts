import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Client, type ClientOptions, createClient, type Question } from '../../src/client/index.ts';
import { allowFor, falseDaemon, falseHttpDaemon, type Line, send, socketPath } from './false-daemon.ts';

const QUESTION: Question = { action: 'connect:tcp', host: 'a.example.com', port: 443 };

function clientOf(t: TestContext, socket: string, options: ClientOptions = {}): Client {
  const client = createClient({ socket, timeout: 400, ...options });
  t.after(() => client.close());
  return client;
}

const port = (n: number): Question => ({ action: 'connect:tcp', host: 'a.example.com', port: n });

test('a whole answer is handed on, without the id that the client added', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer) => send(peer, allowFor(line)));
  const answer = await clientOf(t, socket).decide(QUESTION);
  assert.equal(answer.decision, 'allow');
  assert.equal(answer.rule?.policy, 'p');
  assert.equal('id' in answer, false);
});

test('many questions are pipelined on few connections, and each gets its own answer', async (t) => {
  const daemon = await falseDaemon(t, (line, peer) =>
    send(peer, { ...allowFor(line), reason: `port ${String(line['port'])}` }),
  );
  const client = clientOf(t, daemon.socket, { connections: 3, timeout: 5_000 });
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => client.decide(port(i + 1))));
  assert.deepEqual(
    answers.map((answer) => answer.reason),
    Array.from({ length: 500 }, (_, i) => `port ${i + 1}`),
  );
  assert.ok(daemon.accepted() <= 3, String(daemon.accepted()));
});

test('without a daemon the answer is a denial at once', async (t) => {
  const started = performance.now();
  const answer = await clientOf(t, socketPath(t), { timeout: 5_000 }).decide(QUESTION);
  assert.deepEqual(
    [answer.decision, answer.code, answer.kind, answer.ttl_ms],
    ['deny', 'daemon_unavailable', 'error', 0],
  );
  assert.ok(performance.now() - started < 2_000);
});

const MISBEHAVIOUR: Readonly<Record<string, (line: Line, socket: Socket) => void>> = {
  'says nothing': () => undefined,
  'hangs up without an answer, every time': (_line, socket) => void socket.destroy(),
  'ends politely without an answer, every time': (_line, socket) => void socket.end(),
  'sends half a line and hangs up': (line, socket) => void socket.end(JSON.stringify(allowFor(line)).slice(0, -4)),
  'sends a whole answer without its newline and hangs up': (line, socket) =>
    void socket.end(JSON.stringify(allowFor(line))),
  'sends half a line and nothing more': (line, socket) =>
    void socket.write(JSON.stringify(allowFor(line)).slice(0, -4)),
  'sends garbage': (_line, socket) => void socket.write('allow\n'),
  'sends binary garbage': (_line, socket) => void socket.write(Buffer.from([0xff, 0x00, 0x0a])),
  'sends an empty line': (_line, socket) => void socket.write('\n'),
  'sends a JSON string': (_line, socket) => void socket.write('"allow"\n'),
  'sends an array': (line, socket) => send(socket, [allowFor(line)]),
  'speaks HTTP': (_line, socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n{"decision":"allow"}\n'),
  'repeats a key': (line, socket) =>
    void socket.write(`${JSON.stringify({ ...allowFor(line), decision: 'deny' }).slice(0, -1)},"decision":"allow"}\n`),
  'answers with the id of another question': (line, socket) => send(socket, { ...allowFor(line), id: 999 }),
  'answers with the id as a string': (line, socket) => send(socket, { ...allowFor(line), id: String(line['id']) }),
  'answers without the id': (line, socket) => send(socket, { ...allowFor(line), id: undefined }),
  'answers about another action': (line, socket) =>
    send(socket, { ...allowFor(line), request: { action: 'connect:udp' } }),
  'answers without saying about what': (line, socket) => send(socket, { ...allowFor(line), request: undefined }),
  'says true instead of allow': (line, socket) => send(socket, { ...allowFor(line), decision: true }),
  'says ALLOW': (line, socket) => send(socket, { ...allowFor(line), decision: 'ALLOW' }),
  'allows with the code of a denial': (line, socket) => send(socket, { ...allowFor(line), code: 'org_deny' }),
  'allows with an unknown code': (line, socket) => send(socket, { ...allowFor(line), code: 'constructor' }),
  'allows and would deny by a local rule': (line, socket) =>
    send(socket, { ...allowFor(line), code: 'local_deny', would_deny: true }),
  'leaves out the code': (line, socket) => send(socket, { ...allowFor(line), code: undefined }),
  'leaves out the kind': (line, socket) => send(socket, { ...allowFor(line), kind: undefined }),
  'leaves out the generation': (line, socket) => send(socket, { ...allowFor(line), generation: undefined }),
  'leaves out the ttl': (line, socket) => send(socket, { ...allowFor(line), ttl_ms: undefined }),
  'answers both with a decision and in vain': (line, socket) =>
    send(socket, { decision: 'allow', error: {}, id: line['id'] }),
  'sends a line that never ends': (_line, socket) => void socket.write('x'.repeat(1_100_000)),
};

for (const [what, reply] of Object.entries(MISBEHAVIOUR)) {
  test(`a daemon that ${what} is a denial, daemon_unavailable, in time`, async (t) => {
    const { socket } = await falseDaemon(t, reply);
    const started = performance.now();
    const answer = await clientOf(t, socket).decide(QUESTION);
    assert.deepEqual([answer.decision, answer.code], ['deny', 'daemon_unavailable'], answer.reason);
    assert.ok(performance.now() - started < 3_000);
  });
}

test('a path that is allowed without the path to open is denied', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer) => send(peer, { ...allowFor(line), resolved_path: undefined }));
  assert.equal((await clientOf(t, socket).decide({ action: 'read', path: '/usr' })).code, 'daemon_unavailable');
});

test('an answer to nothing ends the connection before a question can get it', async (t) => {
  const daemon = await falseDaemon(t, (line, peer) => {
    send(peer, allowFor(line));
    send(peer, { ...allowFor(line), id: Number(line['id']) + 1 });
  });
  const client = clientOf(t, daemon.socket, { connections: 1 });
  assert.equal((await client.decide(QUESTION)).decision, 'allow');
  await client.decide(QUESTION);
  assert.equal(daemon.accepted(), 2);
});

test('answers in the wrong order deny all that wait on the connection', async (t) => {
  const held: Line[] = [];
  const { socket } = await falseDaemon(t, (line, peer) => {
    held.push(line);
    if (held.length === 3) for (const one of held.toReversed()) send(peer, allowFor(one));
  });
  const client = clientOf(t, socket, { connections: 1 });
  const answers = await Promise.all([1, 2, 3].map((n) => client.decide(port(n))));
  assert.deepEqual(
    answers.map((answer) => answer.decision),
    ['deny', 'deny', 'deny'],
  );
});

test('a late answer is not given to the next question', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer, count) => {
    setTimeout(() => send(peer, { ...allowFor(line), reason: `port ${String(line['port'])}` }), count === 1 ? 500 : 0);
  });
  const client = clientOf(t, socket, { connections: 1, timeout: 250 });
  const [late, next] = [await client.decide(port(1)), await client.decide(port(2))];
  assert.equal(late.code, 'daemon_unavailable');
  assert.equal(next.reason, 'port 2');
});

test('an error line is a denial, with the code that tells more', async (t) => {
  const codes = ['invalid_request', 'overloaded', 'not_ready', 'internal', 'org_allow', 'teapot'];
  const { socket } = await falseDaemon(t, (line, peer) =>
    send(peer, { error: { code: codes[Number(line['port']) - 1], message: 'no' }, id: line['id'] }),
  );
  const client = clientOf(t, socket);
  const answers = await Promise.all(codes.map((_, i) => client.decide(port(i + 1))));
  assert.deepEqual(
    answers.map((answer) => `${answer.decision} ${answer.code}`),
    ['deny invalid_request', 'deny overloaded', 'deny not_ready', ...Array<string>(3).fill('deny daemon_unavailable')],
  );
});

test('a monitored denial is allowed and says so', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer) =>
    send(peer, { ...allowFor(line), code: 'default_deny', kind: 'implicit', would_deny: true }),
  );
  const answer = await clientOf(t, socket).decide(QUESTION);
  assert.deepEqual([answer.decision, answer.would_deny], ['allow', true]);
});

test('a daemon that restarts is found again, and open questions are asked again', async (t) => {
  const first = await falseDaemon(t, (line, peer, count) =>
    count === 1 ? send(peer, allowFor(line)) : peer.destroy(),
  );
  const client = clientOf(t, first.socket, { timeout: 5_000 });
  assert.equal((await client.decide(QUESTION)).decision, 'allow');
  const open = client.decide(QUESTION);
  await first.close();
  setTimeout(() => void falseDaemon(t, (line, peer) => send(peer, allowFor(line)), first.socket), 150);
  assert.equal((await open).decision, 'allow');
  assert.equal((await client.decide(QUESTION)).decision, 'allow');
});

test('a closed client denies, also what was open', async (t) => {
  const { socket } = await falseDaemon(t, () => undefined);
  const client = clientOf(t, socket, { timeout: 5_000 });
  const open = client.decide(QUESTION);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.close();
  assert.equal((await open).code, 'daemon_unavailable');
  assert.equal((await client.decide(QUESTION)).code, 'daemon_unavailable');
  assert.equal((await client.decideMany([QUESTION]))[0]?.code, 'daemon_unavailable');
  assert.equal((await client.status()).kind, 'unavailable');
});

test('a question over 64 KiB is refused here, because the daemon would hang up on all others', async (t) => {
  const daemon = await falseDaemon(t, (line, peer) => send(peer, allowFor(line)));
  const answer = await clientOf(t, daemon.socket).decide({ ...QUESTION, labels: { x: 'y'.repeat(70_000) } });
  assert.equal(answer.code, 'invalid_request');
  assert.equal(daemon.accepted(), 0);
});

test('real is resolved on this side, unless it is given or not wanted', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-real-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'real'));
  symlinkSync('real', join(root, 'link'));
  symlinkSync('loop', join(root, 'loop'));
  const seen: Line[] = [];
  const { socket } = await falseDaemon(t, (line, peer) => {
    seen.push(line);
    send(peer, allowFor(line));
  });
  const client = clientOf(t, socket);
  await client.decide({ action: 'read', path: `${root}/link/x` });
  await client.decide({ action: 'read', path: `${root}/link`, real: '/given' });
  await client.decide({ action: 'read', path: `${root}/link`, resolved: true });
  await clientOf(t, socket, { resolve: false }).decide({ action: 'read', path: `${root}/link` });
  assert.deepEqual(
    seen.map((line) => line['real']),
    [`${root}/real/x`, '/given', undefined, undefined],
  );
  const looped = await client.decide({ action: 'read', path: `${root}/loop` });
  assert.deepEqual([looped.decision, looped.code], ['deny', 'unresolvable_path']);
  assert.equal(seen.length, 4);
});

test('decideMany asks one generation over one request, and puts each answer in its place', async (t) => {
  const sizes: number[] = [];
  const socket = await falseHttpDaemon(t, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const lines = JSON.parse(text) as Line[];
      sizes.push(lines.length);
      const answers = lines.map((line) =>
        line['port'] === 2
          ? { error: { code: 'invalid_request', message: 'no' } }
          : { ...allowFor(line), reason: String(line['port']) },
      );
      response.end(JSON.stringify(answers));
    });
  });
  const client = clientOf(t, socket, { timeout: 5_000 });
  const answers = await client.decideMany([1, 2, 3].map(port));
  assert.deepEqual(
    answers.map((answer) => answer.code),
    ['org_allow', 'invalid_request', 'org_allow'],
  );
  assert.deepEqual(
    answers.map((answer) => answer.reason),
    ['1', 'no', '3'],
  );
  assert.deepEqual(await client.decideMany([]), []);
  await client.decideMany(Array.from({ length: 2_001 }, (_, i) => port(i + 1)));
  assert.deepEqual(sizes, [3, 1_000, 1_000, 1]);
});

const BAD_HTTP: Readonly<Record<string, (body: string) => { status: number; text: string }>> = {
  'too few answers': (body) => ({
    status: 200,
    text: JSON.stringify((JSON.parse(body) as Line[]).slice(1).map(allowFor)),
  }),
  'an object': (body) => ({ status: 200, text: JSON.stringify(allowFor((JSON.parse(body) as Line[])[0] ?? {})) }),
  'no JSON': () => ({ status: 200, text: '<html>' }),
  'allows with status 500': (body) => ({
    status: 500,
    text: JSON.stringify((JSON.parse(body) as Line[]).map(allowFor)),
  }),
  'allows with status 302': (body) => ({
    status: 302,
    text: JSON.stringify((JSON.parse(body) as Line[]).map(allowFor)),
  }),
};

for (const [what, reply] of Object.entries(BAD_HTTP)) {
  test(`decideMany denies when the daemon sends ${what}`, async (t) => {
    const socket = await falseHttpDaemon(t, (request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const { status, text: body } = reply(text);
        response.writeHead(status).end(body);
      });
    });
    const answers = await clientOf(t, socket).decideMany([port(1), port(2)]);
    assert.deepEqual(
      answers.map((answer) => answer.code),
      ['daemon_unavailable', 'daemon_unavailable'],
    );
  });
}

test('decideMany passes on that the daemon is overloaded', async (t) => {
  const socket = await falseHttpDaemon(t, (_request, response) =>
    response.writeHead(503).end('{"error":{"code":"overloaded","message":"busy"}}'),
  );
  assert.equal((await clientOf(t, socket).decideMany([QUESTION]))[0]?.code, 'overloaded');
});

test('explain and status are handed on, and say so when they cannot be had', async (t) => {
  let text = '';
  const socket = await falseHttpDaemon(t, (request, response) => {
    request.resume();
    response.end(text);
  });
  const client = clientOf(t, socket);
  text = JSON.stringify({
    answer: allowFor({ action: 'connect:tcp', port: 1 }),
    closures: [],
    layers: [],
    rules: [],
    rules_left_out: 0,
  });
  const explained = await client.explain(QUESTION);
  assert.ok(explained.kind === 'explained' && explained.explanation.answer.code === 'org_allow');
  text = '{"answer":{"decision":"allow"}}';
  const refused = await client.explain(QUESTION);
  assert.ok(refused.kind === 'unavailable' && refused.answer.decision === 'deny');
  text = '{"generation":1}';
  assert.deepEqual(await client.status(), { kind: 'status', status: { generation: 1 } });
  text = '[]';
  assert.equal((await client.status()).kind, 'unavailable');
});

test('what is no question, or cannot be sent, is a denial and no rejection', async (t) => {
  const daemon = await falseDaemon(t, (line, peer) => send(peer, allowFor(line)));
  const client = createClient({ socket: daemon.socket, timeout: 400 });
  t.after(() => client.close());
  const circular: Record<string, unknown> = { action: 'connect:tcp', host: 'a.example', port: 443 };
  circular['labels'] = circular;
  const broken = {
    toJSON: () => {
      throw new Error('not today');
    },
  };
  const strange: unknown = [
    undefined,
    null,
    5,
    'text',
    [],
    circular,
    { action: 'read', path: '/a', labels: { n: 1n } },
    broken,
  ];
  for (const question of strange as readonly Question[]) {
    const answers = [await client.decide(question), ...(await client.decideMany([question]))];
    const explained = await client.explain(question);
    assert.ok(explained.kind === 'unavailable');
    for (const answer of [...answers, explained.answer]) {
      assert.deepEqual([answer.decision, answer.code], ['deny', 'invalid_request'], answer.reason);
    }
  }
});

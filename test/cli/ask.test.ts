import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  allowFor,
  falseBoth,
  falseDaemon,
  falseHttpDaemon,
  type Line,
  send,
  socketPath,
} from '../client/false-daemon.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

const denyFor = (line: Line): Record<string, unknown> => ({
  ...allowFor(line),
  decision: 'deny',
  code: 'org_deny',
  reason: 'denied by policy',
  support_message: 'ask the platform team',
  resolved_path: undefined,
});

test('check asks the daemon and says allow with exit code 0, deny with 3', async (t) => {
  const seen: Line[] = [];
  const { socket } = await falseDaemon(t, (line, peer) => {
    seen.push(line);
    send(peer, line['port'] === 443 ? allowFor(line) : denyFor(line));
  });
  const allowed = await runCli(['check', 'network', 'Example.com', '--socket', socket]);
  assert.deepEqual([allowed.code, allowed.stderr], [0, '']);
  assert.match(allowed.stdout, /^allow connect:tcp Example\.com:443 \(org_allow\)\n {2}reason: +allowed\n/);
  assert.match(allowed.stdout, /judged by name only/);
  const denied = await runCli([
    'check',
    'network',
    'http://example.com/x',
    '--udp',
    '--ip',
    '192.0.2.1',
    '--ip',
    '192.0.2.2',
    '--socket',
    socket,
  ]);
  assert.equal(denied.code, 3);
  assert.match(denied.stdout, /^deny connect:udp example\.com:80 \(org_deny\)\n/);
  assert.match(denied.stdout, /support: +ask the platform team/);
  assert.deepEqual(
    seen.map((line) => ({ ...line, id: 0 })),
    [
      { action: 'connect:tcp', host: 'Example.com', port: 443, id: 0 },
      { action: 'connect:udp', host: 'example.com', port: 80, ip: ['192.0.2.1', '192.0.2.2'], id: 0 },
    ],
  );
});

test('check --json prints the answer as the daemon gave it', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer) => send(peer, denyFor(line)));
  const { code, stdout } = await runCli(['--json', 'check', 'network', 'example.com', '--socket', socket]);
  assert.equal(code, 3);
  const answer = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(
    [answer['decision'], answer['code'], answer['generation'], answer['id']],
    ['deny', 'org_deny', 3, undefined],
  );
});

test('check says of a denial who changed the policy behind it, and asks for that only then', async (t) => {
  const asked: string[] = [];
  let answer: object = denyFor({ action: 'connect:tcp', port: 443 });
  let explained = answer;
  let changed: unknown = { of: 'bundle', at: '2026-01-03T00:00:00Z', by: 'bob', reason: 'the audit', ticket: 'T-2' };
  const socket = await falseBoth(t, {
    line: (line) => ({ ...answer, id: line['id'] }),
    explain: (url) => {
      asked.push(url);
      return { answer: explained, changed, closures: [], layers: [], rules: [], rules_left_out: 0 };
    },
  });
  const check = (...more: string[]): ReturnType<typeof runCli> =>
    runCli(['check', 'network', 'example.com', '--socket', socket, ...more]);
  const denied = await check();
  assert.equal(denied.code, 3);
  assert.match(denied.stdout, /\n {2}changed: +with the bundle, 2026-01-03T00:00:00Z by bob \(T-2\): the audit\n/);
  const json = JSON.parse((await check('--json')).stdout) as Record<string, unknown>;
  assert.deepEqual([json['code'], json['changed']], ['org_deny', changed]);
  assert.deepEqual(asked, ['/v1/explain', '/v1/explain']);
  explained = { ...answer, generation: 4 };
  assert.doesNotMatch((await check()).stdout, /changed:/, 'another policy explains it');
  explained = answer;
  for (const unsaid of [undefined, null, 'x', { of: 'bundle' }, { of: 'policy', by: 7 }]) {
    changed = unsaid;
    assert.doesNotMatch((await check()).stdout, /changed:/);
  }
  changed = { of: 'policy', by: 'x\u001b[2J' };
  assert.match((await check()).stdout, /changed: +by x\ufffd\[2J\n/);
  answer = { ...answer, decision: 'allow', would_deny: true };
  explained = answer;
  assert.match((await check()).stdout, /changed: +by x/, 'monitored: it would be denied');
  asked.length = 0;
  answer = allowFor({ action: 'connect:tcp', port: 443 });
  assert.equal((await check()).code, 0);
  assert.deepEqual(asked, [], 'nobody asks why something is allowed');
});

test('check path joins with the current directory as text and resolves links here, unless told not to', async (t) => {
  const root = temporaryDirectory(t);
  mkdirSync(join(root, 'real/sub'), { recursive: true });
  symlinkSync('real/sub', join(root, 'link'));
  const seen: Line[] = [];
  const { socket } = await falseDaemon(t, (line, peer) => {
    seen.push(line);
    send(peer, allowFor(line));
  });
  await runCli(['check', 'path', 'link/../x', '--write', '--recursive', '--socket', socket], { cwd: root });
  await runCli(['check', 'path', `${root}/link`, '--no-resolve', '--socket', socket]);
  assert.deepEqual(
    seen.map(({ action, path, real, recursive }) => [action, path, real, recursive]),
    [
      ['write', `${root}/link/../x`, `${root}/real/x`, true],
      ['read', `${root}/link`, undefined, undefined],
    ],
  );
});

test('without a daemon every command that needs one is exit code 4 and says how to start it', async (t) => {
  const sockets = ['--socket', socketPath(t), '--admin-socket', socketPath(t)];
  for (const argv of [
    ['check', 'network', 'a.example'],
    ['check', 'path', '/usr'],
    ['explain', 'network', 'a.example'],
    ['status'],
    ['rules', 'ls'],
    ['sync'],
    ['local', 'ls'],
  ]) {
    const { code, stdout, stderr } = await runCli([...argv, ...sockets]);
    assert.deepEqual([code, stdout], [4, ''], argv.join(' '));
    assert.match(
      stderr,
      /^reeve: .*\nhint: start the daemon: `reeve service install`, or `reeve daemon --config FILE`/,
    );
  }
});

test('one socket on the command line is enough for commands that ask the other one', async (t) => {
  const asked: string[] = [];
  const admin = await falseHttpDaemon(t, ({ url }, response) => {
    asked.push(url ?? '');
    response.end(JSON.stringify(url === '/v1/rules' ? { rules: [] } : { local_files: [] }));
  });
  const beside = join(dirname(admin), 'admin.sock');
  renameSync(admin, beside);
  assert.equal((await runCli(['rules', 'ls', '--socket', join(dirname(admin), 'decide.sock')])).code, 0);
  assert.equal((await runCli(['local', 'ls', '--admin-socket', beside])).stdout, 'no local files\n');
  assert.deepEqual(asked, ['/v1/rules', '/v1/status']);
});

test('a path in the current directory is shown without `.`', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer) => send(peer, denyFor(line)));
  const shown = async (path: string): Promise<string | undefined> =>
    (await runCli(['check', 'path', path, '--socket', socket], { cwd: '/usr' })).stdout.split('\n')[0];
  assert.match((await shown('.')) ?? '', /^deny read \/usr \(/);
  assert.match((await shown('./././')) ?? '', /^deny read \/usr \(/);
  assert.match((await shown('./lib')) ?? '', /^deny read \/usr\/lib \(/);
  assert.match((await shown('.lib')) ?? '', /^deny read \/usr\/\.lib \(/);
});

test('check --json without a daemon still prints a denial', async (t) => {
  const { code, stdout } = await runCli(['check', 'network', 'a.example', '--json', '--socket', socketPath(t)]);
  assert.equal(code, 4);
  const answer = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([answer['decision'], answer['code']], ['deny', 'daemon_unavailable']);
});

test('a daemon that sends garbage is exit code 4, never 0', async (t) => {
  const { socket } = await falseDaemon(t, (_line, peer) => peer.write('{"decision":"allow"}\n'));
  assert.equal((await runCli(['check', 'network', 'a.example', '--socket', socket])).code, 4);
});

test('what others wrote cannot steer the terminal', async (t) => {
  const { socket } = await falseDaemon(t, (line, peer) =>
    send(peer, { ...denyFor(line), reason: 'x\u001b[2J\ny\u202ez' }),
  );
  const { stdout } = await runCli(['check', 'network', 'a.example', '--socket', socket]);
  assert.ok(stdout.includes('x\ufffd[2J\ufffdy\ufffdz'), stdout);
});

test('explain shows the layers, the rules and who changed the policy', async (t) => {
  const explanation = {
    answer: allowFor({ action: 'connect:tcp', port: 443 }),
    domain: { name: 'network', governed: true, delegated: false, monitored: false },
    closures: [],
    layers: [{ origin: 'org', outcome: 'allow', matching: 1, near_misses: 2 }],
    rules: [
      {
        id: 'r',
        name: 'registry',
        policy: 'p',
        origin: 'org',
        decision: 'allow',
        resource: '*.example.com',
        counts: true,
      },
      {
        id: 's',
        name: '',
        policy: 'p',
        origin: 'org',
        decision: 'deny',
        resource: '*:80',
        counts: false,
        cause: 'another port',
      },
    ],
    rules_left_out: 3,
    changed: { of: 'policy', at: '2026-01-02T03:04:05Z', by: 'alice', reason: 'a mirror' },
  };
  let changed: object = explanation.changed;
  const socket = await falseHttpDaemon(t, (request, response) => {
    request.resume();
    response.end(JSON.stringify({ ...explanation, changed }));
  });
  const { code, stdout } = await runCli(['explain', 'network', 'a.example.com', '--socket', socket]);
  assert.equal(code, 0);
  assert.match(stdout, /network is governed by the organisation\norg: allow \(1 matching rule, 2 near misses\)\n/);
  assert.match(stdout, /registry +org +p +allow +\*\.example\.com +yes\ns +org +p +deny +\*:80 +no: another port\n/);
  assert.match(stdout, /and 3 more rules\n/);
  assert.match(stdout, /the policy was last changed 2026-01-02T03:04:05Z by alice: a mirror\n$/);
  assert.deepEqual(JSON.parse((await runCli(['explain', 'network', 'a', '--json', '--socket', socket])).stdout), {
    ...explanation,
  });
  changed = { of: 'bundle', by: 'bob', ticket: 'SEC-12', at: '2026-01-03T00:00:00Z' };
  const ofBundle = await runCli(['explain', 'network', 'a.example.com', '--socket', socket]);
  assert.match(ofBundle.stdout, /policy as a whole was last changed 2026-01-03T00:00:00Z by bob \(SEC-12\)\n$/);
});

test('explain of a path that cannot be resolved is a denial, not an error', async (t) => {
  const root = temporaryDirectory(t);
  symlinkSync('loop', join(root, 'loop'));
  const { code, stdout } = await runCli(['explain', 'path', `${root}/loop`, '--socket', socketPath(t)]);
  assert.equal(code, 0);
  assert.match(stdout, /^deny read .*loop \(unresolvable_path\)/);
});

const STATUS = {
  state: 'blocked',
  version: '9.9.9',
  ready: true,
  revision: 'sha256:1',
  generation: 7,
  organisation: 'example',
  source: {
    type: 'governance',
    location: 'policy.example.com',
    state: 'failing',
    last_success: '2026-01-01T00:00:00Z',
    next_attempt: null,
    last_error: { stage: 'fetch', code: 'timeout', message: 'no answer', at: '2026-01-02T00:00:00Z' },
  },
  domains: {
    network: { governed: true, delegated: true, mode: 'monitor', closed: null },
    filesystem: {
      governed: false,
      delegated: false,
      mode: 'enforce',
      closed: { code: 'local_invalid', reason: 'x.yaml is broken' },
    },
  },
  preset: 'balanced',
  local_files: [
    { name: 'a.yaml', state: 'active', cause: null, rules: 2, digest: 'sha256:2' },
    { name: 'x.yaml', state: 'broken', cause: 'line 1: a tag', rules: 0, digest: null },
  ],
  rules: { active: 3, inactive: 2, local: { active: 0, inactive: 2 } },
  decision_log: { recorded: 12, written: 9, dropped: 2, lost: 1, queued: 0, last_error: null },
  warnings: [
    { code: 'no_rollback_protection', severity: 'notice', message: 'no rollback protection', remedy: 'use TUF' },
    { code: 'decision_log', severity: 'fault', message: 'the disk is full\u001b[2J', remedy: 'make room' },
  ],
};

test('status and local ls say what matters in words, and everything with --json', async (t) => {
  const socket = await falseHttpDaemon(t, (_request, response) => response.end(JSON.stringify(STATUS)));
  const { code, stdout } = await runCli(['status', '--socket', socket]);
  assert.equal(code, 0);
  for (const line of [
    'reeve 9.9.9, blocked: what is closed below is denied, whatever the rules say',
    'governed by: example, by its governance source at policy.example.com',
    'revision sha256:1, generation 7',
    'source:      failing',
    'days ago (2026-01-01T00:00:00Z)',
    'next poll:   under way',
    'no answer (timeout, fetch), ',
    'governed, delegated, monitored, not enforced',
    'not governed, enforced, closed: x.yaml is broken (local_invalid)',
    '2, 1 of them with a problem: see `reeve local ls`',
    'rules:       3 in force, 2 inert',
    'local rules: 0 in force, 2 inert: see `reeve rules ls --include-inactive`',
    'decisions:   12 made, 3 of them not kept',
    'notice: no rollback protection (no_rollback_protection)\n  do: use TUF',
    'warning: the disk is full\ufffd[2J (decision_log)\n  do: make room',
  ]) {
    assert.ok(stdout.includes(line), `${line}\n${stdout}`);
  }
  assert.deepEqual(JSON.parse((await runCli(['status', '--json', '--socket', socket])).stdout), STATUS);
  const files = await runCli(['local', 'ls', '--socket', socket]);
  assert.match(files.stdout, /^FILE +STATE +RULES +CAUSE\na\.yaml +active +2 +\nx\.yaml +broken +0 +line 1: a tag\n$/);
});

test('status of a daemon that is older or newer is shown as far as it is understood', async (t) => {
  const answers = [
    { version: '0.0.9', ready: true },
    { version: '7.0.0', state: 'toString' },
    { state: 7, warnings: [3] },
  ];
  const socket = await falseHttpDaemon(t, (_request, response) => response.end(JSON.stringify(answers.shift())));
  for (const head of [/^reeve 0\.0\.9, ready\n/, /^reeve 7\.0\.0, toString\n/, /^reeve none, not ready\n/]) {
    const { code, stdout } = await runCli(['status', '--socket', socket]);
    assert.equal(code, 0);
    assert.match(stdout, head);
    assert.match(stdout, /governed by: +nobody/);
  }
});

/** Watches until `enough` holds of what was shown so far, then stops it as Ctrl-C does. */
async function watched(
  argv: readonly string[],
  enough: (shown: string) => boolean,
  colour = false,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const stop = Promise.withResolvers<string>();
  let shown = '';
  const onOutput = (text: string): void => {
    shown += text;
    if (enough(shown)) stop.resolve('SIGINT');
  };
  return runCli(['status', '--watch', ...argv], { stopped: stop.promise, onOutput, colour });
}

test('status --watch shows each change once, a daemon that is gone and comes back too, and ends with 0', async (t) => {
  let asked = 0;
  const socket = await falseHttpDaemon(t, (_request, response) => {
    asked += 1;
    // every time another age and more decisions: no change that is worth a line
    const decided = { ...STATUS, staleness: { state: 'fresh', age_seconds: asked }, decision_log: { recorded: asked } };
    if (asked === 3) response.writeHead(500).end('{}');
    else response.end(JSON.stringify({ ...decided, generation: asked < 3 ? 7 : 8 }));
  });
  const { code, stdout } = await watched(['--socket', socket], (shown) => shown.includes('generation 8'));
  assert.equal(code, 0);
  assert.equal(asked, 4);
  const heads = stdout.split('\n').filter((line) => /generation \d|^unavailable/.test(line));
  assert.deepEqual(heads, [
    'policy:      revision sha256:1, generation 7',
    'unavailable: it answered with HTTP status 500',
    'policy:      revision sha256:1, generation 8',
  ]);
  assert.ok(!stdout.includes('\u001b'));
});

test('status --watch --json is one line for each change', async (t) => {
  let asked = 0;
  const socket = await falseHttpDaemon(t, (_request, response) => {
    asked += 1;
    response.end(JSON.stringify({ ...STATUS, generation: asked < 3 ? 7 : 8 }));
  });
  const { code, stdout } = await watched(['--json', '--socket', socket], (shown) => shown.includes('"generation":8'));
  assert.equal(code, 0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as typeof STATUS).generation);
  assert.deepEqual(lines, [7, 8]);
});

test('status --watch draws over itself on a terminal', async (t) => {
  const socket = await falseHttpDaemon(t, (_request, response) => response.end(JSON.stringify(STATUS)));
  const { stdout } = await watched(['--socket', socket], (shown) => shown.split('\u001b[H\u001b[J').length > 2, true);
  assert.match(stdout, /^\u001b\[H\u001b\[J\u001b\[2m\d{4}-/);
});

test('rules ls hides inactive rules and says how many; --include-inactive shows the cause', async (t) => {
  const rule = {
    id: 'r1',
    name: 'registry',
    policy: 'p',
    policy_name: 'Base',
    origin: 'org',
    decision: 'allow',
    domain: 'network',
    actions: ['connect:tcp'],
    resources: ['a', 'b', 'c', 'd', 'e', 'f'],
    active: true,
  };
  const body = {
    revision: 'x',
    generation: 1,
    rules: [rule, { ...rule, id: 'r2', name: '', active: false, cause: 'governed' }],
  };
  const socket = await falseHttpDaemon(t, (request, response) => {
    assert.deepEqual([request.method, request.url], ['GET', '/v1/rules']);
    response.end(JSON.stringify(body));
  });
  const plain = await runCli(['rules', 'ls', '--admin-socket', socket]);
  assert.match(
    plain.stdout,
    /registry +org +Base +allow +connect:tcp +a, b, c, d, and 2 more\nhidden: 1 inactive rule; show with --include-inactive\n$/,
  );
  const full = await runCli(['rules', 'ls', '--include-inactive', '--admin-socket', socket]);
  assert.match(full.stdout, /r2 +org .* inactive: governed\n$/);
  const json = JSON.parse((await runCli(['rules', 'ls', '--json', '--admin-socket', socket])).stdout) as {
    rules: unknown[];
  };
  assert.equal(json.rules.length, 1);
});

test('rules ls shows when the policy of a rule was last changed, and by whom, where one says so', async (t) => {
  const rule = { id: 'r1', policy: 'p', origin: 'org', decision: 'allow', actions: ['read'], resources: ['/x'] };
  const changes = [{ at: '2026-01-02T03:04:05Z', by: 'alice' }, { by: 'bob' }, { reason: 'a mirror' }];
  const rules = [...changes.map((changed) => ({ ...rule, changed, active: true })), { ...rule, active: true }];
  const body = { revision: 'x', generation: 1, rules };
  const socket = await falseHttpDaemon(t, (_request, response) => response.end(JSON.stringify(body)));
  const { stdout } = await runCli(['rules', 'ls', '--admin-socket', socket]);
  assert.deepEqual(stdout.split('\n').slice(0, -1), [
    'RULE  LAYER  POLICY  DECISION  ACTIONS  CHANGED              RESOURCES',
    'r1    org    p       allow     read     2026-01-02 by alice  /x',
    'r1    org    p       allow     read     by bob               /x',
    'r1    org    p       allow     read                          /x',
    'r1    org    p       allow     read                          /x',
  ]);
});

test('rules ls says so where it is the bundle that names who changed it, with the ticket', async (t) => {
  const changed = { of: 'bundle', at: '2026-01-03T03:04:05Z', by: 'bob', reason: 'the audit', ticket: 'T-2' };
  const rule = { id: 'r1', policy: 'p', origin: 'org', decision: 'allow', actions: ['read'], resources: ['/x'] };
  const body = { revision: 'x', generation: 1, rules: [{ ...rule, changed, active: true }] };
  const socket = await falseHttpDaemon(t, (_request, response) => response.end(JSON.stringify(body)));
  const { stdout } = await runCli(['rules', 'ls', '--admin-socket', socket]);
  assert.match(stdout, /^r1 +org +p +allow +read +bundle 2026-01-03 by bob \(T-2\) +\/x$/m);
});

test('sync posts once, and hands on what the daemon says of success, failure and waiting', async (t) => {
  let reply: readonly [number, string, string?] = [200, '{"generation":4,"revision":"sha256:9"}'];
  const asked: string[] = [];
  const socket = await falseHttpDaemon(t, (request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(reply[0], reply[2] === undefined ? {} : { 'Retry-After': reply[2] }).end(reply[1]);
  });
  const run = (): ReturnType<typeof runCli> => runCli(['sync', '--admin-socket', socket]);
  const done = await run();
  assert.deepEqual([done.code, done.stdout], [0, 'in force: revision sha256:9, generation 4\n']);
  reply = [502, '{"error":{"code":"timeout","message":"the server did not answer"}}'];
  const failed = await run();
  assert.deepEqual([failed.code, failed.stderr], [1, 'reeve: the server did not answer\n']);
  reply = [503, '{"error":{"code":"retry_after","message":"asked to wait"}}', '17'];
  const waiting = await run();
  assert.deepEqual([waiting.code, waiting.stderr], [4, 'reeve: asked to wait\nhint: try again in 17 s\n']);
  assert.deepEqual(asked, ['POST /v1/sync', 'POST /v1/sync', 'POST /v1/sync']);
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DecisionLog, startDecisionLog } from '../../src/audit/decision-log.ts';
import { readLogQuery } from '../../src/audit/log-query.ts';
import { openDatabase } from '../../src/store/database.ts';
import { LOG_MIGRATIONS } from '../../src/store/log-migrations.ts';
import { answerText, denialText, PEER } from '../audit/log-support.ts';
import { falseHttpDaemon, socketPath } from '../client/false-daemon.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

interface Logged {
  readonly log: DecisionLog;
  readonly path: string;
  readonly socket: string;
  /** What the daemon was asked, as JSON. */
  readonly asked: unknown[];
}

/** A daemon that has a log and nothing else. */
async function daemonWithLog(t: TestContext): Promise<Logged> {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = startDecisionLog({ path, batchMs: 5 });
  t.after(() => log.close());
  const asked: unknown[] = [];
  const socket = await falseHttpDaemon(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      asked.push(body);
      const reading = readLogQuery(body);
      if (request.url !== '/v1/log' || request.method !== 'GET') {
        response.writeHead(404).end('{}');
      } else if (reading.kind === 'invalid') {
        const error = { code: 'invalid_request', message: reading.message };
        response.writeHead(400).end(JSON.stringify({ error }));
      } else {
        void log.query(reading.query).then((answer) => {
          if (answer.kind === 'records') response.end(answer.json);
          else response.writeHead(503).end(JSON.stringify({ error: { code: 'unavailable', message: answer.message } }));
        });
      }
    });
  });
  return { log, path, socket, asked };
}

test('log shows the newest records in the order of time', async (t) => {
  const { log, socket } = await daemonWithLog(t);
  log.record(PEER, null, answerText('first.example'));
  log.record(PEER, null, denialText('second.example'));
  const file = { action: 'read', path: '/srv/\u001b[2Jx', recursive: true };
  log.record({ ...PEER, uid: null }, null, answerText('', { request: file, decision: 'allow', would_deny: true }));
  const { code, stdout } = await runCli(['log', '--limit', '3', '--admin-socket', socket]);
  assert.equal(code, 0);
  const lines = stdout.split('\n');
  assert.match(lines[0] ?? '', /^TIME +RECORD +UID +ACTION +TARGET +CODE +RULE$/);
  assert.match(lines[1] ?? '', /^\d{4}-.*Z +allow +1000 +connect:tcp +first\.example:443 +org_allow +pol_a: all$/);
  assert.match(lines[2] ?? '', / deny +1000 +connect:tcp +second\.example:443 +org_deny /);
  assert.match(lines[3] ?? '', / allow \(would deny\) +read +\/srv\/\ufffd\[2Jx and everything below +org_allow /);
});

test('log --json gives the records as they are, as many as were asked for', async (t) => {
  const { log, socket, asked } = await daemonWithLog(t);
  for (let number = 0; number < 1_500; number += 1) log.record(PEER, null, answerText(`h${number}.example`));
  const { stdout } = await runCli(['log', '--json', '--limit', '1200', '--type', 'decision', '--admin-socket', socket]);
  const { records } = JSON.parse(stdout) as { records: { id: number; request: { host: string } }[] };
  assert.equal(records.length, 1_200);
  assert.deepEqual([records[0]?.request.host, records.at(-1)?.request.host], ['h300.example', 'h1499.example']);
  assert.ok(asked.length >= 2);
});

test('the filters of the command line are those of the query', async (t) => {
  const { socket, asked } = await daemonWithLog(t);
  const argv = [
    ...[
      '--decision',
      'deny',
      '--code',
      'org_deny',
      '--action',
      'read',
      '--host',
      'a',
      '--path',
      '/a',
      '--contains',
      'b',
    ],
    ...['--policy', 'p', '--rule', 'r', '--type', 'decision', '--uid', '0', '--until', '2026-01-31T12:00:00Z'],
  ];
  assert.equal((await runCli(['log', ...argv, '--since', '2h', '--admin-socket', socket])).stdout, 'no records\n');
  const [{ since, ...query } = { since: '' }] = asked as Record<string, unknown>[];
  assert.deepEqual(query, {
    ...{ decision: 'deny', code: 'org_deny', action: 'read', host: 'a', path: '/a', contains: 'b' },
    ...{ policy: 'p', rule: 'r', type: 'decision', uid: 0, until: '2026-01-31T12:00:00Z', limit: 50 },
  });
  assert.ok(Math.abs(Date.parse(String(since)) - (Date.now() - 7_200_000)) < 60_000);
});

test('a log command that means nothing is refused with what to write instead', async (t) => {
  const { socket } = await daemonWithLog(t);
  const cases = [
    [['--limit', 'all'], 2, /--limit must be a whole number/],
    [['--limit', '0'], 2, /--limit must be from 1 to 100000/],
    [['--uid', 'root'], 2, /--uid must be a whole number/],
    [['--since', 'yesterday'], 1, /`since` and `until` must be times such as/],
  ] as const;
  for (const [argv, exit, message] of cases) {
    const { code, stdout, stderr } = await runCli(['log', ...argv, '--admin-socket', socket]);
    assert.deepEqual([code, stdout], [exit, ''], argv.join(' '));
    assert.match(stderr, message);
  }
});

test('a gap, and each record about the log itself, is a sentence', async (t) => {
  const { log, socket } = await daemonWithLog(t);
  for (let number = 0; number < 2_000; number += 1) log.record(PEER, null, answerText('flood.example'));
  const { stdout } = await runCli(['log', '--host', 'nowhere', '--admin-socket', socket]);
  assert.match(
    stdout,
    /gap +208 decisions were not kept, 0 of them denials; 0 may not have been written \(2.*Z to 2.*Z\)/,
  );
  const begin = await runCli(['log', '--type', 'begin', '--admin-socket', socket]);
  assert.match(begin.stdout, /begin +the log begins/);
});

test('log --follow goes on with what is written, until it is stopped', async (t) => {
  const { log, socket } = await daemonWithLog(t);
  log.record(PEER, null, answerText('before.example'));
  let stop: (signal: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const onOutput = (text: string): void => {
    if (text.includes('before.example')) log.record(PEER, null, answerText('after.example'));
    if (text.includes('after.example')) log.record(PEER, null, answerText('last.example'));
    if (text.includes('last.example')) stop('SIGINT');
  };
  const argv = ['log', '--follow', '--json', '--type', 'decision', '--admin-socket', socket];
  const { code, stdout } = await runCli(argv, { stopped, onOutput });
  assert.equal(code, 0);
  const hosts = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { request: { host: string } }).request.host);
  assert.deepEqual(hosts, ['before.example', 'after.example', 'last.example']);
});

test('log verify asks the daemon where its log is, and reads it beside the daemon', async (t) => {
  const { log, path, socket } = await daemonWithLog(t);
  log.record(PEER, null, answerText('a.example'));
  const { code, stdout } = await runCli(['log', 'verify', '--admin-socket', socket]);
  assert.equal(code, 0);
  assert.match(stdout, /^intact: 3 records, from 1 to 3\nthe chain ends with [0-9a-f]{64}\n$/);
  await log.close();
  const verdict = JSON.parse((await runCli(['log', 'verify', path, '--json'])).stdout) as Record<string, unknown>;
  assert.deepEqual([verdict['kind'], verdict['records'], verdict['file']], ['intact', 4, path]);
});

test('log verify names the first record that was changed', async (t) => {
  const { log, path } = await daemonWithLog(t);
  log.record(PEER, null, denialText('a.example'));
  await log.close();
  const database = openDatabase(path, LOG_MIGRATIONS);
  database.exec("UPDATE record SET text = replace(text, 'deny', 'allow')");
  database.close();
  const { code, stdout } = await runCli(['log', 'verify', path]);
  assert.equal(code, 1);
  assert.equal(stdout, `broken: record 3 does not follow from the one before it (\`${path}\`)\n`);
});

test('log verify without a log says so, and makes none', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const { code, stderr } = await runCli(['log', 'verify', path]);
  assert.equal(code, 1);
  assert.match(stderr, /^reeve: the log cannot be read: /);
  assert.equal((await runCli(['log', 'verify', path])).code, 1);
  assert.equal((await runCli(['log', 'verify', '--admin-socket', socketPath(t)])).code, 4);
});

test('what happened to the policy stands between the decisions, in a sentence', async (t) => {
  const { log, socket } = await daemonWithLog(t);
  log.note({ event: 'first_start' });
  log.note({
    event: 'activated',
    ...{ org: 'acme', source: 'tuf', from: '41', to: '42' },
    ...{ by: 'ann', reason: 'asked \u001b[2J for', ticket: 'T-1' },
  });
  log.note({
    event: 'activated',
    org: 'acme',
    source: 'file',
    from: null,
    to: '1',
    by: null,
    reason: null,
    ticket: null,
  });
  log.note({ event: 'state_mismatch', message: 'the database holds another one' });
  log.note({ event: 'mark_repaired', revision: '42' });
  log.note({ event: 'clock_fell_back', seen: 86_400_000, verified: 0 });
  log.note({ event: 'reconfigured', changed: ['source', 'preset'] });
  log.note({ event: 'reset', org: 'acme', revision: '42', governed: ['network', 'filesystem'], uid: 0, pid: 7 });
  log.note({ event: 'reset', org: null, revision: null, governed: [], uid: null, pid: null });
  const { stdout } = await runCli(['log', '--type', 'event', '--admin-socket', socket]);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) =>
      line
        .trimEnd()
        .replace(/^\S+ +event +/, '')
        .replace(/ {2,}/, ': '),
    );
  assert.deepEqual(rows, [
    'first_start: this machine knew of no policy',
    'activated: acme: revision 41 → 42 (tuf), by ann, asked \ufffd[2J for, T-1',
    'activated: acme: 1 (file)',
    'state_mismatch: the database holds another one',
    'mark_repaired: the high-water mark says revision 42 again',
    'clock_fell_back: a clock had been at 1970-01-02T00:00:00.000Z; 1970-01-01T00:00:00.000Z, the source’s own time, counts',
    'reconfigured: other settings were taken up: source, preset',
    'reset: acme, revision 42, was given up; released: network, filesystem; by uid 0',
    'reset: no organisation was known',
  ]);
  const asJson = await runCli(['log', '--type', 'event', '--json', '--admin-socket', socket]);
  const { records } = JSON.parse(asJson.stdout) as { records: { event: string; details: object }[] };
  assert.deepEqual(records[4], { ...records[4], event: 'mark_repaired', details: { revision: '42' } });
});

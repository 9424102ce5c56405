import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { answerQuery } from '../../src/audit/answer-query.ts';
import { readLogQuery } from '../../src/audit/log-query.ts';
import { verifyLog } from '../../src/audit/verify-log.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openLogToRead } from '../../src/store/log-store.ts';
import { falseHttpDaemon } from '../client/false-daemon.ts';
import { enrol } from '../support/enrolled-state.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

interface Place {
  readonly state: string;
  readonly config: string;
  readonly socket: string;
}

/** A configuration and an enrolled state directory; no daemon runs. */
function place(t: TestContext, more: object = {}): Place {
  const root = temporaryDirectory(t);
  const [state, config, socket] = [join(root, 'state'), join(root, 'reeve.yaml'), join(root, 'run/decide.sock')];
  mkdirSync(state, { mode: 0o700 });
  enrol(state);
  writeFileSync(config, JSON.stringify({ state_directory: state, sockets: { decide: socket }, ...more }), {
    mode: 0o600,
  });
  return { state, config, socket };
}

/** The events of a log that nobody has open; its chain is intact. */
function eventsIn(state: string): readonly Record<string, unknown>[] {
  const database = openLogToRead(join(state, 'log.db'));
  try {
    assert.equal(verifyLog(database).kind, 'intact');
    const reading = readLogQuery({ type: 'event' });
    assert.ok(reading.kind === 'query');
    const json = answerQuery(database, reading.query, { file: '', clock: () => 0 });
    return (JSON.parse(json) as { records: Record<string, unknown>[] }).records;
  } finally {
    database.close();
  }
}

const POLICY_FILES = /^(?:policy\.db|mark)/;

function policyFiles(state: string): readonly string[] {
  return readdirSync(state).filter((name) => POLICY_FILES.test(name));
}

test('without a daemon the state is removed, and the log has an entry of it', async (t) => {
  const { state, config } = place(t);
  const { code, stdout, stderr } = await runCli(['reset', '--keep-log', '--yes', '--json', '--config', config]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), {
    ...{ by: 'files', org: 'acme', revision: 'sha256:1', governed: ['network'], audited: true },
  });
  assert.deepEqual(policyFiles(state), []);
  const [event, ...others] = eventsIn(state);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [event?.['event'], event?.['details']],
    ['reset', { org: 'acme', revision: 'sha256:1', governed: ['network'], uid: process.getuid?.(), pid: process.pid }],
  );
  const again = await runCli(['reset', '--yes', '--config', config]);
  assert.match(
    again.stdout,
    /given up: +no organisation was known\nreleased: +no domain was governed\nlog: +has an entry/,
  );
  assert.equal(eventsIn(state).length, 2, 'the log that was there stays');
});

test('whatever is wrong with the state, it can be reset', async (t) => {
  const newer = (path: string): void => {
    const database = openDatabase(path, []);
    database.pragma('user_version = 99');
    database.close();
  };
  const states: readonly (readonly [string, (state: string) => void, string | null])[] = [
    ['no database', (state) => rmSync(join(state, 'policy.db')), 'acme'],
    ['no mark', (state) => rmSync(join(state, 'mark')), 'acme'],
    ['neither', (state) => policyFiles(state).forEach((name) => rmSync(join(state, name))), null],
    ['no database at all', (state) => writeFileSync(join(state, 'policy.db'), 'x'.repeat(9_000)), 'acme'],
    ['an empty file', (state) => writeFileSync(join(state, 'policy.db'), ''), 'acme'],
    [
      'a newer database',
      (state) => {
        rmSync(join(state, 'policy.db'));
        newer(join(state, 'policy.db'));
      },
      'acme',
    ],
    ['a mark that nobody can read', (state) => writeFileSync(join(state, 'mark'), '{'), 'acme'],
    ['a damaged log', (state) => writeFileSync(join(state, 'log.db'), 'x'.repeat(9_000)), 'acme'],
  ];
  for (const [name, damage, org] of states) {
    const { state, config } = place(t);
    damage(state);
    const { code, stdout, stderr } = await runCli(['reset', '--yes', '--json', '--config', config]);
    assert.equal(code, 0, `${name}: ${stderr}`);
    assert.equal((JSON.parse(stdout) as { org: unknown }).org, org, name);
    assert.deepEqual(policyFiles(state), [], name);
    assert.equal(eventsIn(state).at(0)?.['event'], 'reset', name);
  }
});

test('a log that cannot take the entry is said, and the state is reset all the same', async (t) => {
  const { state, config } = place(t);
  const log = openDatabase(join(state, 'log.db'), []);
  log.pragma('user_version = 99');
  log.close();
  const { code, stderr } = await runCli(['reset', '--yes', '--config', config]);
  assert.equal(code, 1);
  assert.match(stderr, /the state is reset, and the log cannot take the entry: .*install a newer reeve/);
  assert.deepEqual(policyFiles(state), []);
});

test('a configuration that cannot be read needs the state to be named', async (t) => {
  const { state, config, socket } = place(t);
  writeFileSync(config, '{');
  const refused = await runCli(['reset', '--yes', '--config', config]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /hint: name the state itself with `--state-directory DIR`/);
  assert.ok(existsSync(join(state, 'policy.db')));
  const named = ['reset', '--yes', '--state-directory', state, '--socket', socket];
  assert.equal((await runCli(named)).code, 0);
  assert.deepEqual(policyFiles(state), []);
});

test('nobody is asked where there is no terminal, and nothing happens without the word', async (t) => {
  const { state, config } = place(t);
  const refused = await runCli(['reset', '--config', config]);
  assert.deepEqual([refused.code, /say `--yes`/.test(refused.stderr)], [2, true]);
  for (const stdin of ['y\n', 'yes\n', '', '\n']) {
    const { code, stderr } = await runCli(['reset', '--config', config], { stdin, terminal: true });
    assert.equal(code, 1, stdin);
    assert.match(stderr, /nothing was reset/);
  }
  assert.ok(existsSync(join(state, 'policy.db')));
  assert.equal((await runCli(['reset', '--config', config], { stdin: 'reset\n', terminal: true })).code, 0);
  assert.deepEqual(policyFiles(state), []);
});

test('a state directory that is missing, somebody else’s or none is left alone', async (t) => {
  const { state, config, socket } = place(t);
  const ofState = (path: string): Promise<{ code: number; stdout: string; stderr: string }> =>
    runCli(['reset', '--yes', '--socket', socket, '--state-directory', path]);
  const missing = await ofState(join(state, 'nowhere'));
  assert.deepEqual([missing.code, missing.stdout], [0, 'nothing to reset: there is no state\n']);
  assert.equal(existsSync(join(state, 'nowhere')), false);
  const file = await ofState(config);
  assert.deepEqual([file.code, /is no directory/.test(file.stderr)], [1, true]);
  if (process.geteuid?.() === 0) chownSync(state, 12_345, 0);
  const foreign = await ofState(process.geteuid?.() === 0 ? state : '/');
  assert.deepEqual([foreign.code, /belongs to uid \d+\n.*hint: /.test(foreign.stderr)], [1, true], foreign.stderr);
  assert.ok(existsSync(join(state, 'policy.db')));
  const unknown = await runCli(['reset', '--yes', '--socket', socket]);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /no daemon answers at .*\n.*name its configuration with `--config FILE`/);
});

test('a running daemon resets itself, its own state only', async (t) => {
  const { state, config } = place(t);
  const asked: unknown[] = [];
  const reply = { org: 'acme', revision: '7', governed: ['network', 'filesystem'], audited: true };
  let status = 200;
  const socket = await falseHttpDaemon(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push([request.method, request.url, JSON.parse(Buffer.concat(chunks).toString())]);
      const error = { error: { code: 'x', message: 'its own words' } };
      response.writeHead(status).end(JSON.stringify(status === 200 ? reply : error));
    });
  });
  const own = await runCli(['reset', '--yes', '--admin-socket', socket]);
  assert.equal(own.code, 0, own.stderr);
  assert.match(
    own.stdout,
    /given up: +acme, revision 7\nreleased: +network, filesystem\nlog: .*\nnext: +the daemon polls/,
  );
  await runCli(['reset', '--yes', '--admin-socket', socket, '--config', config]);
  assert.deepEqual(asked, [
    ['POST', '/v1/reset', {}],
    ['POST', '/v1/reset', { state_directory: state }],
  ]);
  assert.ok(existsSync(join(state, 'policy.db')), 'the files are its business');
  reply.audited = false;
  assert.equal((await runCli(['reset', '--yes', '--admin-socket', socket])).code, 1);
  for (status of [409, 502, 403]) {
    const refused = await runCli(['reset', '--yes', '--admin-socket', socket, '--config', config]);
    assert.deepEqual([refused.code, /its own words/.test(refused.stderr)], [1, true], String(status));
  }
});

test('a daemon that hangs is not pulled away from its files', async (t) => {
  const { state, config } = place(t);
  const socket = await falseHttpDaemon(t, (request) => request.socket.destroy());
  const { code, stderr } = await runCli(['reset', '--yes', '--admin-socket', socket, '--config', config]);
  assert.equal(code, 1);
  assert.match(stderr, /a daemon is there and does not answer: stop it/);
  assert.ok(existsSync(join(state, 'policy.db')));
});

test('what cannot be removed stays, and is said', async (t) => {
  const { state, config } = place(t);
  for (const name of policyFiles(state)) if (name !== 'mark') rmSync(join(state, name));
  mkdirSync(join(state, 'policy.db'));
  const { code, stderr } = await runCli(['reset', '--yes', '--config', config]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot be removed/);
  assert.match(readFileSync(join(state, 'mark'), 'utf8'), /acme/);
});

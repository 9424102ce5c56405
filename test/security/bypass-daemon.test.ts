import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig, ownInstallation } from '../../src/daemon/config/load-config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { prepareStateDirectory } from '../../src/daemon/state-directory.ts';
import { createDecisionPoint } from '../../src/pdp/decision-point.ts';
import { PathResolver } from '../../src/pdp/path-resolver.ts';
import { createSnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import { compile } from '../../src/policy/compile.ts';
import { NETWORK_RULE, newCredential, newPolicy, newRule, ORG, startServer } from '../control-plane/running-server.ts';
import { allow, allowRead, BOTH, policy, setOf } from '../policy/asking.ts';
import { call, eventually, logText, type Machine, machine, toHost, verdict } from '../support/daemon-process.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { governanceStage, networkPolicy } from '../support/governance-stage.ts';

const FILE = { action: 'read', path: '/data/x', resolved: true };
const LOCAL = [
  { decision: 'allow', resources: ['a.example.com'] },
  { decision: 'allow', resources: ['/data/**'] },
];

/** The whole daemon of a machine, in this process. */
async function start(t: TestContext, at: Machine): Promise<{ close(): Promise<void> }> {
  const config = loadConfig(at.config, ownInstallation());
  mkdirSync(dirname(at.decide), { recursive: true, mode: 0o755 });
  prepareStateDirectory(config.stateDirectory);
  const daemon = await startDaemon({ config, log: createLogger(config.log) });
  t.after(() => daemon.close());
  return daemon;
}

/** A machine that belongs to an organisation behind `baseUrl`. */
function enrolled(t: TestContext, baseUrl: string, credential: unknown, more: object = {}): Machine {
  const at = machine(t);
  const file = join(at.root, 'credential.json');
  writeFileSync(file, JSON.stringify(credential), { mode: 0o600 });
  at.configure({
    source: { type: 'governance', base_url: baseUrl, org: ORG, credential_file: file, teams: [] },
    preset: 'open',
    ...more,
  });
  return at;
}

/** A port of loopback on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('2 a governed machine that never reached its organisation denies everything, whatever its user would allow', async (t) => {
  const at = enrolled(t, `http://127.0.0.1:${await deadPort()}/v2`, { identifier: 'm', secret: 's' });
  at.writeLocal('10-mine.yaml', LOCAL);
  await start(t, at);
  for (const question of [toHost('a.example.com'), FILE, { ...FILE, action: 'write' }]) {
    assert.equal(await verdict(at, question), 'deny no_policy');
  }
  await eventually('the status to say why', async () => {
    const { json } = await call(at.decide, 'GET /v1/status');
    return JSON.stringify(json).includes('"last_error":{');
  });
});

test('47 a local file that is broken, emptied or unreadable while the daemon runs never allows more than before', async (t) => {
  const at = machine(t);
  at.configure({ preset: 'open' });
  at.writeLocal('10-mine.yaml', [{ decision: 'deny', resources: ['a.example.com'] }]);
  await start(t, at);
  assert.equal(await verdict(at, toHost('a.example.com')), 'deny local_deny');
  const file = join(at.local, '10-mine.yaml');
  for (const text of ['{"version": 1, "rules": [', '', '\0', '{"version": 1}', '{"version": 9, "rules": []}']) {
    writeFileSync(file, text);
    await sleep(400);
    assert.equal((await verdict(at, toHost('a.example.com'))).split(' ')[0], 'deny', JSON.stringify(text));
  }
  writeFileSync(join(at.local, '20-never-parsed.yaml'), 'rules: [');
  await eventually(
    'the new file to be seen',
    async () => (await verdict(at, toHost('b.example.com'))) === 'deny local_invalid',
  );
  rmSync(join(at.local, '20-never-parsed.yaml'));
  rmSync(file);
  await eventually(
    'the deleted file to be gone',
    async () => (await verdict(at, toHost('a.example.com'))) === 'allow preset_allow',
  );
});

test('56 a policy whose activation failed is fetched again by the next sync, and serves once it is repaired', async (t) => {
  let fails = false;
  const stage = await governanceStage(t, {
    compile: (set) => {
      if (fails) throw new Error('the compiler broke down');
      return compile(set);
    },
  });
  const serving = (): unknown => stage.serving()?.listing.flatMap((rule) => rule.resources);
  const sync = async (): Promise<string> => {
    const answer = await stage.source.sync();
    return answer.kind === 'ran' ? answer.outcome.kind : answer.kind;
  };
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  assert.equal(await sync(), 'ok');
  // broken at the source, and repaired there without a word: the same `updated_at`, long ago
  const at = { updated_at: '2026-05-02T00:00:00Z' };
  for (const broken of [
    { ...at, status: 'paused' },
    { ...at, new_restriction: true },
  ]) {
    stage.policies.set('pol_a', networkPolicy('pol_a', 'b.example', broken));
    assert.equal(await sync(), 'failed');
    assert.deepEqual(serving(), ['a.example'], 'the last good one serves');
  }
  stage.policies.set('pol_a', networkPolicy('pol_a', 'b.example', at));
  assert.equal(await sync(), 'ok');
  assert.deepEqual(serving(), ['b.example']);
  // whole and verified, and yet not activated
  fails = true;
  stage.policies.set('pol_a', networkPolicy('pol_a', 'c.example', { updated_at: '2026-05-03T00:00:00Z' }));
  assert.equal(await sync(), 'failed');
  assert.deepEqual(serving(), ['b.example']);
  fails = false;
  stage.asked();
  assert.equal(await sync(), 'ok');
  assert.deepEqual(stage.asked(), ['/policies', '/policies/pol_a'], 'nothing of the failed sync is taken for held');
  assert.deepEqual(serving(), ['c.example']);
});

test('58 neither the secret nor a token appears in the log, the status, the rules or an error', async (t) => {
  const server = await startServer(t);
  const login = newCredential(server.database, 'machine');
  await newRule(server, await newPolicy(server), NETWORK_RULE);
  const wrong = { ...login, secret: 'a-secret-that-is-wrong-0123456789' };
  const at = enrolled(t, server.plane.url, wrong);
  const daemon = await start(t, at);
  const said: string[] = [];
  const look = async (): Promise<void> => {
    for (const line of ['GET /v1/status', 'GET /v1/rules', 'GET /metrics', 'POST /v1/sync']) {
      said.push((await call(at.admin, line)).text);
    }
    said.push(
      (await call(at.decide, 'GET /v1/status')).text,
      (await call(at.decide, 'POST /v1/explain', toHost('cve.mitre.org'))).text,
    );
  };
  await look();
  assert.match(said.join(''), /"last_error":\{/, 'the source says no, and that is told');
  assert.equal(await verdict(at, toHost('cve.mitre.org')), 'deny no_policy');
  writeFileSync(join(at.root, 'credential.json'), JSON.stringify(login), { mode: 0o600 });
  await eventually('the policy to serve', async () => {
    await look();
    return (await verdict(at, toHost('cve.mitre.org'))) === 'allow org_allow';
  });
  await look();
  await daemon.close();
  await sleep(50);
  const log = logText(at);
  assert.match(log, /a new policy generation serves/);
  const everything = [log, ...said].join('\n');
  for (const secret of [login.secret, wrong.secret]) assert.equal(everything.includes(secret), false);
  assert.doesNotMatch(everything, /eyJ[\w-]*\.[\w-]+\.|[Bb]earer/, 'no token either');
  assert.equal(JSON.stringify(server.log).includes(login.secret), false, 'nor with the server');
});

test('59 a path lookup that hangs is given up in time and denied, and the others are answered', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-')));
  const hung = join(root, 'hung');
  execFileSync('mkfifo', [hung]);
  const release = (): void => closeSync(openSync(hung, constants.O_RDWR | constants.O_NONBLOCK));
  const resolver = new PathResolver({ entry: new URL('../pdp/fifo-lookup-worker.ts', import.meta.url) });
  t.after(async () => {
    for (let round = 0; resolver.lost > 0 && round < 200; round += 1) {
      release();
      await sleep(10);
    }
    await resolver.close();
    rmSync(root, { recursive: true });
  });
  await resolver.resolve(root);
  const policies = [policy([allowRead('/**')], { id: 'fs' }), policy([allow('**')], { id: 'net' })];
  const holder = createSnapshotHolder(() => 0);
  holder.swap(compile(setOf({ governs: BOTH, policies })), 'start');
  const decisionPoint = createDecisionPoint({
    holder,
    resolve: (sent) => resolver.resolve(sent),
    homeKnown: () => true,
    findHome: () => Promise.resolve(),
  });
  const daemon = await startDecisionDaemon(t, { port: { decisionPoint } });
  const ask = async (question: object): Promise<string> => {
    const { status, json } = await call(daemon.decide, 'POST /v1/decide', question);
    const { decision, code } = json as { decision?: string; code?: string };
    return `${status} ${decision ?? ''} ${code ?? ''}`;
  };
  // on a busy machine a new thread may take longer to start than the deadline leaves: that is a denial, too
  const askUntilAnswered = async (question: object): Promise<string> => {
    const said = await ask(question);
    return said.startsWith('503') && performance.now() - started < 5_000 ? askUntilAnswered(question) : said;
  };
  const started = performance.now();
  const [stuck, net, beside] = await Promise.all([
    askUntilAnswered({ action: 'read', path: hung }),
    ask(toHost('a.example.com')),
    askUntilAnswered({ action: 'read', path: join(root, 'x') }),
  ]);
  assert.equal(stuck, '200 deny unresolvable_path');
  assert.equal(net, '200 allow org_allow');
  assert.equal(beside, '200 allow org_allow');
  assert.ok(performance.now() - started < 5_000);
  assert.deepEqual(daemon.errors, []);
});

// The main job, for real: write a policy, pull it, decide on a socket; org over local, online and offline.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, createClient, type Question } from '../src/client/index.ts';
import { loadPreset } from '../src/sources/presets.ts';
import { type Administrator, signIn } from './demo-control-plane.ts';
import { curl, eventually, type Running, run, start } from './demo-processes.ts';

const ORG = 'acme';
const colours = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
const paint = (code: number, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
const say = (text = ''): void => console.log(text);
const heading = (text: string): void => say(`\n${paint(1, text)}`);

/** Everything that has to go when the demo ends, however it ends. */
const running = new Set<Running>();
let ending = false;
const home = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-demo-')));
const socket = join(home, 'run/decide.sock');
const admin = join(home, 'run/admin.sock');

async function main(): Promise<void> {
  const port = await freePort();
  heading('1. A control plane with an organisation’s policies');
  const plane = launch([
    'control-plane',
    'start',
    '--database',
    join(home, 'control-plane.db'),
    '--port',
    String(port),
  ]);
  const base = `http://127.0.0.1:${port}/v2`;
  await eventually('the control plane', 15, async () => ((await answers(`${base}/`)) ? true : null));
  const ops = await signIn(base, ORG, 'ops', credential('admin', 'ops'));
  const blocked = await writePolicies(ops);
  writeDaemonFiles(base, credential('machine', 'fleet'));

  heading('2. A daemon pulls them and answers on a Unix socket');
  let daemon = launch(['daemon', '--config', join(home, 'reeve.yaml')]);
  const client = createClient({ socket });
  const first = await eventually('the first policy', 15, () => decided(client, 'github.com', 'org_allow'));
  say(`generation ${first.generation}, revision ${first.revision.slice(0, 19)}…`);
  await showDecisions(client);

  heading('3. A rule changes; the daemon notices by itself (it polls every second here)');
  const changed = performance.now();
  await ops.addRule(blocked, {
    name: 'no gists',
    decision: 'deny',
    actions: ['connect:tcp'],
    resources: ['gist.github.com'],
  });
  const after = await eventually('the change', 15, () => decided(client, 'gist.github.com', 'org_deny'));
  say(
    `gist.github.com: allow → ${verdict(after)} after ${((performance.now() - changed) / 1000).toFixed(1)} s, generation ${after.generation}`,
  );

  heading('4. Local files govern what the organisation leaves open');
  await showLocal(client);

  heading('5. Offline: the control plane stops, decisions go on');
  await halt(plane);
  await show(client, { action: 'connect:tcp', host: 'claude.com', port: 443 });
  await halt(daemon);
  daemon = launch(['daemon', '--config', join(home, 'reeve.yaml')]);
  await eventually('the restarted daemon', 15, () => decided(client, 'claude.com', 'org_allow'));
  say('the daemon restarted without a control plane and serves what SQLite held:');
  await show(client, { action: 'connect:tcp', host: 'claude.com', port: 443 });
  await show(client, { action: 'connect:tcp', host: 'gist.github.com', port: 443 });
  client.close();
  if (process.argv.includes('--keep')) await keepRunning();
  else leaveCommands();
}

function launch(args: readonly string[]): Running {
  if (ending) throw new Error('the demo is ending');
  const process = start(args);
  running.add(process);
  return process;
}

async function halt(process: Running): Promise<void> {
  running.delete(process);
  await process.stop();
}

/** `reeve control-plane credential create`; the secret is shown once. */
function credential(kind: 'admin' | 'machine', identifier: string): string {
  const database = join(home, 'control-plane.db');
  const args = ['--database', database, '--org', ORG, '--kind', kind, '--identifier', identifier, '--json'];
  const { secret } = JSON.parse(run(['control-plane', 'credential', 'create', ...args])) as { secret: string };
  return secret;
}

/** The balanced allowlist as a network policy, one deny policy, one policy of a team; answers the deny policy's id. */
async function writePolicies(ops: Administrator): Promise<string> {
  const allowlist = await ops.createPolicy('Balanced egress');
  let domains = 0;
  for (const rule of loadPreset('balanced').rules as { name: string; resources: string[] }[]) {
    domains += rule.resources.length;
    const { name, resources } = rule;
    await ops.addRule(allowlist, { name, decision: 'allow', actions: ['connect:tcp'], resources });
  }
  const blocked = await ops.createPolicy('Blocked for everybody');
  const actions = ['connect:tcp', 'connect:udp'];
  await ops.addRule(blocked, {
    name: 'no paste sites',
    decision: 'deny',
    actions,
    resources: ['pastebin.com', '**.supabase.com'],
  });
  await ops.addRule(blocked, { name: 'no raw storage', decision: 'deny', actions, resources: ['s3.amazonaws.com'] });
  const team = await ops.createPolicy('Research models', ['research']);
  await ops.addRule(team, {
    name: 'model hub',
    decision: 'allow',
    actions: ['connect:tcp'],
    resources: ['huggingface.co:443'],
  });
  say(`3 policies: ${domains} destinations allowed, 3 denied for everybody, 1 allowed for the team \`research\``);
  return blocked;
}

function writeDaemonFiles(base: string, secret: string): void {
  const credentialFile = join(home, 'credential.json');
  writeFileSync(credentialFile, JSON.stringify({ identifier: 'fleet', secret }), { mode: 0o600 });
  mkdirSync(join(home, 'local.d'), { mode: 0o700 });
  mkdirSync(join(home, 'project'), { mode: 0o700 });
  const config = {
    sockets: { decide: socket, admin },
    state_directory: join(home, 'state'),
    local_directory: join(home, 'local.d'),
    source: {
      type: 'governance',
      base_url: base,
      org: ORG,
      credential_file: credentialFile,
      teams: ['research'],
      interval: '1s',
    },
  };
  // JSON is YAML
  writeFileSync(join(home, 'reeve.yaml'), JSON.stringify(config, null, 2), { mode: 0o600 });
}

type Asking = ReturnType<typeof createClient>;

async function showDecisions(client: Asking): Promise<void> {
  const network = (host: string, port = 443): Question => ({ action: 'connect:tcp', host, port });
  const questions: Question[] = [
    network('github.com'),
    network('API.GitHub.com.'),
    network('github.com', 22),
    network('api.anthropic.com'),
    { action: 'connect:udp', host: 'github.com', port: 443 },
    network('huggingface.co'),
    network('pastebin.com'),
    network('db.supabase.com'),
    network('bucket.s3.amazonaws.com'),
    network('s3.amazonaws.com'),
    network('evil.example'),
    network('github.com.evil.example'),
    { action: 'connect:tcp', host: 'github.com', port: 443, ip: ['169.254.169.254'] },
    network('0x7f.1', 80),
    { action: 'read', path: join(home, 'project/notes.md') },
    { action: 'write', path: join(home, 'state/policy.db') },
  ];
  for (const [index, question] of questions.entries()) {
    // every third one by curl, to show that any program can ask
    if (index % 3 === 0 && curl(socket, question) !== null) {
      const answer = curl(socket, question) as Answer;
      line(question, answer, 'curl');
    } else await show(client, question);
  }
}

async function showLocal(client: Asking): Promise<void> {
  const question: Question = { action: 'read', path: join(home, 'project/notes.md') };
  await show(client, question);
  writeFileSync(
    join(home, 'local.d/mine.yaml'),
    [
      'version: 1',
      'rules:',
      `  - {id: project, decision: allow, resources: ['${home}/project/**']}`,
      "  - {id: intranet, decision: allow, resources: ['intranet.example:443']}",
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  say('local.d/mine.yaml now allows reading the project, and intranet.example:443');
  await eventually('the local file', 15, async () => {
    const { code } = await client.decide(question);
    return code === 'local_allow' ? true : null;
  });
  await show(client, question);
  await show(client, { action: 'connect:tcp', host: 'intranet.example', port: 443 });
  const listed = run(['rules', 'ls', '--include-inactive', '--admin-socket', admin, '--json']);
  const { rules } = JSON.parse(listed) as { rules: { id: string; active: boolean; cause?: string }[] };
  const intranet = rules.find((rule) => rule.id === 'intranet');
  say(`rules ls: \`intranet\` is ${intranet?.active === true ? 'active' : 'inactive'}: ${intranet?.cause ?? ''}`);
}

/** Null until the decision about `host` has this code. */
async function decided(client: Asking, host: string, code: Answer['code']): Promise<Answer | null> {
  const answer = await client.decide({ action: 'connect:tcp', host, port: 443 });
  return answer.code === code ? answer : null;
}

async function show(client: Asking, question: Question): Promise<void> {
  line(question, await client.decide(question), 'library');
}

/** One decision a line: the reason says again what was asked, so that part is left out. */
function line(question: Question, answer: Answer, by: string): void {
  const target =
    'path' in question ? question.path.replace(home, '~demo') : `${String(question.host)}:${question.port}`;
  const ip = 'ip' in question ? ` at ${String(question.ip)}` : '';
  const asked = `${question.action} ${target}${ip}`.padEnd(49);
  const reason = answer.reason.replaceAll(home, '~demo').replace(/^.* (?=is (?:allowed|denied))/, '');
  say(`  ${verdict(answer)} ${asked} ${by.padEnd(7)} ${reason}`);
}

function verdict({ decision }: Answer): string {
  return decision === 'allow' ? paint(32, 'allow') : paint(31, 'deny ');
}

function leaveCommands(): void {
  heading('Try');
  say('  scripts/demo --keep                                  the same, and leave it running');
  say('  npm run --silent reeve -- --help                     every command');
  say(
    `  echo '{"org":[{"decision":"allow","actions":["connect:tcp"],"resources":["**.example.com"]}],"request":{"action":"connect:tcp","host":"api.example.com","port":443}}' | npm run --silent reeve -- eval`,
  );
}

async function keepRunning(): Promise<void> {
  heading('Still running (the daemon; the control plane stays stopped). Ctrl-C ends it. Try');
  say(`  npm run --silent reeve -- check network api.github.com --socket ${socket}`);
  say(`  npm run --silent reeve -- explain network pastebin.com --socket ${socket}`);
  say(`  npm run --silent reeve -- status --socket ${socket}`);
  say(`  npm run --silent reeve -- rules ls --include-inactive --admin-socket ${admin}`);
  say(
    `  curl -s --unix-socket ${socket} http://reeve/v1/decide -d '{"action":"connect:tcp","host":"claude.com","port":443}'`,
  );
  // a daemon that serves is how `--keep` should end
  interrupted = 0;
  await new Promise<void>(() => setInterval(() => undefined, 60_000));
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** The exit code of a demo that is cut short. */
let interrupted = 130;

/** Resolves with the first signal: a demo that is cut short leaves nothing behind either. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        process.exitCode = interrupted;
        resolve();
      });
    }
  });
}

async function cleanUp(): Promise<void> {
  ending = true;
  await Promise.all([...running].map((process) => process.stop()));
  rmSync(home, { recursive: true, force: true });
}

try {
  await Promise.race([main(), signalled()]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  for (const process of running) console.error(process.output());
  process.exitCode = 1;
} finally {
  await cleanUp();
}
process.exit();

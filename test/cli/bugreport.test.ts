import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { governanceContent } from '../delivery/governance-rig.ts';
import { eventually, type Machine, machine, startDaemonProcess, toHost, verdict } from '../support/daemon-process.ts';
import { SECRET } from '../support/governance-stage.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

/** A machine of `acme` whose daemon has a policy, and secrets in places where nobody should have put them. */
async function enrolledMachine(t: TestContext): Promise<Machine> {
  const content = governanceContent();
  const { origin } = await misbehavingServer(t, content.responder);
  const own = machine(t);
  const source = { ...content.source(origin, own.root), proxy: 'http://ann:proxy-pass@127.0.0.1:1' };
  own.configure({ log: { level: 'info', destination: own.log }, source });
  await startDaemonProcess(t, own);
  await eventually('the first policy', async () => (await verdict(own, toHost('a.example'))) === 'allow org_allow');
  appendFileSync(own.log, `{"level":30,"msg":"sent Authorization: Bearer abcdefgh and ${SECRET}"}\n`);
  return own;
}

const SECRETS = [SECRET, 'proxy-pass', 'abcdefgh'];

test('a report has everything that helps, and neither secrets nor names', async (t) => {
  const own = await enrolledMachine(t);
  const directory = temporaryDirectory(t);
  const argv = ['bugreport', '--yes', '--config', own.config];
  const { code, stdout, stderr } = await runCli([...argv, '--json'], { cwd: directory });
  assert.equal(code, 0, stderr);
  const { file, sections, redacted } = JSON.parse(stdout) as {
    file: string;
    sections: { name: string; bytes: number }[];
    redacted: number;
  };
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, 'utf8');
  assert.deepEqual(
    sections.map(({ name }) => name),
    ['versions', 'doctor', 'status', 'configuration', 'files', 'log'],
  );
  for (const { name, bytes } of sections) {
    assert.ok(text.includes(`==== ${name} ====\n`) && bytes > 100, name);
  }
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `the report has ${secret}`);
  for (const name of ['acme', hostname()]) {
    assert.doesNotMatch(text, new RegExp(`(?<![\\w])${name.replaceAll('.', '\\.')}(?![\\w])`, 'i'));
  }
  assert.ok(redacted > 5, `${redacted} places`);
  assert.match(text, /"organisation": "<org>"/);
  assert.match(text, /Bearer <redacted> and <redacted>/);
  assert.match(text, /"proxy": "http:\/\/<redacted>@127\.0\.0\.1:1"/);
  assert.match(text, /100600 \d+:\d+ \d+ \S+ .*\/policy\.db/);
});

test('names stay, and decisions go in, if that is asked for', async (t) => {
  const own = await enrolledMachine(t);
  await verdict(own, toHost('asked.example'));
  const output = join(temporaryDirectory(t), 'report.txt');
  const argv = ['bugreport', '--yes', '--config', own.config, '--output', output];
  const reported = async (): Promise<string> => {
    const { code, stderr } = await runCli([...argv, '--with-names', '--decisions', '20']);
    assert.equal(code, 0, stderr);
    return readFileSync(output, 'utf8');
  };
  const text = await reported();
  assert.match(text, /"organisation": "acme"/);
  assert.match(text, /==== decisions ====\n[\s\S]*asked\.example/);
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `the report has ${secret}`);
  writeFileSync(output, 'mine');
  const again = await runCli(argv);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /cannot write `.*report\.txt` \(EEXIST\)\nhint: name another file with --output FILE\n$/);
  assert.equal(readFileSync(output, 'utf8'), 'mine');
});

test('it says what would be inside before it writes, and writes only if somebody agrees', async (t) => {
  const root = temporaryDirectory(t);
  const config = join(root, 'reeve.yaml');
  writeFileSync(config, 'presset: open\n', { mode: 0o600 });
  const argv = ['bugreport', '--config', config];
  const listed = await runCli([...argv, '--list'], { cwd: root });
  assert.deepEqual([listed.code, listed.stderr], [0, '']);
  assert.match(listed.stdout, /^inside:\n {2}versions +reeve, .* \(\d+ bytes\)\n {2}doctor/);
  const no = await runCli(argv, { cwd: root, terminal: true, stdin: 'n\n' });
  assert.equal(no.code, 1);
  assert.match(
    no.stderr,
    /^inside:\n[\s\S]*places are redacted\nWrite this\? \(y\/n\) \[y\]:\nreeve: nothing was written\n$/,
  );
  const alone = await runCli(argv, { cwd: root });
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /there is no terminal to ask\nhint: say `--yes`/);
  assert.deepEqual(readdirSync(root), ['reeve.yaml']);
  const yes = await runCli(argv, { cwd: root, terminal: true, stdin: '\n' });
  assert.equal(yes.code, 0);
  assert.ok(existsSync(/^wrote (\S+): read it/.exec(yes.stdout)?.[1] ?? ''));
  assert.equal((await runCli([...argv, '--decisions', 'all'])).code, 2);
});

test('under sudo the name of who ran it goes where it is a word; a word of every report stays', async (t) => {
  const own = machine(t);
  writeFileSync(own.log, 'maria at /home/maria/x, mariana and al ask a node of reeve\n');
  const logFor = async (invoker: string, ...argv: string[]): Promise<string> => {
    const output = join(temporaryDirectory(t), 'report.txt');
    const run = await runCli(['bugreport', '--yes', '--config', own.config, '--output', output, ...argv], { invoker });
    assert.equal(run.code, 0, run.stderr);
    return /==== log ====\n(.*)/.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
  };
  const withoutHome = 'maria at /home/<user>/x, mariana and al ask a node of reeve';
  assert.equal(await logFor('maria'), '<user> at /home/<user>/x, mariana and al ask a node of reeve');
  for (const name of ['al', 'a', 'node', 'reeve']) assert.equal(await logFor(name), withoutHome, name);
  assert.match(await logFor('maria', '--with-names'), /^maria at \/home\/maria\/x/);
});

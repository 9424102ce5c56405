import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readLocalFile } from '../../src/schema/local-file.ts';
import { falseHttpDaemon, socketPath } from '../client/false-daemon.ts';
import { type Ran, runCli, temporaryDirectory } from './run-cli.ts';

async function daemonWith(t: TestContext, domains: object): Promise<string> {
  return falseHttpDaemon(t, (_request, response) => response.end(JSON.stringify({ domains })));
}

const FREE = { governed: false, delegated: false };

async function adder(
  t: TestContext,
  domains: object = { network: FREE, filesystem: FREE },
): Promise<{
  readonly directory: string;
  readonly add: (...argv: string[]) => Promise<Ran>;
}> {
  const directory = join(temporaryDirectory(t), 'local.d');
  const socket = await daemonWith(t, domains);
  return {
    directory,
    add: (...argv) => runCli(['local', 'add', '--directory', directory, '--socket', socket, ...argv]),
  };
}

function rulesIn(file: string): readonly unknown[] {
  const reading = readLocalFile(readFileSync(file, 'utf8'));
  assert.ok(reading.kind === 'file', JSON.stringify(reading));
  return reading.rules;
}

test('local add writes one private file that the daemon reads, and leaves nothing else behind', async (t) => {
  const { directory, add } = await adder(t);
  const { code, stdout, stderr } = await add(
    'allow',
    'registry.example.com:443',
    '*.cdn.example.com',
    '--name',
    "the registry's",
  );
  assert.deepEqual([code, stderr], [0, '']);
  const file = join(directory, 'allow-registry-example-com-443.yaml');
  assert.equal(stdout, `wrote ${file}\n  allow registry.example.com:443\n  allow *.cdn.example.com\n`);
  assert.deepEqual(readdirSync(directory), ['allow-registry-example-com-443.yaml']);
  assert.deepEqual(rulesIn(file), [
    {
      id: 'allow-registry-example-com-443',
      name: "the registry's",
      decision: 'allow',
      resources: ['registry.example.com:443', '*.cdn.example.com'],
    },
  ]);
  assert.equal(statSync(file).mode & 0o022, 0);
});

test('a second rule of the same name gets its own file; nothing is replaced', async (t) => {
  const { directory, add } = await adder(t);
  await add('deny', '**.example.com');
  await add('deny', '**.example.com', '--action', 'connect:udp');
  assert.deepEqual(readdirSync(directory).sort(), ['deny-all-example-com-2.yaml', 'deny-all-example-com.yaml']);
  assert.deepEqual(rulesIn(join(directory, 'deny-all-example-com-2.yaml')), [
    { id: 'deny-all-example-com', decision: 'deny', actions: ['connect:udp'], resources: ['**.example.com'] },
  ]);
});

test('a rule that the daemon could not evaluate is not written, and the message says what to write instead', async (t) => {
  const { directory, add } = await adder(t);
  for (const [argv, message] of [
    [['allow', '*'], /`\*\*`/],
    [['deny', '10.0.0.*'], /10\.0\.0\.0\/24/],
    [['allow', 'a.example.com', '/srv/data'], /mixes hosts and paths/],
    [['allow', '$HOME/x'], /\$HOME/],
    [['allow', 'a.example.com', '--action', 'read'], /./],
    [['allow', 'a.example.com', '--action', 'connect:sctp'], /unknown action `connect:sctp`/],
  ] as const) {
    const { code, stdout, stderr } = await add(...argv);
    assert.deepEqual([code, stdout], [2, ''], argv.join(' '));
    assert.match(stderr, /^reeve: the rule is refused: /);
    assert.match(stderr, message);
  }
  assert.throws(() => readdirSync(directory));
});

test('local add says when an allow will be inert, and why', async (t) => {
  const governed = await adder(t, { network: { governed: true, delegated: false }, filesystem: FREE });
  assert.match(
    (await governed.add('allow', 'a.example.com')).stdout,
    /inert for now: the organisation governs network/,
  );
  assert.doesNotMatch((await governed.add('deny', 'a.example.com')).stdout, /inert/);
  assert.doesNotMatch((await governed.add('allow', '/srv/data/**')).stdout, /inert/);
  const delegated = await adder(t, { network: { governed: true, delegated: true } });
  assert.match(
    (await delegated.add('allow', 'a.example.com', '**.com')).stdout,
    /inert for now: `\*\*\.com` is too wide/,
  );
  assert.doesNotMatch((await delegated.add('allow', 'b.example.com')).stdout, /inert/);
  const away = await runCli([
    'local',
    'add',
    'allow',
    'c.example.com',
    '--directory',
    delegated.directory,
    '--socket',
    socketPath(t),
  ]);
  assert.equal(away.code, 0);
  assert.match(away.stdout, /\nnot known whether it counts: the daemon does not answer/);
});

test('a path that leads through a link is written in both forms', async (t) => {
  const { directory, add } = await adder(t);
  const root = temporaryDirectory(t);
  mkdirSync(join(root, 'real'));
  symlinkSync('real', join(root, 'link'));
  const { stdout } = await add('deny', `${root}/link/**`, '--json');
  const written = JSON.parse(stdout) as { inert: unknown; rule: { resources: unknown } };
  assert.deepEqual([written.inert, written.rule.resources], [null, [`${root}/link/**`, `${root}/real/**`]]);
  const [file = ''] = readdirSync(directory);
  assert.deepEqual((rulesIn(join(directory, file))[0] as { resources: unknown }).resources, [
    `${root}/link/**`,
    `${root}/real/**`,
  ]);
});

test('a directory that cannot be written is exit code 1 with a hint', async (t) => {
  const root = temporaryDirectory(t);
  writeFileSync(join(root, 'file'), '');
  const { code, stderr } = await runCli(['local', 'add', 'deny', 'a.example.com', '--directory', join(root, 'file')]);
  assert.equal(code, 1);
  assert.match(stderr, /^reeve: cannot write to .*\nhint: /);
});

test('local rm deletes a file of the directory and nothing outside it', async (t) => {
  const root = temporaryDirectory(t);
  const directory = join(root, 'local.d');
  mkdirSync(directory);
  writeFileSync(join(directory, 'x.yaml'), '');
  writeFileSync(join(root, 'y.yaml'), '');
  const rm = (name: string): Promise<Ran> => runCli(['local', 'rm', name, '--directory', `${directory}/`]);
  assert.deepEqual(await rm('x.yaml'), { code: 0, stdout: `removed ${directory}/x.yaml\n`, stderr: '' });
  assert.match((await rm('x.yaml')).stderr, /there is no .*\nhint: `reeve local ls`/);
  for (const name of ['../y.yaml', '/etc/passwd', '.', 'x', '.x.yaml', 'a/b.yaml'])
    assert.equal((await rm(name)).code, 2, name);
  assert.deepEqual(readdirSync(root).sort(), ['local.d', 'y.yaml']);
});

test('local validate judges every rule without a daemon', async (t) => {
  const root = temporaryDirectory(t);
  const file = join(root, 'x.yaml');
  const validate = (text: string | Buffer): Promise<Ran> => {
    writeFileSync(file, text);
    return runCli(['local', 'validate', file]);
  };
  const good = await validate('version: 1\nrules:\n  - {decision: allow, resources: [10.0.0.1/8]}\n');
  assert.equal(good.code, 0);
  assert.match(good.stdout, /^warning: rule #1 .*\n.*x\.yaml: valid, 1 rule\n$/);
  const bad = await validate(
    'version: 1\nrules:\n  - {id: a, decision: allow, resources: ["*"]}\n  - {decision: deny, resources: [b.example.com], port: 1}\n',
  );
  assert.equal(bad.code, 1);
  assert.match(
    bad.stdout,
    /^refused: rule a `\*`: .*`\*\*`.*\nrefused: rule #2: unknown member `port`\n.*: not valid, 2 rules\n$/,
  );
  assert.match((await validate('version: 1\nrule: []\n')).stdout, /unknown member `rule`|needs `rules:`/);
  assert.match((await validate(Buffer.from([0xff]))).stderr, /not UTF-8/);
  assert.equal((await validate(`version: 1\nrules: []\n#${' '.repeat(1_048_576)}`)).code, 1);
  assert.match((await runCli(['local', 'validate', join(root, 'none.yaml')])).stderr, /cannot read .*\(ENOENT\)/);
  chmodSync(file, 0o600);
});

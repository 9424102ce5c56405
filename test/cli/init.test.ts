import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig, ownInstallation } from '../../src/daemon/config/load-config.ts';
import { readConfigFile } from '../../src/schema/config-file.ts';
import { governanceContent } from '../delivery/governance-rig.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';
import { sha256, TufRepository } from '../support/tuf-repository.ts';
import { serveRepository } from '../support/tuf-stage.ts';
import { type Ran, runCli, temporaryDirectory } from './run-cli.ts';
import { onTerminal } from './terminal.ts';

interface Place {
  readonly root: string;
  readonly config: string;
  readonly init: (...args: readonly string[]) => Promise<Ran>;
  /** Types these lines. */
  readonly guided: (lines: readonly string[], ...args: readonly string[]) => Promise<Ran>;
}

function place(t: TestContext): Place {
  const root = temporaryDirectory(t);
  const config = join(root, 'etc/reeve.yaml');
  const argv = ['init', '--config', config];
  return {
    ...{ root, config },
    init: (...args) => runCli([...argv, ...args], { cwd: root }),
    guided: (lines, ...args) =>
      runCli([...argv, ...args], { cwd: root, terminal: true, stdin: lines.map((line) => `${line}\n`).join('') }),
  };
}

/** The `source` and the preset that were written, as the daemon reads them. */
function written({ config }: Place): { readonly source: object | null; readonly preset: string } {
  loadConfig(config, ownInstallation());
  const reading = readConfigFile(readFileSync(config, 'utf8'));
  assert.ok(reading.kind === 'config', JSON.stringify(reading));
  const { source, preset } = reading.config;
  return { source, preset };
}

function filesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
}

async function governance(t: TestContext, own: Place): Promise<{ readonly url: string; readonly credential: string }> {
  const content = governanceContent();
  const { origin } = await misbehavingServer(t, content.responder);
  content.source(origin, own.root);
  return { url: `${origin}/v2`, credential: join(own.root, 'credential.json') };
}

async function repository(t: TestContext) {
  const published = TufRepository.published(Date.now());
  const { server } = await serveRepository(t, published);
  return { url: server.origin, root: published.pinnedRoot, published };
}

test('a preset is enough for a machine without an organisation', async (t) => {
  const own = place(t);
  const { code, stdout } = await own.init('--preset', 'balanced');
  assert.equal(code, 0);
  assert.match(stdout, /^wrote .*\/etc\/reeve\.yaml\nnext: /);
  assert.deepEqual(written(own), { source: null, preset: 'balanced' });
  assert.equal(statSync(own.config).mode & 0o777, 0o644);
  assert.deepEqual(filesIn(own.root), ['etc', 'etc/reeve.yaml'], 'nothing else is left');
});

test('a machine joins an organisation by its governance API, and sees that the policy arrives', async (t) => {
  const own = place(t);
  const { url, credential } = await governance(t, own);
  const argv = ['--governance', `${url}/`, '--org', 'acme', '--credential-file', 'credential.json', '--team', 'eng'];
  const { code, stdout, stderr } = await own.init(...argv, '--json');
  assert.equal(code, 0, stderr);
  const { tried, written: files } = JSON.parse(stdout) as { tried: Record<string, unknown>; written: string[] };
  assert.deepEqual([tried['kind'], tried['governed']], ['fetched', ['network']]);
  assert.match(String(tried['revision']), /^sha256:/);
  assert.deepEqual(files, [own.config]);
  const { source } = written(own);
  assert.deepEqual(
    { ...source },
    {
      ...{ type: 'governance', base_url: url, org: 'acme', teams: ['eng'], credential_file: credential },
      ...{ interval: null, governs: 'auto', ignore_members: [], proxy: null, ca_file: null },
    },
  );
});

test('a policy that does not arrive is said with what to do, and the configuration stays', async (t) => {
  const own = place(t);
  const { url, credential } = await governance(t, own);
  writeFileSync(credential, JSON.stringify({ identifier: 'm', secret: 's' }));
  chmodSync(credential, 0o644);
  const argv = ['--governance', url, '--org', 'acme', '--credential-file', credential];
  const { code, stdout } = await own.init(...argv);
  assert.equal(code, 1);
  assert.match(stdout, /the policy does not arrive yet: .* \(credential_unreadable\)\n {2}mend: .*mode 0600\n/);
  assert.ok(existsSync(own.config));
  assert.equal((await place(t).init(...argv, '--no-try')).code, 0, 'and it need not be tried');
});

test('a repository is joined by a pinned root, which is copied beside the configuration', async (t) => {
  const own = place(t);
  const { url, root } = await repository(t);
  writeFileSync(join(own.root, 'given.json'), root);
  const { code, stdout, stderr } = await own.init('--tuf', url, '--org', 'acme', '--root', 'given.json');
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /the policy arrives: revision 1, which governs network/);
  assert.deepEqual(readFileSync(join(own.root, 'etc/root.json')), root);
  const { source } = written(own) as { source: Record<string, unknown> };
  assert.deepEqual([source['root_file'], source['target']], [join(own.root, 'etc/root.json'), 'bundle.json.gz']);
});

test('or by the digest of its first root: what the repository shows instead is refused', async (t) => {
  const own = place(t);
  const { url, root } = await repository(t);
  const argv = ['--tuf', url, '--org', 'acme', '--root-sha256'];
  const wrong = await own.init(...argv, 'a'.repeat(64));
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /the root of this repository has the digest [0-9a-f]{64}, and a{64} was named/);
  assert.deepEqual(filesIn(own.root), []);
  const right = await own.init(...argv, `sha256:${sha256(root).toUpperCase()}`);
  assert.equal(right.code, 0, right.stderr);
  assert.deepEqual(readFileSync(join(own.root, 'etc/root.json')), root);
});

test('what the daemon would not start with leaves nothing behind', async (t) => {
  const own = place(t);
  mkdirSync(join(own.root, 'etc'), { mode: 0o700 });
  writeFileSync(join(own.root, 'etc/root.json'), 'mine');
  const { root } = await repository(t);
  writeFileSync(join(own.root, 'given.json'), root);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    // a file of mine is in the way
    [['--tuf', 'https://policy.example', '--org', 'acme', '--root', 'given.json'], /there is a `.*root\.json` already/],
    [
      ['--bundle-file', 'b.json', '--org', 'acme', '--public-key', 'nowhere.pem'],
      /would not start with this: there is no/,
    ],
    [
      ['--tuf', 'https://policy.example', '--org', 'acme', '--root', 'etc/root.json'],
      /this is no root that could be pinned/,
    ],
  ];
  for (const [argv, message] of cases) {
    const { code, stdout, stderr } = await own.init(...argv, '--no-try');
    assert.deepEqual([code, stdout], [1, ''], argv.join(' '));
    assert.match(stderr, message);
    assert.deepEqual(filesIn(own.root), ['etc', 'etc/root.json', 'given.json']);
    assert.equal(readFileSync(join(own.root, 'etc/root.json'), 'utf8'), 'mine');
  }
});

test('what was put in place for a configuration that is refused is taken back, and what it replaced is there again', async (t) => {
  const own = place(t);
  const { root } = await repository(t);
  writeFileSync(join(own.root, 'given.json'), root);
  const argv = [
    '--tuf',
    'https://policy.example',
    '--proxy',
    'ftp://proxy.example',
    '--org',
    'acme',
    '--root',
    'given.json',
    '--no-try',
  ];
  assert.equal((await own.init(...argv)).code, 1);
  assert.deepEqual(filesIn(own.root), ['given.json'], 'nor is the directory left, which would be a system install');
  mkdirSync(join(own.root, 'etc'));
  for (const name of ['reeve.yaml', 'root.json']) writeFileSync(join(own.root, 'etc', name), `old ${name}`);
  const { code, stderr } = await own.init(...argv, '--replace');
  assert.equal(code, 1);
  assert.match(stderr, /would not start with this: .*proxy/);
  assert.deepEqual(filesIn(own.root), ['etc', 'etc/reeve.yaml', 'etc/root.json', 'given.json']);
  for (const name of ['reeve.yaml', 'root.json'])
    assert.equal(readFileSync(join(own.root, 'etc', name), 'utf8'), `old ${name}`);
});

test('there is never written over anything: `--replace` keeps what was there', async (t) => {
  const own = place(t);
  await own.init('--preset', 'balanced');
  const before = readFileSync(own.config, 'utf8');
  const again = await own.init('--preset', 'open');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /there is a `.*reeve\.yaml` already\nhint: say `--replace`/);
  assert.equal(readFileSync(own.config, 'utf8'), before);
  assert.equal((await own.init('--preset', 'open', '--replace')).code, 0);
  assert.equal(written(own).preset, 'open');
  const kept = filesIn(own.root).find((name) => name.includes('.before-'));
  assert.equal(readFileSync(join(own.root, kept ?? ''), 'utf8'), before);
});

test('`--dry-run` shows everything and writes nothing', async (t) => {
  const own = place(t);
  const { code, stdout } = await own.init('--preset', 'open', '--dry-run');
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^# would be written: .*reeve\.yaml \(mode 0644\)\n# Configuration of reeve[\s\S]*\npreset: open\n/,
  );
  assert.deepEqual(filesIn(own.root), []);
});

test('on a terminal it asks: an organisation, step by step, and a wrong answer is asked for again', async (t) => {
  const own = place(t);
  const { url, root } = await repository(t);
  const lines = ['7', '1', '', 'acme', 'ftp://x', url, sha256(root), '', 'eng, ops', '2', '', 'n'];
  const { code, stdout, stderr } = await own.guided(lines);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /type a number from 1 to 4\n/);
  assert.match(stderr, /this has to be said\n/);
  assert.match(stderr, /the base URL must start with https:\/\//);
  assert.match(
    stderr,
    /to be written: .*root\.json \(mode 0644\)\nto be written: .*reeve\.yaml \(mode 0644\)\nWrite this\?/,
  );
  assert.match(stdout, /the policy arrives: revision 1/);
  assert.match(stderr, /Have the daemon started from now on without being asked\? \(y\/n\) \[y\]:\n$/);
  const { source, preset } = written(own) as { source: Record<string, unknown>; preset: string };
  assert.deepEqual([source['type'], source['teams'], preset], ['tuf', ['eng', 'ops'], 'balanced']);
});

/** What is typed once a question has come. */
const TYPED: readonly (readonly [RegExp, string])[] = [
  [/number \[1\]:/, '2'],
  [/Name of the organisation:/, 'acme'],
  [/policy server, such as/, 'https://policy.example/v2'],
  [/number \[1\]:/, '1'],
  [/Identifier:/, 'machine-1'],
  [/Secret \(not shown\):/, 'horse battery'],
  [/Teams of this machine/, ''],
  [/number \[1\]:/, '1'],
  [/Write this\?/, 'y'],
  [/Have the daemon started/, 'n'],
];

test('on a real terminal a secret is typed without being shown, between other questions', {
  timeout: 60_000,
}, async (t) => {
  const own = place(t);
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const command = `${process.execPath} ${main} init --no-try --config ${own.config}`;
  let [answered, read] = [0, 0];
  const shown = await onTerminal(t, command, (text) => {
    const [question, answer] = TYPED[answered] ?? [];
    if (question?.test(text.slice(read)) !== true || answer === undefined) return [];
    [answered, read] = [answered + 1, text.length];
    return [answer];
  });
  if (shown === null) return;
  assert.ok(!shown.includes('horse'), shown);
  const credential = join(own.root, 'etc/credential.json');
  assert.equal(statSync(credential).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(credential, 'utf8')), { identifier: 'machine-1', secret: 'horse battery' });
  assert.deepEqual((written(own) as { source: Record<string, unknown> }).source['credential_file'], credential);
});

test('whoever hangs up at the last question has what was written before', async (t) => {
  const own = place(t);
  const { code, stdout } = await own.guided(['4', '3', 'y']);
  assert.equal(code, 0);
  assert.match(stdout, /^wrote /);
  assert.equal(written(own).preset, 'open');
});

test('whoever says no, or stops answering, has written nothing', async (t) => {
  const own = place(t);
  const no = await own.guided(['4', '1', 'n']);
  assert.deepEqual([no.code, no.stdout], [1, '']);
  assert.match(no.stderr, /reeve: nothing was written\n$/);
  const gone = await own.guided(['1', 'acme']);
  assert.match(gone.stderr, /the input ended before everything was answered: nothing was written\n$/);
  const alone = await own.init();
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /there is no terminal to ask\nhint: say what this machine is to become with options/);
  assert.deepEqual(filesIn(own.root), []);
});

test('options that do not go together are wrong usage', async (t) => {
  const own = place(t);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--preset', 'open', '--service', '--json'], /`--json` is one result\nhint: run `reeve service install --json`/],
    [['--preset', 'shut'], /`shut` is no preset\nhint: there are locked-down, balanced, open/],
    [['--governance', 'https://a.example', '--tuf', 'https://a.example'], /only one of them/],
    [['--governance', 'https://a.example'], /an organisation has a name: name it with --org NAME/],
    [['--governance', 'https://a.example', '--org', 'a'], /wants a credential: name it with --credential-file FILE/],
    [['--tuf', 'https://a.example', '--org', 'a'], /trusted by its pinned root: name it with --root FILE/],
    [['--tuf', 'https://a.example', '--org', 'a', '--root', 'x', '--root-sha256', 'y'], /trusted by its pinned root/],
    [['--tuf', 'https://a.example', '--org', 'a', '--root-sha256', 'abc'], /64 hexadecimal digits/],
    [
      ['--governance', 'http://policy.example', '--org', 'a', '--credential-file', 'c'],
      /`http:\/\/policy\.example` is not this machine: use https/,
    ],
    [['--tuf', 'policy', '--org', 'a', '--root', 'x'], /the base URL must start with https:\/\//],
  ];
  for (const [argv, message] of cases) {
    const { code, stderr } = await own.init(...argv);
    assert.equal(code, 2, argv.join(' '));
    assert.match(stderr, message);
  }
});

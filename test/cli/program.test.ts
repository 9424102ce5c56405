import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commandDocs } from '../../src/cli/command-docs.ts';
import { COMMANDS, GROUPS } from '../../src/cli/commands.ts';
import { nodeTrouble, OLDEST_NODE } from '../../src/cli/node-version.ts';
import { runCli } from './run-cli.ts';

test('the page of all commands is what the table says (else run scripts/generate-cli-docs.ts)', () => {
  assert.equal(readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8'), commandDocs());
});

for (const command of COMMANDS) {
  const line = command.path.join(' ');
  test(`\`reeve ${line} --help\` teaches: its summary, every option and every example`, async () => {
    const { code, stdout, stderr } = await runCli([...command.path, '--help']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^Usage: reeve ${line}`));
    assert.ok(stdout.replaceAll(/\s+/g, ' ').includes(command.summary));
    for (const { flags, mandatory } of command.options ?? []) {
      assert.ok(stdout.includes(flags), flags);
      assert.equal(
        stdout.split('\nOptions:')[0]?.replaceAll(/\s+/g, ' ').includes(` ${flags} `),
        mandatory === true,
        flags,
      );
    }
    for (const flags of ['--json', '--socket <path>', '--admin-socket <path>'])
      assert.ok(stdout.includes(flags), flags);
    assert.ok(command.examples.length > 0);
    for (const example of command.examples)
      assert.ok(stdout.includes(example) && example.includes(`reeve ${line}`), example);
  });
}

test('every group has a help that lists its commands, and is a usage error without one', async () => {
  for (const { path } of GROUPS) {
    const { stdout } = await runCli([...path, '--help']);
    const children = COMMANDS.filter((command) => command.path.slice(0, path.length).join() === path.join());
    assert.ok(children.length > 0);
    for (const child of children) assert.ok(stdout.includes(child.path[path.length] ?? '?'), child.path.join(' '));
    const bare = await runCli(path);
    assert.deepEqual([bare.code, bare.stdout], [2, '']);
    assert.match(bare.stderr, /needs a command\nhint: see `reeve .*--help`\n$/);
  }
});

test('wrong usage is exit code 2, says what is wrong in one line, and hints at what was meant', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^reeve: `reeve` needs a command\nhint: see `reeve --help`\n$/],
    [['chek'], /^reeve: unknown command `chek`\nhint: did you mean `check`\?\nhint: see `reeve --help`\n$/],
    [['local', 'ad'], /^reeve: unknown command `ad`\nhint: did you mean `add`\?\n/],
    [['frobnicate'], /^reeve: unknown command `frobnicate`\nhint: see `reeve --help`\n$/],
    [['status', '--jsno'], /^reeve: unknown option `--jsno`\nhint: did you mean `--json`\?\n/],
    [['check', 'network'], /^reeve: missing required argument `target`\nhint: see `reeve check network --help`\n$/],
    [['check', '--json'], /^reeve: `reeve check` needs a command\nhint: see `reeve check --help`\n$/],
    [['local', 'rm', '--jsno', 'x'], /hint: see `reeve local rm --help`\n$/],
    [['check', 'network', 'a', 'b'], /^reeve: too many arguments: 2 instead of 1\n/],
    [['check', 'network', 'a:b:c'], /^reeve: `a:b:c` has more than one colon/],
    [['check', 'path', ''], /^reeve: the path is empty\n/],
    [['daemon'], /^reeve: required option `--config <file>` not specified\n/],
    [['local', 'add', 'alow', 'x'], /^reeve: `alow` is no decision/],
    [['control-plane', 'start', '--database', 'x', '--port', '99999'], /^reeve: --port must be a number/],
    [['control-plane', 'start', '--database', 'x', '--tls-cert', 'y'], /^reeve: TLS needs both/],
    [['check', 'network', 'a\u001b[31m\nb:c:d'], /^reeve: `a\?\[31m\?b:c:d` has/],
  ];
  for (const [argv, message] of cases) {
    const { code, stdout, stderr } = await runCli(argv);
    assert.deepEqual([code, stdout], [2, ''], argv.join(' '));
    assert.match(stderr, message);
  }
});

test('version is the package’s', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.match((await runCli(['version'])).stdout, new RegExp(`^reeve ${version} \\(Node\\.js \\d`));
  const json = JSON.parse((await runCli(['version', '--json'])).stdout) as { reeve: string };
  assert.equal(json.reeve, version);
  const short = await runCli(['--version']);
  assert.deepEqual([short.code, short.stdout, short.stderr], [0, `reeve ${version}\n`, '']);
});

test('a Node.js older than the package asks for is refused in words', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
  };
  assert.equal(engines.node, `>=${OLDEST_NODE}`);
  for (const old of ['20.20.2', '24.14.9', '9.0.0']) assert.match(nodeTrouble(old) ?? '', /^reeve needs Node\.js 24/);
  for (const fine of [OLDEST_NODE, '24.15.1', '24.21.0', '25.0.0']) assert.equal(nodeTrouble(fine), null);
});

test('colour is used only where it is wanted', async () => {
  assert.ok((await runCli(['chek'], { colour: true })).stderr.startsWith('\u001b[31mreeve:'));
  assert.ok((await runCli(['chek'])).stderr.startsWith('reeve:'));
});

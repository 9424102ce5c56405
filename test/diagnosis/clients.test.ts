import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkClients } from '../../src/diagnosis/clients/check-clients.ts';
import { clientPlaces } from '../../src/diagnosis/clients/places.ts';
import { tomlHooks } from '../../src/diagnosis/clients/toml-hooks.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const ASK = 'curl -sS --fail --unix-socket /run/reeve/decide.sock http://reeve/v1/hooks/x';

/** What is found where these files are; a path with a leading `/` lies outside of the home. */
function foundWith(t: TestContext, files: Readonly<Record<string, unknown>>): readonly string[] {
  const root = tempDirectory(t);
  const home = join(root, 'home/a');
  for (const [file, content] of Object.entries(files)) {
    const path = join(file.startsWith('/') ? root : home, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  const verdict = checkClients({ root, homes: [home] });
  assert.ok(verdict.kind === 'examined');
  return [verdict.says, ...verdict.findings.map(({ code }) => code)];
}

const hooks = (event: string, ...entries: readonly object[]): object => ({ hooks: { [event]: [{ hooks: entries }] } });

test('agents whose hooks deny when they cannot ask are in order', (t) => {
  assert.deepEqual(
    foundWith(t, {
      '.claude/settings.json': hooks('PreToolUse', { command: ASK, onFailure: 'block' }),
      '.codex/config.toml': `[[hooks.PreToolUse.hooks]]\ncommand = "${ASK} || exit 2" # asks\n`,
      '.gemini/settings.json': hooks('BeforeTool', { command: `${ASK} || { exit 2; }` }),
      '.cursor/hooks.json': { hooks: { preToolUse: [{ command: ASK, failClosed: true }] } },
      '/etc/squid/squid.conf': [
        '# acl reeve_ok external other',
        'external_acl_type reeve ttl=0 negative_ttl=0 %DST /usr/bin/reeve squid-helper',
        'acl reeve_ok external reeve',
        'http_access deny !reeve_ok',
        'http_access allow all',
      ].join('\n'),
      '.srt-settings.json': { network: { allowedDomains: [], deniedDomains: [] } },
    }),
    ['Claude Code, Codex, Gemini CLI, Cursor, sandbox-runtime, Squid'],
  );
});

test('an agent none of whose hooks asks reeve is named, and what other hooks do is theirs', (t) => {
  assert.deepEqual(foundWith(t, { '.claude/settings.json': hooks('PreToolUse', { command: 'notify-send hello' }) }), [
    'Claude Code',
    'client_not_connected',
  ]);
  assert.deepEqual(foundWith(t, { '/etc/squid/squid.conf': 'http_access allow all\n' }), ['Squid']);
});

test('one hook that fails open is found among others that do not', (t) => {
  const settings = hooks(
    'PreToolUse',
    { command: ASK, onFailure: 'block' },
    { url: 'http://127.0.0.1/reeve/v1/hooks/claude' },
  );
  // `reeve` in a URL is as good as in a command
  assert.deepEqual(foundWith(t, { '.claude/settings.json': settings }), ['Claude Code', 'client_fails_open']);
});

test('hosts that a sandbox runtime allows by itself are counted', (t) => {
  const settings = { network: { allowedDomains: ['a.example', 'b.example'] } };
  assert.deepEqual(foundWith(t, { '.srt-settings.json': settings }), ['sandbox-runtime', 'client_bypasses']);
});

test('whatever lies in the place of settings, the check ends', { skip: process.platform === 'win32' }, (t) => {
  const root = tempDirectory(t);
  for (const name of ['.claude', '.gemini', '.cursor/hooks.json']) mkdirSync(join(root, name), { recursive: true });
  spawnSync('mkfifo', [join(root, '.claude/settings.json')]);
  writeFileSync(join(root, '.gemini/settings.json'), '[]');
  const verdict = checkClients({ root: join(root, 'nowhere'), homes: [root, '/proc/self/mem'] });
  assert.ok(verdict.kind === 'examined');
  assert.deepEqual(
    verdict.findings.map(({ code, message }) => `${code} ${message.split(' is here')[0] ?? ''}`),
    ['client_not_connected Claude Code', 'client_not_connected Gemini CLI', 'client_not_connected Cursor'],
  );
});

test('commands of hooks are found in TOML, and nothing else is', () => {
  const text = [
    'command = "outside"',
    '[[hooks.PreToolUse]]',
    'matcher = "*"',
    '  [[ hooks.PreToolUse.hooks ]] # nested',
    '  command = \'reeve "quoted"\'',
    '[tools]',
    'command = "outside too"',
    '[[hooks.Stop]]',
    'command = "say \\"hi\\""',
  ].join('\n');
  assert.deepEqual(tomlHooks(text), {
    PreToolUse: [{ command: 'reeve "quoted"' }],
    Stop: [{ command: 'say "hi"' }],
  });
});

test('root looks at every person’s home, anybody else at their own', (t) => {
  const passwd = join(tempDirectory(t), 'passwd');
  writeFileSync(
    passwd,
    'root:x:0:0::/root:/bin/sh\nsync:x:4:65534::/bin:/bin/sync\na:x:1000:1000::/home/a:/bin/sh\nnobody:x:65534:65534::/nonexistent:/\nbroken\n',
  );
  assert.deepEqual(clientPlaces(0, '/root', passwd), { root: '/', homes: ['/root', '/home/a'] });
  assert.deepEqual(clientPlaces(1000, '/home/a', passwd), { root: '/', homes: ['/home/a'] });
  assert.deepEqual(clientPlaces(0, null, '/nonexistent'), { root: '/', homes: [] });
});

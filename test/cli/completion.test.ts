import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { COMMANDS, GROUPS } from '../../src/cli/commands.ts';
import { completionTree } from '../../src/cli/completion/completion-tree.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

function missing(shell: string): string | false {
  return spawnSync(shell, ['--version']).error === undefined ? false : `no ${shell} here`;
}

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(['completion', shell]);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function scriptFile(t: TestContext, shell: string): Promise<string> {
  const file = join(temporaryDirectory(t), `reeve.${shell}`);
  writeFileSync(file, await scriptFor(shell));
  return file;
}

/** What bash offers for a line; the last word is the one being written. */
function offered(script: string, words: readonly string[]): string[] {
  const line = `
    source "$1" || exit 1; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _reeve || exit 2
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync('bash', ['--norc', '-c', line, 'bash', script, ...words], { encoding: 'utf8' });
  // `compopt` has nothing to say it to: nobody is completing
  assert.deepEqual([ran.status, ran.stderr], [0, ''], words.join(' '));
  return ran.stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', { skip: missing('bash') }, () => {
  test('offers every command where it belongs, and options behind it', async (t) => {
    const script = await scriptFile(t, 'bash');
    const top = [...new Set([...GROUPS, ...COMMANDS].map(({ path }) => path[0] ?? ''))];
    const first = offered(script, ['reeve', '']);
    assert.deepEqual(first.filter((word) => !word.startsWith('-')).toSorted(), top.toSorted());
    assert.deepEqual(first.filter((word) => word.startsWith('-')).toSorted(), [
      ...['--admin-socket', '--help', '--json', '--socket', '--version'],
    ]);
    for (const { path, options = [] } of COMMANDS) {
      const above = offered(script, ['reeve', ...path.slice(0, -1), '']);
      assert.ok(above.includes(path.at(-1) ?? '?'), path.join(' '));
      const behind = offered(script, ['reeve', ...path, '--']);
      for (const { flags } of options)
        assert.ok(behind.includes(flags.split(' ')[0] ?? '?'), `${path.join(' ')} ${flags}`);
      assert.ok(behind.includes('--json'));
    }
  });

  test('knows how far the line has come, past options and their values', async (t) => {
    const script = await scriptFile(t, 'bash');
    assert.deepEqual(offered(script, ['reeve', 'st']), ['status']);
    assert.deepEqual(offered(script, ['reeve', 'check', 'n']), ['network']);
    assert.deepEqual(offered(script, ['reeve', '--json', 'check', 'n']), ['network']);
    assert.deepEqual(offered(script, ['reeve', 'status', '--wa']), ['--watch']);
    assert.deepEqual(offered(script, ['reeve', 'init', '--preset', '']), ['locked-down', 'balanced', 'open']);
    assert.deepEqual(offered(script, ['reeve', 'log', '--decision', 'd']), ['deny']);
    assert.deepEqual(offered(script, ['reeve', 'init', '--preset', 'open', '--tu']), ['--tuf']);
    assert.deepEqual(offered(script, ['reeve', 'completion', '']).slice(0, 3), ['bash', 'zsh', 'fish']);
    // a value is not for us to guess, and a file is readline's
    assert.deepEqual(offered(script, ['reeve', 'status', '--socket', '/e']), []);
    assert.deepEqual(offered(script, ['reeve', 'check', 'network', '--ip', '']), []);
  });
});

test('fish offers commands, options and values where they belong', { skip: missing('fish') }, async (t) => {
  const script = await scriptFile(t, 'fish');
  const offers = (line: string): string[] => {
    const ran = spawnSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line], {
      encoding: 'utf8',
      env: { ...process.env, HOME: temporaryDirectory(t) },
    });
    assert.deepEqual([ran.status, ran.stderr], [0, ''], line);
    return ran.stdout.split('\n').flatMap((offer) => (offer === '' ? [] : [offer.split('\t')[0] ?? '']));
  };
  assert.deepEqual(offers('reeve st'), ['status']);
  assert.deepEqual(offers('reeve check '), ['network', 'path']);
  assert.deepEqual(offers('reeve --json check n'), ['network']);
  assert.deepEqual(offers('reeve status --wa'), ['--watch']);
  assert.deepEqual(offers('reeve log ver'), ['verify']);
  assert.deepEqual(offers('reeve init --preset ').toSorted(), ['balanced', 'locked-down', 'open']);
  assert.deepEqual(offers('reeve completion ').toSorted(), ['bash', 'fish', 'zsh']);
  assert.ok(offers(`reeve daemon --config ${script.slice(0, -2)}`).includes(script));
});

for (const shell of ['zsh', 'fish']) {
  test(`${shell} reads its script without a complaint`, { skip: missing(shell) }, async (t) => {
    const ran = spawnSync(shell, ['-n', await scriptFile(t, shell)], { encoding: 'utf8' });
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
  });

  test(`the script for ${shell} names every command and every option`, async () => {
    const script = await scriptFor(shell);
    for (const { path, options } of completionTree(COMMANDS, GROUPS)) {
      assert.ok(script.includes(path), path);
      for (const { name } of options) assert.ok(script.includes(shell === 'fish' ? `-l ${name.slice(2)}` : name), name);
    }
  });
}

test('another shell is refused with those that there are', async () => {
  for (const shell of ['tcsh', 'toString']) {
    const { code, stdout, stderr } = await runCli(['completion', shell]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /is no shell\nhint: use one of bash, zsh, fish\n$/);
  }
  const { stdout } = await runCli(['completion', 'bash', '--json']);
  const { shell, script } = JSON.parse(stdout) as { shell: string; script: string };
  assert.ok(shell === 'bash' && script.includes('complete -o bashdefault'));
});

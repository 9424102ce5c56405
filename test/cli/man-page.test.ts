import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { manPage } from '../../src/cli/man-page.ts';

const GROFF = spawnSync('groff', ['--version']).error === undefined;

test('the man page is what the table of commands says (else run scripts/generate-man.ts)', () => {
  assert.equal(readFileSync(new URL('../../docs/reeve.1', import.meta.url), 'utf8'), manPage());
});

test('the man page is plain ASCII, and no text of ours is taken for a request', () => {
  const lines = manPage().split('\n');
  for (const line of lines) assert.match(line, /^[ -~]*$/);
  const requests = new Set(lines.flatMap((line) => /^[.'](\S*)/.exec(line)?.[1] ?? []));
  assert.deepEqual([...requests].toSorted(), ['B', 'EE', 'EX', 'I', 'PP', 'SH', 'SS', 'TH', 'TP', '\\"']);
});

test('groff sets the man page without a word of complaint, every command in it', {
  skip: !GROFF && 'no groff here',
}, () => {
  const set = spawnSync('groff', ['-man', '-Tascii', '-ww', '-rHY=0'], {
    input: manPage(),
    encoding: 'utf8',
    env: { ...process.env, GROFF_NO_SGR: '1', MANWIDTH: '200' },
  });
  assert.deepEqual([set.status, set.stderr], [0, '']);
  // overstriking: bold and underlined characters are written twice
  const text = set.stdout.replaceAll(/.\u0008/g, '').replaceAll(/\s+/g, ' ');
  for (const { path } of COMMANDS) assert.ok(text.includes(['reeve', ...path].join(' ')), path.join(' '));
  assert.ok(text.includes('--admin-socket <path>'));
});

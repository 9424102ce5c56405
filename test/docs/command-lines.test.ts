import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { CliError } from '../../src/cli/cli-error.ts';
import { COMMANDS, GROUPS } from '../../src/cli/commands.ts';
import { createProgram } from '../../src/cli/program.ts';
import { textOf } from './pages.ts';

const NAMES = new Set([...COMMANDS, ...GROUPS].map(({ path }) => ['reeve', ...path].join(' ')));

/** The words of a command line as a shell cuts them, up to what belongs to the shell. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  const end = words.findIndex((word) => /^(?:[#|>&;]|\d?>)/.test(word));
  return words.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll(/['"]|\)$/g, ''));
}

/** Every line of a shell block and every code span that calls `reeve`; a bare name of a command is no call. */
function callsIn(page: string): readonly string[] {
  const present = page.split(/^## Not (?:yet|there)/m)[0] ?? '';
  const blocks = [...present.matchAll(/^```(?:sh)?\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const lines = blocks.flatMap((text) => text.replaceAll('\\\n', ' ').split('\n'));
  const called = lines.flatMap((line) => /(?:^|[(;|] ?|\$ |-- )(reeve [a-z].*)$/.exec(line)?.[1] ?? []);
  const prose = present.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const spans = [...prose.matchAll(/`(reeve [a-z][^`]*)`/g)].map(([, text = '']) => text);
  return [...called, ...spans].filter((line) => !NAMES.has(line) && !line.endsWith('…'));
}

/** What is wrong with a command line, or null. Nothing is run: a command that gets as far as its context is right. */
async function troubleWith(line: string): Promise<string | null> {
  const reached = new Error('understood');
  const program = createProgram({
    contextFor: () => {
      throw reached;
    },
    writeHelp: () => undefined,
  });
  try {
    await program.run(wordsOf(line).slice(1));
    return null;
  } catch (error) {
    if (error === reached) return null;
    if (error instanceof CliError) return `${line}: ${error.message}`;
    throw error;
  }
}

test('every command line in the documents is one that the program takes', async () => {
  const pages = [
    'README.md',
    'SECURITY.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...globSync('docs/*.md', { cwd: new URL('../../', import.meta.url) }),
  ];
  const calls = pages.flatMap((path) => callsIn(textOf(path)));
  const troubles = await Promise.all(calls.map(troubleWith));
  assert.deepEqual(
    troubles.filter((trouble) => trouble !== null),
    [],
  );
  assert.ok(calls.length > 50, `only ${calls.length} command lines were seen`);
  assert.match((await troubleWith('reeve status --jsno')) ?? '', /unknown option/);
});

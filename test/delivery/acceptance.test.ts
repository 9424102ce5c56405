import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ACCEPTANCE } from './acceptance.ts';
import { acceptanceSection, differences } from './attack-document.ts';
import { FAULT_GROUPS } from './fault-groups.ts';
import { FILE_ATTACKS } from './file-attacks.ts';
import { GOVERNANCE_ATTACKS } from './governance-attacks.ts';
import { TUF_ATTACKS } from './tuf-attacks.ts';

const ROOT = new URL('../../', import.meta.url);

const KNOWN = {
  governance: GOVERNANCE_ATTACKS,
  tuf: TUF_ATTACKS,
  file: FILE_ATTACKS,
  fault: FAULT_GROUPS.flatMap(({ faults }) => faults),
};

/** Of the tests in a file, `…` for what they fill in, and of the cases in a file of vectors; none that is in a comment, or always skipped. */
function testTitles(file: string): ReadonlySet<string> {
  const text = readFileSync(new URL(file, ROOT), 'utf8');
  if (file.endsWith('.jsonl')) return new Set(text.trim().split('\n').map(nameOfVector));
  const code = text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const titles = code.matchAll(/\b(?:test|it)\(\s*(['"`])(.+?)\1,(?!\s*\{[^}]*\b(?:skip|todo): (?:true|'))/g);
  return new Set([...titles].map(([, , title = '']) => title.replaceAll(/\$\{[^}]*\}/g, '…')));
}

function nameOfVector(line: string): string {
  return String((JSON.parse(line) as { readonly note?: unknown }).note);
}

test('each line of the acceptance list is shown by something that is there', () => {
  const missing = ACCEPTANCE.flatMap(({ line, shown }) =>
    shown
      .filter((one) => {
        if (one.kind === 'here') return !KNOWN[one.source].some(({ id }) => id === one.id);
        return one.kind === 'test' && !testTitles(one.file).has(one.title);
      })
      .map((one) => `${line}: ${JSON.stringify(one)}`),
  );
  assert.deepEqual(missing, []);
  assert.ok(ACCEPTANCE.every(({ shown }) => shown.length > 0));
});

test('docs/attacks.md shows the acceptance list', () => {
  // a difference: `node scripts/generate-attack-table.ts` writes it
  assert.deepEqual(differences(readFileSync(new URL('docs/attacks.md', ROOT), 'utf8'), acceptanceSection()), []);
});

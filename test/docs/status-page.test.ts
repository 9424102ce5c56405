import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WARNINGS } from '../../src/daemon/status/warning-catalogue.ts';
import { seeFourStates } from './four-states.ts';
import { sources, textOf } from './pages.ts';
import { statusPage } from './status-page.ts';

test('docs/status.md shows what daemons say in four states, and every warning (else run scripts/generate-status-page.ts)', async () => {
  const seen = await seeFourStates();
  assert.deepEqual(
    seen.map(({ text }) => /^reeve \S+, (\w+)/.exec(text)?.[1]),
    ['healthy', 'offline', 'stale', 'blocked'],
  );
  assert.equal(textOf('docs/status.md'), statusPage(seen));
});

test('every warning of the catalogue is given somewhere', () => {
  const text = [...sources()]
    .flatMap(([path, source]) => (path.endsWith('warning-catalogue.ts') ? [] : [source]))
    .join('\n');
  const silent = Object.keys(WARNINGS).filter((code) => !new RegExp(String.raw`code: '${code}'`).test(text));
  assert.deepEqual(silent, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demoInReadme, runDemo, steady } from '../../scripts/readme-demo.ts';

test('README.md shows what the demo prints', { timeout: 120_000 }, () => {
  const printed = steady(runDemo());
  assert.match(printed, /generation 0/);
  assert.equal(steady(demoInReadme()), printed, 'run `node scripts/readme-demo.ts` to bring README.md up to date');
});

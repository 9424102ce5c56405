import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

interface Megabytes {
  readonly first: number;
  readonly later: number;
}

/** In a process of its own: what is set is set for all of it. */
async function surviving(...args: readonly string[]): Promise<Megabytes> {
  const program = join(import.meta.dirname, '../support/surviving-worker.ts');
  const options = { timeout: 60_000, env: { ...process.env, NODE_V8_COVERAGE: '' } };
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, ...args], options);
  return JSON.parse(stdout) as Megabytes;
}

test('what is new stays small in every thread, however much survives', async () => {
  const [bound, free] = await Promise.all([surviving('bound'), surviving()]);
  // between two looks it may double once more
  assert.ok(bound.first <= 16, `${bound.first} MB in the first thread`);
  assert.ok(bound.later <= 8, `${bound.later} MB in a later one`);
  // otherwise this would show nothing
  assert.ok(free.first >= 32 && free.later >= 32, `${free.first} and ${free.later} MB without a bound`);
});

import assert from 'node:assert/strict';
import { chownSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { openLocalFiles } from '../../../src/sources/local/local-files.ts';
import { ALLOW_A, DENY_B, localDirectory, ME, memoryStore } from './local-directory.ts';

test('a user’s own directory counts for that uid beside the machine’s, and changes are told', async (t) => {
  const directory = localDirectory(t);
  const home = join(directory, '..', 'home');
  const own = join(home, '.config/reeve/local.d');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'x.yaml'), DENY_B);
  writeFileSync(join(own, 'x.yaml'), ALLOW_A);
  let changed: (() => void) | null = null;
  const files = await openLocalFiles({
    directory,
    trustedOwners: [ME],
    store: memoryStore(),
    clock: systemClock,
    onChange: () => changed?.(),
  });
  t.after(() => files.close());
  assert.deepEqual(
    files.current().inputs.map((input) => [input.name, input.uid]),
    [['x.yaml', null]],
  );
  await Promise.all([files.addHome(ME, home), files.addHome(ME, home)]);
  assert.deepEqual(
    files.current().inputs.map((input) => [input.name, input.uid, input.allowsInert]),
    [
      ['x.yaml', null, undefined],
      ['x.yaml', ME, undefined],
    ],
  );
  assert.deepEqual(
    files.current().listing.map((file) => file.uid),
    [null, ME],
  );
  const told = new Promise<void>((resolve) => {
    changed = resolve;
  });
  unlinkSync(join(own, 'x.yaml'));
  await told;
  assert.equal(files.current().inputs.length, 1);
});

const AS_ROOT = { skip: ME === 0 ? false : 'only root gives files away' };

test('another user’s file in a home may deny and not allow', AS_ROOT, async (t) => {
  const directory = localDirectory(t);
  const home = join(directory, '..', 'home');
  mkdirSync(join(home, '.config/reeve/local.d'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.config/reeve/local.d/x.yaml'), ALLOW_A);
  chownSync(join(home, '.config/reeve/local.d/x.yaml'), 4_000, 4_000);
  const files = await openLocalFiles({
    directory,
    trustedOwners: [ME],
    store: memoryStore(),
    clock: systemClock,
    onChange: () => undefined,
  });
  t.after(() => files.close());
  await files.addHome(5_000, home);
  assert.match(files.current().inputs[0]?.allowsInert ?? '', /the file belongs to uid 4000/);
});

test('a home without a directory adds nothing; a home that moves is read anew', async (t) => {
  const directory = localDirectory(t);
  const [first, second] = [join(directory, '..', 'one'), join(directory, '..', 'two')];
  mkdirSync(join(second, '.config/reeve/local.d'), { recursive: true, mode: 0o700 });
  writeFileSync(join(second, '.config/reeve/local.d/x.yaml'), DENY_B);
  const files = await openLocalFiles({
    directory,
    trustedOwners: [ME],
    store: memoryStore(),
    clock: systemClock,
    onChange: () => undefined,
  });
  t.after(() => files.close());
  await files.addHome(ME, first);
  assert.deepEqual(files.current(), { inputs: [], listing: [], warnings: [] });
  await files.addHome(ME, second);
  assert.equal(files.current().inputs.length, 1);
  await files.close();
  await files.addHome(ME + 1, second);
  assert.equal(files.current().inputs.length, 1);
});

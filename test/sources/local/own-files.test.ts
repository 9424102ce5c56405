import assert from 'node:assert/strict';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LocalLayer } from '../../../src/sources/local/local-layer.ts';
import { ALLOW_A, DENY_B, localDirectory, watching } from './local-directory.ts';

const UID = 4_321;

/** A file of `count` rules with one resource and one action each, padded to `bytes`. */
function rulesFile(count: number, bytes = 0): string {
  const rule = { decision: 'deny', actions: ['connect:tcp'], resources: ['b.example.com'] };
  return JSON.stringify({ version: 1, rules: Array.from({ length: count }, () => rule) }).padEnd(bytes);
}

const states = (layer: LocalLayer): readonly string[] => layer.listing.map(({ name, state }) => `${name} ${state}`);

test('a user’s own files may hold so many rules together; the file beyond that closes for that user', async (t) => {
  const directory = localDirectory(t);
  for (const name of ['a.json', 'b.json', 'c.json', 'd.json']) writeFileSync(join(directory, name), rulesFile(1_000));
  const layer = (await watching(t, directory, { uid: UID })).current();
  assert.deepEqual(states(layer), ['a.json active', 'b.json active', 'c.json active', 'd.json broken']);
  assert.deepEqual(
    layer.inputs.map(({ uid, rules, broken }) => [uid, rules.length, broken !== undefined]),
    [
      [UID, 1_000, false],
      [UID, 1_000, false],
      [UID, 1_000, false],
      [UID, 0, true],
    ],
  );
});

test('a user’s own files may have one mebibyte together, and what is beyond it is not even parsed', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'a.json'), rulesFile(1, 1_048_000));
  writeFileSync(join(directory, 'b.json'), rulesFile(1, 1_000));
  writeFileSync(join(directory, 'c.yaml'), ALLOW_A);
  const layer = (await watching(t, directory, { uid: UID })).current();
  assert.deepEqual(states(layer), ['a.json active', 'b.json broken', 'c.yaml active']);
  assert.match(layer.listing[1]?.cause ?? '', /too much for this directory/);
});

test('what is held of files that were exchanged for links counts', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'a.json'), rulesFile(3_000));
  const watch = await watching(t, directory, { uid: UID });
  renameSync(join(directory, 'a.json'), join(directory, 'moved'));
  symlinkSync('moved', join(directory, 'a.json'));
  writeFileSync(join(directory, 'b.json'), rulesFile(3_000));
  assert.deepEqual(states(await watch.rescan()), ['a.json last_good', 'b.json broken']);
});

test('a file that was renamed does not count twice', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'b.json'), rulesFile(3_000));
  const watch = await watching(t, directory, { uid: UID });
  renameSync(join(directory, 'b.json'), join(directory, 'a.json'));
  assert.deepEqual(states(await watch.rescan()), ['a.json active']);
});

test('the machine’s own directory belongs to its administrator, who may write more', async (t) => {
  const directory = localDirectory(t);
  for (const name of ['a.json', 'b.json']) writeFileSync(join(directory, name), rulesFile(3_000, 1_000_000));
  const layer = (await watching(t, directory)).current();
  assert.deepEqual(states(layer), ['a.json active', 'b.json active']);
});

test('a scan that fails ends neither the watching nor the process, and is told', async (t) => {
  const directory = localDirectory(t);
  let failing = true;
  const onChange = (): void => {
    if (failing) throw new Error('not now');
  };
  const watch = await watching(t, directory, { onChange });
  writeFileSync(join(directory, 'a.yaml'), DENY_B);
  assert.match((await watch.rescan()).warnings.join(), /could not be looked through: not now/);
  failing = false;
  writeFileSync(join(directory, 'b.yaml'), ALLOW_A);
  const layer = await watch.rescan();
  assert.deepEqual([states(layer), layer.warnings], [['a.yaml active', 'b.yaml active'], []]);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ALLOW_A, DENY_B, localDirectory, ME, memoryStore, watching } from './local-directory.ts';

const stateOf = (layer: { listing: readonly { name: string; state: string }[] }): Record<string, string> =>
  Object.fromEntries(layer.listing.map((file) => [file.name, file.state]));

test('a missing directory is empty, and closes nothing', async (t) => {
  const watch = await watching(t, join(localDirectory(t), 'missing'));
  assert.deepEqual(watch.current().inputs, []);
  assert.deepEqual(watch.current().warnings, []);
});

test('yaml, yml and json files are read, in the order of their names; others are not', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'b.yml'), ALLOW_A);
  writeFileSync(join(directory, 'a.yaml'), DENY_B);
  writeFileSync(join(directory, 'c.json'), '{"version": 1, "rules": []}');
  for (const name of ['notes.txt', '.hidden.yaml', 'd.yaml~', 'yaml']) writeFileSync(join(directory, name), 'x');
  const { inputs, listing } = (await watching(t, directory)).current();
  assert.deepEqual(
    inputs.map(({ name, uid, rules }) => [name, uid, rules.length]),
    [
      ['a.yaml', null, 1],
      ['b.yml', null, 1],
      ['c.json', null, 0],
    ],
  );
  assert.deepEqual(inputs[0]?.rules, [{ decision: 'deny', resources: ['b.example.com'] }]);
  assert.deepEqual(
    listing.map((file) => file.state),
    ['active', 'active', 'active'],
  );
});

test('links, directories, sockets and FIFOs are listed and not read, and hold nothing up', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'good.yaml'), ALLOW_A);
  writeFileSync(join(directory, '..', 'outside.yaml'), ALLOW_A);
  symlinkSync('../outside.yaml', join(directory, 'link.yaml'));
  symlinkSync('nowhere', join(directory, 'dangling.yaml'));
  mkdirSync(join(directory, 'folder.yaml'));
  execFileSync('mkfifo', [join(directory, 'fifo.yaml')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 'socket.yaml'), resolve));
  t.after(() => server.close());
  const layer = (await watching(t, directory)).current();
  assert.deepEqual(
    layer.inputs.map((input) => input.name),
    ['good.yaml'],
  );
  assert.deepEqual(stateOf(layer), {
    'dangling.yaml': 'not_read',
    'fifo.yaml': 'not_read',
    'folder.yaml': 'not_read',
    'good.yaml': 'active',
    'link.yaml': 'not_read',
    'socket.yaml': 'not_read',
  });
});

test('a file that group or others may write keeps its denies and loses its allows', async (t) => {
  const directory = localDirectory(t);
  for (const [name, mode] of [
    ['group.yaml', 0o620],
    ['others.yaml', 0o602],
    ['fine.yaml', 0o644],
  ] as const) {
    writeFileSync(join(directory, name), DENY_B);
    chmodSync(join(directory, name), mode);
  }
  const layer = (await watching(t, directory)).current();
  assert.deepEqual(stateOf(layer), {
    'fine.yaml': 'active',
    'group.yaml': 'allows_inert',
    'others.yaml': 'allows_inert',
  });
  assert.match(layer.inputs.find((input) => input.name === 'group.yaml')?.allowsInert ?? '', /chmod go-w/);
  assert.equal(
    layer.inputs.every((input) => input.rules.length === 1),
    true,
  );
});

test('a file of an untrusted owner keeps its denies and loses its allows', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'x.yaml'), ALLOW_A);
  const layer = (await watching(t, directory, { trustedOwners: [ME + 1] })).current();
  assert.match(layer.inputs[0]?.allowsInert ?? '', new RegExp(`belongs to uid ${ME}; it must belong to uid ${ME + 1}`));
  assert.equal(layer.inputs[0]?.rules.length, 1);
});

test('a directory that others may write makes the allows of every file in it inert', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'x.yaml'), ALLOW_A);
  chmodSync(directory, 0o777);
  const layer = (await watching(t, directory)).current();
  assert.match(layer.inputs[0]?.allowsInert ?? '', /the directory can be written/);
});

test('a file that never parsed is broken, says where, and quotes nothing', async (t) => {
  const directory = localDirectory(t);
  const secret = 'hunter2';
  const bad: Record<string, string | Buffer> = {
    'alias.yaml': `version: &v 1\nrules: [${secret}]\n`,
    'binary.yaml': Buffer.from([0x76, 0xff, 0xfe]),
    'duplicate.yaml': `version: 1\n${secret}: 1\n${secret}: 2\nrules: []\n`,
    'empty.yaml': '',
    'list.yaml': `- ${secret}\n`,
    'member.yaml': 'version: 1\nrules: []\ngoverned: [network]\n',
    'rules.yaml': `version: 1\nrules: ${secret}\n`,
    'syntax.yaml': `version: 1\nrules: [${secret}\n`,
    'version.yaml': 'version: 2\nrules: []\n',
  };
  for (const [name, text] of Object.entries(bad)) writeFileSync(join(directory, name), text);
  const layer = (await watching(t, directory)).current();
  assert.deepEqual(
    layer.listing.map((file) => file.name),
    Object.keys(bad),
  );
  for (const file of layer.listing) {
    assert.equal(file.state, 'broken', file.name);
    assert.ok(
      file.cause !== null && !file.cause.includes(secret) && !file.cause.includes('\n'),
      file.cause ?? 'no cause',
    );
  }
  assert.ok(layer.inputs.every((input) => input.broken !== undefined && input.rules.length === 0));
  assert.match(layer.listing.find((file) => file.name === 'member.yaml')?.cause ?? '', /unknown member `governed`/);
});

test('a file over 1 MiB is broken, one of exactly 1 MiB is read', async (t) => {
  const directory = localDirectory(t);
  const pad = (length: number): string => `${ALLOW_A}#${' '.repeat(length - ALLOW_A.length - 1)}`;
  writeFileSync(join(directory, 'fits.yaml'), pad(1_048_576));
  writeFileSync(join(directory, 'large.yaml'), pad(1_048_577));
  const layer = (await watching(t, directory)).current();
  assert.deepEqual(stateOf(layer), { 'fits.yaml': 'active', 'large.yaml': 'broken' });
});

test('one broken file never disables another', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'bad.yaml'), '- - -');
  writeFileSync(join(directory, 'good.yaml'), ALLOW_A);
  const layer = (await watching(t, directory)).current();
  assert.deepEqual(stateOf(layer), { 'bad.yaml': 'broken', 'good.yaml': 'active' });
});

test('a broken file keeps its last good rules, also across a restart; deleting it ends them', async (t) => {
  const directory = localDirectory(t);
  const store = memoryStore();
  const file = join(directory, 'x.yaml');
  writeFileSync(file, DENY_B);
  const first = await watching(t, directory, { store });
  writeFileSync(file, 'rules: [');
  const after = await first.until((layer) => layer.listing[0]?.state === 'last_good');
  assert.deepEqual(after.inputs[0]?.rules, [{ decision: 'deny', resources: ['b.example.com'] }]);
  assert.equal(after.inputs[0].broken, undefined);
  await first.close();

  const second = await watching(t, directory, { store });
  assert.deepEqual(stateOf(second.current()), { 'x.yaml': 'last_good' });
  assert.deepEqual(second.current().inputs[0]?.rules, [{ decision: 'deny', resources: ['b.example.com'] }]);
  unlinkSync(file);
  await second.until((layer) => layer.inputs.length === 0);
  assert.equal(store.rows.size, 0);
  writeFileSync(file, 'rules: [');
  await second.until((layer) => layer.listing[0]?.state === 'broken');
});

test('a kept version that does not fit its digest is not believed', async (t) => {
  const directory = localDirectory(t);
  const store = memoryStore();
  writeFileSync(join(directory, 'x.yaml'), 'rules: [');
  store.saveLastGood(directory, 'x.yaml', { digest: 'sha256:00', content: ALLOW_A, allowsInert: null });
  assert.deepEqual(stateOf((await watching(t, directory, { store })).current()), { 'x.yaml': 'broken' });
});

test('a good file that becomes a link keeps its denies and loses its allows', async (t) => {
  const directory = localDirectory(t);
  const file = join(directory, 'x.yaml');
  writeFileSync(file, DENY_B);
  const watch = await watching(t, directory);
  renameSync(file, join(directory, '..', 'moved.yaml'));
  symlinkSync('../moved.yaml', file);
  const layer = await watch.until(({ listing }) => listing[0]?.state === 'last_good');
  assert.equal(layer.inputs[0]?.rules.length, 1);
  assert.match(layer.inputs[0].allowsInert ?? '', /is a link/);
});

test('a store that cannot be written is a warning, not an outage', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'x.yaml'), ALLOW_A);
  const store = { ...memoryStore(), saveLastGood: () => assert.fail('disk full') };
  const layer = (await watching(t, directory, { store })).current();
  assert.deepEqual(stateOf(layer), { 'x.yaml': 'active' });
  assert.match(layer.warnings[0] ?? '', /x\.yaml: its last good version could not be kept: disk full/);
});

test('changes are seen without being asked: new, edited, renamed, chmodded, deleted, and a new directory', async (t) => {
  const directory = join(localDirectory(t), 'later');
  const watch = await watching(t, directory);
  mkdirSync(directory, { mode: 0o700 });
  const file = join(directory, 'x.yaml');
  writeFileSync(file, ALLOW_A);
  await watch.until((layer) => layer.inputs.length === 1);
  appendFileSync(file, '  - decision: deny\n    resources: [c.example.com]\n');
  await watch.until((layer) => layer.inputs[0]?.rules.length === 2);
  renameSync(file, join(directory, 'y.yaml'));
  await watch.until((layer) => layer.inputs[0]?.name === 'y.yaml' && layer.inputs.length === 1);
  chmodSync(join(directory, 'y.yaml'), 0o666);
  await watch.until((layer) => layer.inputs[0]?.allowsInert !== undefined);
  unlinkSync(join(directory, 'y.yaml'));
  await watch.until((layer) => layer.inputs.length === 0);
});

test('a directory that is made later, or made anew, goes on being watched', async (t) => {
  const parent = join(localDirectory(t), 'later');
  const directory = join(parent, 'local.d');
  const watch = await watching(t, directory);
  const addedWhenQuiet = async (name: string, count: number): Promise<void> => {
    // the scans that follow a change by themselves are over: only an event can tell
    await setTimeout(600);
    writeFileSync(join(directory, name), ALLOW_A);
    await watch.until((layer) => layer.inputs.length === count);
  };
  await setTimeout(300);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  await addedWhenQuiet('a.yaml', 1);
  await addedWhenQuiet('b.yaml', 2);
  rmSync(parent, { recursive: true });
  await watch.until((layer) => layer.inputs.length === 0);
  mkdirSync(directory, { mode: 0o700, recursive: true });
  await addedWhenQuiet('c.yaml', 1);
  await addedWhenQuiet('d.yaml', 2);
});

test('a scan that finds nothing new tells nobody', async (t) => {
  const directory = localDirectory(t);
  writeFileSync(join(directory, 'x.yaml'), ALLOW_A);
  const watch = await watching(t, directory);
  await watch.rescan();
  writeFileSync(join(directory, 'x.yaml'), ALLOW_A);
  await watch.rescan();
  assert.deepEqual(watch.changes, []);
});

test('close is idempotent, and nothing is told after it', async (t) => {
  const directory = localDirectory(t);
  const watch = await watching(t, directory);
  await watch.close();
  await watch.close();
  writeFileSync(join(directory, 'x.yaml'), ALLOW_A);
  await watch.rescan();
  assert.deepEqual(watch.changes, []);
});

/** Modes mean nothing to root: the rest of the test runs as nobody; `localDirectory` undoes it. */
function asNobody(paths: readonly string[]): void {
  const { getuid, seteuid } = process;
  if (getuid?.() !== 0 || seteuid === undefined) return;
  for (const path of paths) chownSync(path, 65_534, 65_534);
  seteuid(65_534);
}

test('an unreadable directory closes, and what was good before stays', async (t) => {
  const directory = localDirectory(t);
  const file = join(directory, 'x.yaml');
  writeFileSync(file, DENY_B);
  asNobody([join(directory, '..'), directory, file]);
  const watch = await watching(t, directory, { trustedOwners: [ME, 65_534] });
  chmodSync(directory, 0o300);
  const { inputs } = await watch.rescan();
  assert.deepEqual(
    inputs.map((input) => [input.rules.length, input.broken === undefined]),
    [
      [1, true],
      [0, false],
    ],
  );
});

test('a home that cannot be entered is empty with a warning; rules held before stay', async (t) => {
  const directory = localDirectory(t);
  const file = join(directory, 'x.yaml');
  writeFileSync(file, DENY_B);
  asNobody([join(directory, '..'), directory, file]);
  const store = memoryStore();
  const uid = 1000;
  chmodSync(join(directory, '..'), 0o000);
  const empty = await watching(t, directory, { store, uid });
  assert.deepEqual(empty.current().inputs, []);
  assert.match(empty.current().warnings[0] ?? '', /cannot be entered/);
  assert.equal((await watching(t, directory, { store })).current().inputs[0]?.broken !== undefined, true);
  chmodSync(join(directory, '..'), 0o700);
  assert.equal((await empty.rescan()).inputs[0]?.uid, uid);
  chmodSync(join(directory, '..'), 0o000);
  assert.equal((await empty.rescan()).inputs[0]?.rules.length, 1);
});

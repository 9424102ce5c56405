import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dropStaged, placeFile, stageFiles } from '../../src/cli/init-files.ts';
import { temporaryDirectory } from './run-cli.ts';

const kept = (path: string): string => `${path}.old`;

test('a file that cannot be put in place leaves the one that it was to replace', (t) => {
  const path = join(temporaryDirectory(t), 'reeve.yaml');
  writeFileSync(path, 'old');
  const [staged] = stageFiles([{ path, bytes: 'new', mode: 0o600 }], 0o700).files;
  assert.ok(staged !== undefined);
  assert.throws(() => placeFile(staged, { replace: false, kept }), /there is a `.*` already/);
  unlinkSync(staged.staged);
  assert.throws(() => placeFile(staged, { replace: true, kept }), /ENOENT/);
  assert.equal(readFileSync(path, 'utf8'), 'old');
});

test('putting a file in place can be undone, with and without an older one', (t) => {
  const root = temporaryDirectory(t);
  const paths = ['a', 'b/c'].map((name) => join(root, name));
  writeFileSync(paths[0] ?? '', 'old');
  const staging = stageFiles(
    paths.map((path) => ({ path, bytes: 'new', mode: 0o600 })),
    0o700,
  );
  const undo = staging.files.map((file) => placeFile(file, { replace: true, kept }));
  for (const path of paths) assert.equal(readFileSync(path, 'utf8'), 'new');
  for (const step of undo) step();
  assert.equal(readFileSync(paths[0] ?? '', 'utf8'), 'old');
  assert.ok(!existsSync(paths[1] ?? ''));
  dropStaged(staging);
  assert.deepEqual(readdirSync(root, { recursive: true }).toSorted(), ['a']);
});

test('files that cannot all be written leave none', (t) => {
  const root = temporaryDirectory(t);
  writeFileSync(join(root, 'file'), '');
  const files = ['a', 'b/c/d', 'b/e', 'file/b'].map((name) => ({ path: join(root, name), bytes: '', mode: 0o600 }));
  assert.throws(() => stageFiles(files, 0o700), /cannot write `.*` \((?:EEXIST|ENOTDIR)\)/);
  assert.deepEqual(readdirSync(root), ['file']);
});

test('a directory that was made for a file stays with the file, and one that was there stays anyhow', (t) => {
  const root = temporaryDirectory(t);
  mkdirSync(join(root, 'there'));
  const files = ['there/a', 'new/inner/b'].map((name) => ({ path: join(root, name), bytes: '', mode: 0o600 }));
  dropStaged(stageFiles(files, 0o700));
  assert.deepEqual(readdirSync(root, { recursive: true }), ['there']);
  const staging = stageFiles(files, 0o700);
  for (const file of staging.files) placeFile(file, { replace: false, kept });
  dropStaged(staging);
  assert.deepEqual(
    files.map(({ path }) => existsSync(path)),
    [true, true],
  );
});

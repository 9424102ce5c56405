import assert from 'node:assert/strict';
import { fchmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDurably, syncDirectory } from '../../src/files/durable-file.ts';
import { tempDirectory } from '../support/temp-tree.ts';

test('a file is there whole, with its mode, and with what belongs to it', (t) => {
  const path = join(tempDirectory(t), 'new');
  const content = 'ü'.repeat(1_000_000);
  createDurably(path, content, { mode: 0o600 });
  assert.equal(readFileSync(path, 'utf8'), content);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const dressed = `${path}2`;
  createDurably(dressed, Buffer.from('x'), { mode: 0o600, beforeSync: (descriptor) => fchmodSync(descriptor, 0o640) });
  assert.equal(statSync(dressed).mode & 0o777, 0o640);
});

test('one that is there stays as it is', (t) => {
  const path = join(tempDirectory(t), 'old');
  writeFileSync(path, 'old');
  assert.throws(() => createDurably(path, 'new', { mode: 0o600 }), { code: 'EEXIST' });
  assert.equal(readFileSync(path, 'utf8'), 'old');
});

test('only a directory is synchronised as one', (t) => {
  const directory = tempDirectory(t);
  syncDirectory(directory);
  writeFileSync(join(directory, 'file'), '');
  assert.throws(() => syncDirectory(join(directory, 'file')), { code: 'ENOTDIR' });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTrustedFile } from '../../src/realpath/trusted-file.ts';

const ME = process.geteuid?.() ?? 0;
const OWNERS = [...new Set([0, ME])];

function fixture(t: TestContext): { readonly root: string; readonly file: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-trusted-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const file = join(root, 'reeve.yaml');
  writeFileSync(file, 'preset: open\n', { mode: 0o644 });
  return { root, file };
}

const faultOf = (path: string, owners = OWNERS, maxBytes = 1_000): string => {
  const reading = readTrustedFile(path, owners, maxBytes);
  return reading.kind === 'untrusted' ? reading.message : `read ${reading.bytes.length} bytes`;
};

test('a file of a trusted owner that nobody else can write is read', (t) => {
  assert.equal(faultOf(fixture(t).file), 'read 13 bytes');
});

test('a file or a directory above it that others can write is not trusted', (t) => {
  const { root, file } = fixture(t);
  for (const [path, mode] of [
    [file, 0o664],
    [file, 0o646],
    [root, 0o770],
    [root, 0o707],
  ] as const) {
    chmodSync(path, mode);
    assert.match(faultOf(file), /can be written by its group or by others/);
    chmodSync(path, 0o700);
  }
  assert.equal(faultOf(file), 'read 13 bytes');
});

test('somebody else’s file is not trusted', (t) => {
  assert.match(faultOf(fixture(t).file, [ME + 1]), /belongs to uid \d+; it must belong to uid/);
});

test('links, directories and FIFOs are not read; a link above is followed if it is ours', (t) => {
  const { root, file } = fixture(t);
  symlinkSync('reeve.yaml', join(root, 'link.yaml'));
  assert.match(faultOf(join(root, 'link.yaml')), /is a link/);
  mkdirSync(join(root, 'd.yaml'));
  assert.match(faultOf(join(root, 'd.yaml')), /no regular file/);
  execFileSync('mkfifo', [join(root, 'f.yaml')]);
  assert.match(faultOf(join(root, 'f.yaml')), /no regular file/);
  symlinkSync(root, join(root, 'above'));
  assert.equal(faultOf(join(root, 'above', 'reeve.yaml')), 'read 13 bytes');
  mkdirSync(join(root, 'open'));
  chmodSync(join(root, 'open'), 0o777);
  symlinkSync(root, join(root, 'open', 'above'));
  assert.match(faultOf(join(root, 'open', 'above', 'reeve.yaml')), /open` can be written/);
  assert.equal(faultOf(file), 'read 13 bytes');
});

test('a missing file and one that is too large say so', (t) => {
  const { root, file } = fixture(t);
  assert.match(faultOf(join(root, 'none.yaml')), /there is no `.*none.yaml`/);
  assert.equal(faultOf(file, OWNERS, 13), 'read 13 bytes');
  assert.match(faultOf(file, OWNERS, 12), /larger than 12 bytes/);
});

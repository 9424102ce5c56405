import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Mark, openMarkFile } from '../../src/store/mark-file.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const MARK: Mark = {
  source: 'tuf',
  org: 'acme',
  revision: '7',
  digest: 'sha256:d',
  epoch: 1,
  rootVersion: 3,
  issuedAt: 9,
};

test('a mark is read back as it was written, is private, and leaves nothing beside it', (t) => {
  const directory = tempDirectory(t);
  const file = openMarkFile(join(directory, 'mark'));
  assert.deepEqual(file.read(), { kind: 'absent' });
  const marks = { active: MARK, next: { ...MARK, revision: '8', epoch: null } };
  file.write({ active: null, next: null });
  file.write(marks);
  assert.deepEqual(file.read(), { kind: 'marks', marks });
  assert.equal(statSync(join(directory, 'mark')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ['mark']);
  file.remove();
  file.remove();
  assert.deepEqual(file.read(), { kind: 'absent' });
});

test('what is left of a write that broke off is in nobody’s way', (t) => {
  const directory = tempDirectory(t);
  const file = openMarkFile(join(directory, 'mark'));
  file.write({ active: MARK, next: null });
  writeFileSync(join(directory, 'mark.new'), 'half');
  file.write({ active: null, next: MARK });
  assert.deepEqual(file.read(), { kind: 'marks', marks: { active: null, next: MARK } });
});

test('anything but what was written is unreadable, and never nothing', (t) => {
  const path = join(tempDirectory(t), 'mark');
  const contents = [
    '',
    '{}',
    'null',
    '[]',
    '{"active":null}',
    '{"active":null,"next":{}}',
    JSON.stringify({ active: { ...MARK, epoch: 1.5 }, next: null }),
    JSON.stringify({ active: { ...MARK, org: 7 }, next: null }),
    JSON.stringify({ active: { ...MARK, issuedAt: '9' }, next: null }),
    JSON.stringify({ active: { ...MARK, rootVersion: undefined }, next: null }),
    `${JSON.stringify({ active: MARK, next: null })} `.padEnd(20_000, ' x'),
  ];
  for (const content of contents) {
    writeFileSync(path, content);
    assert.equal(openMarkFile(path).read().kind, 'unreadable', content.slice(0, 60));
  }
});

test('a link or a directory in its place is unreadable', (t) => {
  const directory = tempDirectory(t);
  symlinkSync('/etc/hostname', join(directory, 'link'));
  mkdirSync(join(directory, 'folder'));
  for (const name of ['link', 'folder']) {
    assert.equal(openMarkFile(join(directory, name)).read().kind, 'unreadable', name);
  }
});

test('a mark that cannot be written says so, and the old one stays', (t) => {
  const directory = tempDirectory(t);
  const file = openMarkFile(join(directory, 'mark'));
  file.write({ active: MARK, next: null });
  mkdirSync(join(directory, 'mark.new'));
  assert.throws(() => file.write({ active: null, next: null }), { code: 'mark_unwritable' });
  assert.deepEqual(file.read(), { kind: 'marks', marks: { active: MARK, next: null } });
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type HighWaterMark, openHighWaterMark } from '../../src/sources/high-water-mark.ts';
import type { BundleHeader } from '../../src/store/bundle-rows.ts';
import { openMarkFile } from '../../src/store/mark-file.ts';
import { tempDirectory } from '../support/temp-tree.ts';

function header(revision: string, more: Partial<BundleHeader> = {}): BundleHeader {
  return {
    id: 1,
    source: 'tuf',
    org: 'acme',
    revision,
    digest: `row ${revision}`,
    etag: null,
    fetchedAt: 1,
    activatedAt: 1,
    terms: null,
    origin: { digest: `target ${revision}`, epoch: 1, rootVersion: 1 },
    ...more,
  };
}

/** The same file, as the next start finds it. */
function marksIn(t: TestContext): () => HighWaterMark {
  const path = join(tempDirectory(t), 'mark');
  return () => openHighWaterMark(openMarkFile(path));
}

test('neither a database nor a mark is a first start, once', (t) => {
  const open = marksIn(t);
  assert.deepEqual(open().judge(null), { kind: 'first' });
  assert.deepEqual(open().judge(null), { kind: 'held', repaired: false });
});

test('the database serves where it equals the mark, before the change and after it', (t) => {
  const open = marksIn(t);
  const mark = open();
  mark.commit(header('1'), null);
  assert.deepEqual(open().judge(header('1')), { kind: 'held', repaired: false });
  mark.prepare(header('2'), null);
  // the power went before the transaction, or behind it
  assert.deepEqual(open().judge(header('2')), { kind: 'held', repaired: true });
  assert.deepEqual(open().judge(header('2')), { kind: 'held', repaired: false });
  mark.commit(header('1'), null);
  mark.prepare(header('2'), null);
  assert.deepEqual(open().judge(header('1')), { kind: 'held', repaired: true });
});

test('a mark that could not be written behind the transaction is made up for before the next one', (t) => {
  const file = openMarkFile(join(tempDirectory(t), 'mark'));
  let full = false;
  const mark = openHighWaterMark({
    ...file,
    write(marks) {
      if (full) throw new Error('no space left on device');
      file.write(marks);
    },
  });
  mark.commit(header('1'), 500);
  mark.prepare(header('2'), 600);
  full = true;
  assert.throws(() => mark.commit(header('2'), 600), /no space left/);
  assert.equal(openHighWaterMark(file).judge(header('2')).kind, 'held');
  full = false;
  // the transaction behind it fails, or the power goes: the database holds revision 2 still
  mark.prepare(header('3'), 700);
  assert.deepEqual(openHighWaterMark(file).judge(header('2')), { kind: 'held', repaired: true });
  assert.deepEqual(mark.floor(), { rootVersion: 1, issuedAt: 600 });
});

test('anything else is a mismatch, and stays one until something is committed', (t) => {
  const open = marksIn(t);
  open().commit(header('5'), null);
  for (const stored of [header('4'), header('6'), null, header('5', { origin: null })]) {
    assert.equal(open().judge(stored).kind, 'mismatch');
  }
  const mark = open();
  assert.deepEqual(mark.judge(header('4')), {
    kind: 'mismatch',
    message: 'the database holds revision 4 and this machine has served 5',
  });
  mark.commit(header('6'), null);
  assert.equal(open().judge(header('6')).kind, 'held');
});

test('a database without a mark, and a mark that is not what was written, are mismatches', (t) => {
  const path = join(tempDirectory(t), 'mark');
  const open = (): HighWaterMark => openHighWaterMark(openMarkFile(path));
  assert.equal(open().judge(header('1')).kind, 'mismatch');
  writeFileSync(path, 'torn');
  assert.equal(open().judge(header('1')).kind, 'mismatch');
  assert.equal(open().judge(null).kind, 'mismatch');
});

test('a bundle below what was served is refused, whether the database or the mark remembers it', (t) => {
  const open = marksIn(t);
  const mark = open();
  mark.commit(header('5'), null);
  const refused = (bundle: BundleHeader, stored: BundleHeader | null = null): boolean => {
    try {
      mark.assertNotBelow(bundle, stored);
      return false;
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, 'rollback');
      return true;
    }
  };
  assert.ok(refused(header('4')));
  assert.ok(refused(header('6'), header('7')));
  assert.ok(!refused(header('6'), header('5')));
  // by number and not by spelling
  assert.ok(!refused(header('10')));
  // the very same one, and another one that calls itself the same
  assert.ok(!refused(header('5')));
  assert.ok(refused(header('5', { origin: { digest: 'other', epoch: 1, rootVersion: 1 } })));
  // a new epoch begins anew, an old one is over
  assert.ok(!refused(header('1', { origin: { digest: 'd', epoch: 2, rootVersion: 2 } })));
  assert.ok(refused(header('9', { origin: { digest: 'd', epoch: 0, rootVersion: 1 } })));
  // listings and other sources stand in no order with it
  assert.ok(!refused(header('sha256:1', { source: 'governance', origin: null })));
  assert.ok(!refused(header('1', { source: 'file' })));
});

test('the organisation is remembered beside the database', (t) => {
  const open = marksIn(t);
  assert.equal(open().org(), null);
  open().commit(header('1'), null);
  assert.equal(open().org(), 'acme');
  open().clear();
  assert.deepEqual([open().org(), open().judge(null)], [null, { kind: 'first' }]);
});

test('what a signed bundle was trusted by is remembered beside the database, a repair included', (t) => {
  const open = marksIn(t);
  assert.deepEqual(open().floor(), { rootVersion: null, issuedAt: null });
  open().commit(header('1'), 500);
  assert.deepEqual(open().floor(), { rootVersion: 1, issuedAt: 500 });
  open().prepare(header('2', { origin: { digest: 'target 2', epoch: 1, rootVersion: 4 } }), 900);
  assert.deepEqual(open().floor(), { rootVersion: 1, issuedAt: 500 });
  const mark = open();
  mark.judge(header('2', { origin: { digest: 'target 2', epoch: 1, rootVersion: 4 } }));
  assert.deepEqual([mark.floor(), open().floor()], [mark.floor(), { rootVersion: 4, issuedAt: 900 }]);
  open().commit(header('sha256:x', { source: 'governance', origin: null }), 900);
  assert.deepEqual(open().floor(), { rootVersion: null, issuedAt: null });
});

test('what is trusted since is remembered as well, and never less than was', (t) => {
  const open = marksIn(t);
  open().raise({ rootVersion: 9, issuedAt: 900 });
  assert.deepEqual(open().floor(), { rootVersion: null, issuedAt: null });
  open().commit(header('1'), 500);
  open().raise({ rootVersion: 3, issuedAt: null });
  open().raise({ rootVersion: 2, issuedAt: 700 });
  assert.deepEqual(open().floor(), { rootVersion: 3, issuedAt: 700 });
  const mark = open();
  mark.prepare(header('2'), 600);
  mark.commit(header('2'), 600);
  assert.deepEqual([mark.floor(), open().floor()], [mark.floor(), { rootVersion: 3, issuedAt: 700 }]);
  assert.equal(open().judge(header('2')).kind, 'held');
});

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase, openToRead } from '../../src/store/database.ts';
import { LOG_MIGRATIONS } from '../../src/store/log-migrations.ts';
import { isDamage, openLog, openLogToRead } from '../../src/store/log-store.ts';
import { StoreError } from '../../src/store/store-error.ts';

function temporaryPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-log-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'log.db');
}

test('a log is private, in WAL mode, and waits for the disk at checkpoints only', (t) => {
  const path = temporaryPath(t);
  const database = openLog(path);
  t.after(() => database.close());
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(database.pragma('journal_mode', { simple: true }), 'wal');
  assert.equal(database.pragma('synchronous', { simple: true }), 1);
});

test('a log is opened without looking through it', (t) => {
  const path = temporaryPath(t);
  const database = openLog(path);
  const fill = database.prepare("INSERT INTO record (at, hash, text) VALUES (?, zeroblob(32), '{}')");
  database.transaction(() => {
    for (let row = 0; row < 1_000; row += 1) fill.run(row);
  })();
  const size = Number(database.pragma('page_size', { simple: true }));
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  // the last page is garbage: only a look at everything finds it
  const bytes = readFileSync(path);
  bytes.fill(0xff, bytes.length - size);
  writeFileSync(path, bytes);
  assert.throws(() => openDatabase(path, LOG_MIGRATIONS), { code: 'database_corrupt' });
  openLog(path).close();
});

test('a log is read without being changed, and nothing else is taken for one', (t) => {
  const path = temporaryPath(t);
  assert.throws(() => openLogToRead(path), { code: 'database_unusable' });
  assert.equal(existsSync(path), false);
  openLog(path).close();
  const database = openLogToRead(path);
  assert.throws(() => database.exec('DELETE FROM chain'), /readonly/);
  database.close();
  const other = `${path}.other`;
  openDatabase(other, [{ version: 1, why: 'another kind', sql: 'CREATE TABLE thing (name TEXT)' }]).close();
  assert.throws(() => openLogToRead(other), /is no decision log/);
  writeFileSync(other, 'no database at all, and longer than the header of one'.repeat(40));
  assert.throws(() => openToRead(other), { code: 'database_corrupt' });
});

test('damage is told from a disk that is full or out of reach', () => {
  const withCode = (code: string): Error => Object.assign(new Error('x'), { code });
  for (const code of ['SQLITE_CORRUPT', 'SQLITE_CORRUPT_VTAB', 'SQLITE_NOTADB']) assert.ok(isDamage(withCode(code)));
  for (const code of ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_BUSY', 'EACCES'])
    assert.ok(!isDamage(withCode(code)));
  assert.ok(isDamage(new StoreError('database_corrupt', 'x')));
  assert.ok(!isDamage(new StoreError('database_unusable', 'x')));
  assert.ok(!isDamage('x'));
});

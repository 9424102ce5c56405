import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Database, type Migration, openDatabase, prepared } from '../../src/store/database.ts';

const FIRST: Migration = { version: 1, why: 'a place for things', sql: 'CREATE TABLE thing (name TEXT NOT NULL)' };
const SECOND: Migration = { version: 2, why: 'things have sizes', sql: 'ALTER TABLE thing ADD COLUMN size INTEGER' };

function temporaryPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-database-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'policy.db');
}

function open(t: TestContext, path: string, migrations: readonly Migration[]): Database {
  const database = openDatabase(path, migrations);
  t.after(() => database.close());
  return database;
}

test('a new database is private, in WAL mode, fully synchronous and at the newest schema', (t) => {
  const path = temporaryPath(t);
  const database = open(t, path, [FIRST, SECOND]);
  database.prepare('INSERT INTO thing VALUES (?, ?)').run('a', 1);
  assert.equal(database.pragma('journal_mode', { simple: true }), 'wal');
  assert.equal(database.pragma('synchronous', { simple: true }), 2);
  assert.equal(database.pragma('foreign_keys', { simple: true }), 1);
  assert.equal(database.pragma('cache_size', { simple: true }), -2_000);
  assert.equal(database.pragma('user_version', { simple: true }), 2);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600);
});

test('a file with a loose mode is tightened when it is opened', (t) => {
  const path = temporaryPath(t);
  openDatabase(path, [FIRST]).close();
  chmodSync(path, 0o644);
  open(t, path, [FIRST]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('only the migrations that are missing are applied', (t) => {
  const path = temporaryPath(t);
  const before = openDatabase(path, [FIRST]);
  before.prepare('INSERT INTO thing VALUES (?)').run('kept');
  before.close();
  const database = open(t, path, [FIRST, SECOND]);
  assert.deepEqual(database.prepare('SELECT name, size FROM thing').all(), [{ name: 'kept', size: null }]);
});

test('a newer schema is refused and left alone', (t) => {
  const path = temporaryPath(t);
  openDatabase(path, [FIRST, SECOND]).close();
  assert.throws(() => openDatabase(path, [FIRST]), { code: 'database_newer', message: /schema 2 .* up to 1/ });
  assert.equal(open(t, path, [FIRST, SECOND]).pragma('user_version', { simple: true }), 2);
});

test('a migration that fails leaves nothing of itself behind', (t) => {
  const path = temporaryPath(t);
  const broken: Migration = { version: 2, why: 'a mistake', sql: 'CREATE TABLE other (a TEXT); SELECT nonsense;' };
  assert.throws(() => openDatabase(path, [FIRST, broken]), { code: 'migration_failed' });
  const database = open(t, path, [FIRST]);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  assert.deepEqual(tables, ['thing']);
});

test('migrations with a gap are refused before anything is opened', (t) => {
  const gap: Migration = { ...SECOND, version: 3 };
  assert.throws(() => openDatabase(temporaryPath(t), [FIRST, gap]), { code: 'migration_failed' });
});

test('a file that is no database is named as corrupt', (t) => {
  const path = temporaryPath(t);
  writeFileSync(path, 'this is certainly not a database, whatever its name says. '.repeat(100));
  assert.throws(() => openDatabase(path, [FIRST]), { code: 'database_corrupt' });
});

test('damage inside the file is found when it is opened', (t) => {
  const path = temporaryPath(t);
  const index: Migration = { ...SECOND, sql: 'CREATE INDEX by_name ON thing (name)' };
  const before = openDatabase(path, [FIRST, index]);
  const insert = before.prepare('INSERT INTO thing VALUES (?)');
  before.transaction(() => {
    for (let i = 0; i < 2_000; i += 1) insert.run(`name ${i} ${'x'.repeat(50)}`);
  })();
  before.pragma('wal_checkpoint(TRUNCATE)');
  before.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 8_192, 12_288);
  writeFileSync(path, bytes);
  assert.throws(() => openDatabase(path, [FIRST, index]), { code: 'database_corrupt' });
});

test('a link in place of the file is refused', (t) => {
  const path = temporaryPath(t);
  const target = `${path}.elsewhere`;
  writeFileSync(target, '');
  symlinkSync(target, path);
  assert.throws(() => openDatabase(path, [FIRST]), { code: 'database_unusable' });
  assert.equal(statSync(target).size, 0);
});

test('a directory that does not exist is an error that names the path', (t) => {
  const path = join(temporaryPath(t), 'missing', 'policy.db');
  assert.throws(() => openDatabase(path, [FIRST]), { code: 'database_unusable', message: /missing\/policy\.db/ });
});

test('a statement that is asked for again is the one that was made, in each database its own', (t) => {
  const one = open(t, temporaryPath(t), [FIRST]);
  const other = open(t, temporaryPath(t), [FIRST]);
  const sql = 'SELECT count(*) FROM thing';
  assert.equal(prepared(one, sql), prepared(one, sql));
  assert.notEqual(prepared(one, sql), prepared(other, sql));
  prepared<[string]>(one, 'INSERT INTO thing VALUES (?)').run('a');
  assert.deepEqual(
    [one, other].map((database) => prepared(database, sql).pluck().get()),
    [1, 0],
  );
});

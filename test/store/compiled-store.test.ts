import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCompiledStore } from '../../src/store/compiled-store.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';

function opened(t: TestContext): Database {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-compiled-'));
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => {
    database.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return database;
}

const CONTENT = Buffer.from('a compiled policy');

test('what was kept is given back in its own format only, and the newest alone is kept', (t) => {
  const database = opened(t);
  const store = createCompiledStore(database);
  assert.equal(store.load('1'), null);
  store.keep('1', Buffer.from('older'));
  store.keep('1', CONTENT);
  assert.deepEqual(Buffer.from(store.load('1') ?? []), CONTENT);
  assert.equal(store.load('2'), null, 'written by another version');
  assert.equal(database.prepare('SELECT count(*) FROM compiled').pluck().get(), 1);
});

test('a row that somebody else has written is none', (t) => {
  const changes = [
    "UPDATE compiled SET content = CAST('another policy' AS BLOB)",
    "UPDATE compiled SET digest = 'sha256:0'",
    "UPDATE compiled SET format = '2'",
  ];
  for (const sql of changes) {
    const database = opened(t);
    const store = createCompiledStore(database);
    store.keep('1', CONTENT);
    database.exec(sql);
    assert.equal(store.load('1'), null, sql);
    assert.equal(store.load('2'), null, sql);
  }
});

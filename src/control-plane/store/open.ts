import { randomBytes } from 'node:crypto';
import { type Database, openDatabase } from '../../store/database.ts';
import { MIGRATIONS } from './migrations.ts';

/** Opens (or creates) the control plane's database. The caller closes it. Throws a `StoreError`. */
export function openControlPlaneDatabase(path: string): Database {
  return openDatabase(path, MIGRATIONS);
}

/** The key that signs access tokens: random, made once, kept in the database, which only its owner can read. */
export function tokenKey(database: Database): Buffer {
  database.prepare('INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)').run('token_key', randomBytes(32));
  const row = database
    .prepare<[string], { value: Buffer }>('SELECT value FROM settings WHERE name = ?')
    .get('token_key');
  if (row === undefined) throw new Error('the token key was not stored');
  return row.value;
}

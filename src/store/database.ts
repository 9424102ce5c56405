import { chmodSync, closeSync, constants, openSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { codeOf, messageOf } from '../base/coded-error.ts';
import { StoreError } from './store-error.ts';

/** An open SQLite database: synchronous, one thread, one owner that closes it. */
export type Database = SqliteDatabase.Database;

/** One step of a schema. Numbers start at 1 and have no gaps; a released step never changes. */
export interface Migration {
  readonly version: number;
  /** The decision diary: why the schema became what it is. */
  readonly why: string;
  readonly sql: string;
}

const BUSY_TIMEOUT_MS = 2_000;

export interface OpenOptions {
  /** Looks through the whole file first (default). A log of gigabytes does without, and finds damage where it reads. */
  readonly quickCheck?: boolean;
  /** NORMAL: a power cut may take the last transactions, and never more than those. Default FULL. */
  readonly synchronous?: 'FULL' | 'NORMAL';
}

/**
 * Opens (or creates, mode 0600) the database at `path`, checks it and brings its schema up to date. The directory
 * must exist. Throws a `StoreError`; a database that failed is closed again.
 */
export function openDatabase(path: string, migrations: readonly Migration[], options: OpenOptions = {}): Database {
  assertNumbered(migrations);
  createPrivately(path);
  return opened(path, connect(path), (database) => {
    if (options.quickCheck !== false) checkIntegrity(database, path);
    configure(database, options.synchronous ?? 'FULL');
    migrate(database, path, migrations);
  });
}

/** Opens a database that is there, to look at it only. Throws a `StoreError`. */
export function openToRead(path: string): Database {
  return opened(path, connect(path, { readonly: true, fileMustExist: true }), (database) => {
    database.pragma('trusted_schema = OFF');
    // what is no database shows in the first page
    schemaVersion(database);
  });
}

/** Held until it is closed, or the process ends in whatever way: the kernel keeps it. */
export interface HeldLock {
  close(): void;
}

/**
 * Locks the file at `path` against every other process; null = another one holds it. An empty database serves as the
 * lock, because Node.js has no other way to the kernel's. Throws a `StoreError`.
 */
export function lockFile(path: string): HeldLock | null {
  createPrivately(path);
  const database = connect(path, { timeout: 0 });
  try {
    // a journal on the disk would fail where that is full
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return { close: () => void database.close() };
  } catch (error) {
    database.close();
    if (error instanceof SqliteDatabase.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null;
    throw translated(error, path);
  }
}

const statements = new WeakMap<Database, Map<string, SqliteDatabase.Statement>>();

/**
 * The statement of this text, made once for each database: for what is asked all the time. A statement takes memory of
 * which V8 knows nothing, until a collection happens to find it.
 */
export function prepared<P extends unknown[] = unknown[], R = unknown>(
  database: Database,
  sql: string,
): SqliteDatabase.Statement<P, R> {
  const known = statements.get(database) ?? new Map<string, SqliteDatabase.Statement>();
  statements.set(database, known);
  const statement = known.get(sql) ?? database.prepare(sql);
  known.set(sql, statement);
  return statement as SqliteDatabase.Statement<P, R>;
}

function opened(path: string, database: Database, prepare: (database: Database) => void): Database {
  try {
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error instanceof StoreError ? error : translated(error, path);
  }
}

function assertNumbered(migrations: readonly Migration[]): void {
  for (const [index, migration] of migrations.entries()) {
    if (migration.version !== index + 1) {
      throw new StoreError('migration_failed', `migration ${migration.version} stands where ${index + 1} belongs`);
    }
  }
}

/** SQLite would create the file with the process's umask; the side files (-wal, -shm) inherit the mode it has. */
function createPrivately(path: string): void {
  try {
    // a link here would let whoever placed it choose which file we chmod and write
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT';
    const why = missing ? 'its directory does not exist: make it first' : messageOf(error);
    throw new StoreError('database_unusable', `cannot open \`${path}\`: ${why}`, { cause: error });
  }
}

function connect(path: string, options: SqliteDatabase.Options = {}): Database {
  try {
    return new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS, ...options });
  } catch (error) {
    throw translated(error, path);
  }
}

function checkIntegrity(database: Database, path: string): void {
  const found: unknown = database.pragma('quick_check', { simple: true });
  if (found !== 'ok') {
    throw new StoreError('database_corrupt', `\`${path}\` is damaged (${String(found)}): move it away and start again`);
  }
}

/** SQLite's own default; that of the package is 16 MB a database, which a log that only grows fills in minutes. */
const CACHE_KIB = 2_000;

function configure(database: Database, synchronous: 'FULL' | 'NORMAL'): void {
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma('journal_mode = WAL');
  // an acknowledged activation survives a power cut (delivery, What always holds)
  database.pragma(`synchronous = ${synchronous}`);
  database.pragma('foreign_keys = ON');
  // another program may hold the file; a schema with functions or virtual tables of its own gets no trust
  database.pragma('trusted_schema = OFF');
}

function migrate(database: Database, path: string, migrations: readonly Migration[]): void {
  const found = schemaVersion(database);
  if (found > migrations.length) {
    throw new StoreError(
      'database_newer',
      `\`${path}\` has schema ${found} and this version knows up to ${migrations.length}: install a newer reeve`,
    );
  }
  for (const migration of migrations.slice(found)) applyMigration(database, path, migration);
}

function applyMigration(database: Database, path: string, migration: Migration): void {
  const step = database.transaction(() => {
    // two processes may open at once: the second one finds the work done
    if (schemaVersion(database) >= migration.version) return;
    database.exec(migration.sql);
    database.pragma(`user_version = ${migration.version}`);
  });
  try {
    step.immediate();
  } catch (error) {
    const message = `migration ${migration.version} of \`${path}\` failed: ${messageOf(error)}`;
    throw new StoreError('migration_failed', message, { cause: error });
  }
}

function schemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/** Driver errors become ours once, here. */
function translated(error: unknown, path: string): StoreError {
  const code: unknown = error instanceof SqliteDatabase.SqliteError ? error.code : undefined;
  if (code === 'SQLITE_NOTADB' || (typeof code === 'string' && code.startsWith('SQLITE_CORRUPT'))) {
    const message = `\`${path}\` is no usable database: move it away and start again`;
    return new StoreError('database_corrupt', message, { cause: error });
  }
  const remedy = typeof code === 'string' ? remedyOf(code) : '';
  return new StoreError('database_unusable', `cannot open \`${path}\`: ${messageOf(error)}${remedy}`, { cause: error });
}

function remedyOf(code: string): string {
  if (code.startsWith('SQLITE_FULL')) return ': make room on its disk';
  // a side file that finds no room is told as one that cannot be written
  if (code.startsWith('SQLITE_IOERR')) return ' (a full disk, or a broken one): make room on it, or look after it';
  return code.startsWith('SQLITE_READONLY') ? ': see that its disk and its directory can be written' : '';
}

import { codeOf } from '../base/coded-error.ts';
import { type Database, openDatabase, openToRead, prepared } from './database.ts';
import { LOG_MIGRATIONS } from './log-migrations.ts';
import { StoreError } from './store-error.ts';

/** One row: the text is the record, the hash its link of the chain. */
export interface LogRow {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly hash: Uint8Array;
  readonly text: string;
}

/** Where a chain of hashes stands. */
export interface ChainEnd {
  readonly id: number;
  readonly hash: Uint8Array;
}

export interface Chain {
  /** The last record that has gone, or nothing at all: id 0, all zeros. */
  readonly anchor: ChainEnd;
  /** The last record that was written. */
  readonly head: ChainEnd;
}

/** log.db, opened without looking through it: what it costs does not depend on how much is in there. */
export function openLog(path: string): Database {
  // a log may lose its last moments to a power cut; waiting for the disk at each batch would buy nothing that decides
  return openDatabase(path, LOG_MIGRATIONS, { quickCheck: false, synchronous: 'NORMAL' });
}

/** log.db as somebody else writes it, or a copy of it. Throws a `StoreError` for another kind of database. */
export function openLogToRead(path: string): Database {
  const database = openToRead(path);
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'chain'").get();
  if (known !== undefined) return database;
  database.close();
  throw new StoreError('database_unusable', `\`${path}\` is no decision log: name the file \`log.db\` of a daemon`);
}

interface ChainRow {
  readonly anchor_id: number;
  readonly anchor_hash: Uint8Array;
  readonly head_id: number;
  readonly head_hash: Uint8Array;
}

export function readChain(database: Database): Chain {
  const sql = 'SELECT anchor_id, anchor_hash, head_id, head_hash FROM chain WHERE one = 1';
  const row = prepared<[], ChainRow>(database, sql).get();
  if (row === undefined) throw new StoreError('row_invalid', 'the decision log has lost the row of its chain');
  return {
    anchor: { id: row.anchor_id, hash: row.anchor_hash },
    head: { id: row.head_id, hash: row.head_hash },
  };
}

/** All or nothing; the last of them is the new head. */
export function appendRows(database: Database, rows: Iterable<LogRow>): void {
  const insert = prepared<[number, number, Uint8Array, string]>(
    database,
    'INSERT INTO record (id, at, hash, text) VALUES (?, ?, ?, ?)',
  );
  const move = prepared<[number, Uint8Array]>(database, 'UPDATE chain SET head_id = ?, head_hash = ?');
  const write = database.transaction(() => {
    let last: ChainEnd | null = null;
    for (const row of rows) {
      insert.run(row.id, row.at, row.hash, row.text);
      last = row;
    }
    if (last !== null) move.run(last.id, last.hash);
  });
  write.immediate();
}

/** The rows behind `id`, in the order of the chain. */
export function readRowsAfter(database: Database, id: number, limit: number): readonly LogRow[] {
  return prepared<[number, number], LogRow>(
    database,
    'SELECT id, at, hash, text FROM record WHERE id > ? ORDER BY id LIMIT ?',
  ).all(id, limit);
}

/** What the records take; the file itself keeps freed pages for the next ones. */
export function usedBytes(database: Database): number {
  const sql =
    'SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size';
  return prepared<[], number>(database, sql).pluck().get() ?? 0;
}

/** The first of the records up to `id` that is not older than `at`; null where all of them are. */
export function firstNotOlder(database: Database, id: number, at: number): number | null {
  // `+at`: by id, so that no more than what goes is looked at; the index of times leads through all that stays
  const sql = 'SELECT id FROM record WHERE id <= ? AND +at >= ? ORDER BY id LIMIT 1';
  return prepared<[number, number], number>(database, sql).pluck().get(id, at) ?? null;
}

/** Takes away the records up to `id`; the hash of the last one stays, so that the chain can be walked from there. */
export function removeUpTo(database: Database, id: number): void {
  const remove = database.transaction(() => {
    const hash = prepared<[number], Uint8Array>(database, 'SELECT hash FROM record WHERE id = ?').pluck().get(id);
    // somebody else removed it: an anchor that fits nothing says so for ever
    const anchor = hash ?? new Uint8Array(32);
    prepared(database, 'DELETE FROM record WHERE id <= ?').run(id);
    prepared(database, 'UPDATE chain SET anchor_id = ?, anchor_hash = ?').run(id, anchor);
  });
  remove.immediate();
}

/** The file cannot be read as what it should be; nothing but another one helps. */
export function isDamage(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'database_corrupt' || error.code === 'row_invalid';
  const code = codeOf(error);
  return code !== null && (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB');
}

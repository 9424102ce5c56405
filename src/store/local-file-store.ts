import type { Database } from './database.ts';

/** The table behind the last good versions of local override files; for the migration list of policy.db. */
export const LOCAL_FILE_MIGRATION = {
  why: 'a broken local file must not change decisions, also not across a restart: its last good text stays here',
  sql: `
    CREATE TABLE local_file_last_good (
      directory TEXT NOT NULL,
      name TEXT NOT NULL,
      digest TEXT NOT NULL,
      content TEXT NOT NULL,
      allows_inert TEXT,
      PRIMARY KEY (directory, name)
    ) STRICT, WITHOUT ROWID;
  `,
} as const;

/** One row: the text of a file when it last parsed, its digest, and why its allows did not count, if so. */
export interface LocalFileRow {
  readonly digest: string;
  readonly content: string;
  readonly allowsInert: string | null;
}

/** Table-backed; the interface that the local source expects, without depending on it. */
export interface LocalFileStore {
  loadLastGood(directory: string): ReadonlyMap<string, LocalFileRow>;
  saveLastGood(directory: string, name: string, file: LocalFileRow): void;
  forgetLastGood(directory: string, name: string): void;
}

export function createLocalFileStore(database: Database): LocalFileStore {
  const load = database.prepare<[string], LocalFileRow & { readonly name: string }>(
    `SELECT name, digest, content, allows_inert AS allowsInert FROM local_file_last_good
     WHERE directory = ? ORDER BY name`,
  );
  const save = database.prepare<[string, string, string, string, string | null]>(
    `INSERT INTO local_file_last_good (directory, name, digest, content, allows_inert) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (directory, name) DO UPDATE
     SET digest = excluded.digest, content = excluded.content, allows_inert = excluded.allows_inert`,
  );
  const forget = database.prepare<[string, string]>(
    'DELETE FROM local_file_last_good WHERE directory = ? AND name = ?',
  );
  return {
    loadLastGood: (directory) =>
      new Map(
        load.all(directory).map(({ name, digest, content, allowsInert }) => [name, { digest, content, allowsInert }]),
      ),
    saveLastGood: (directory, name, { digest, content, allowsInert }) =>
      void save.run(directory, name, digest, content, allowsInert),
    forgetLastGood: (directory, name) => void forget.run(directory, name),
  };
}

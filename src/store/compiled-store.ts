import { digestOf } from '../bundle/policy-revision.ts';
import type { Database } from './database.ts';

/** The table of the compiled policy; for the migration list of policy.db. */
export const COMPILED_MIGRATION = {
  why: [
    'A large bundle takes longer to compile than a start may take, so what was made of the active one stays beside it:',
    'one row, with what wrote it and a digest over both. It is a convenience: a row that is missing, of another',
    'version or damaged only means that the bundle is compiled anew.',
  ].join(' '),
  sql: `
    CREATE TABLE compiled (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      format TEXT NOT NULL,
      digest TEXT NOT NULL,
      content BLOB NOT NULL
    ) STRICT;
  `,
} as const;

interface CompiledRow {
  readonly digest: string;
  readonly content: Buffer;
}

/** The compiled form of the active bundle, in bytes that only their writer understands. */
export interface CompiledStore {
  /** What was kept in this format; null where there is none, or it is not what was written. */
  load(format: string): Uint8Array | null;
  keep(format: string, content: Uint8Array): void;
}

/** Over a database opened with `POLICY_MIGRATIONS`; whoever opened it closes it. */
export function createCompiledStore(database: Database): CompiledStore {
  const select = database.prepare<[string], CompiledRow>('SELECT digest, content FROM compiled WHERE format = ?');
  const replace = database.prepare<[string, string, Uint8Array]>(
    'INSERT OR REPLACE INTO compiled (one, format, digest, content) VALUES (1, ?, ?, ?)',
  );
  return {
    load(format) {
      const row = select.get(format);
      return row !== undefined && digestOf(format, row.content) === row.digest ? row.content : null;
    },
    keep(format, content) {
      replace.run(format, digestOf(format, content), content);
    },
  };
}

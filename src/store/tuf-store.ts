import { type Database, prepared } from './database.ts';
import { StoreError } from './store-error.ts';

/** The tables of the `tuf` source; for the migration list of policy.db. */
export const TUF_MIGRATION = {
  why: [
    'Metadata is kept as the bytes that were signed: whoever reads it verifies it again, so a row needs no digest of its',
    'own. Roots are kept for ever, by number, because the chain from the pinned one is verified at each start. What is',
    'held advances whenever something newer is verified; what is active changes only together with the bundle, in its',
    'transaction, and holds everything that the bundle was verified with, so that it can be verified again offline.',
  ].join(' '),
  sql: `
    CREATE TABLE tuf_root (
      version INTEGER PRIMARY KEY CHECK (version > 0),
      content BLOB NOT NULL
    ) STRICT;
    CREATE TABLE tuf_held (
      role TEXT PRIMARY KEY,
      content BLOB NOT NULL,
      etag TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tuf_active (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      root_version INTEGER NOT NULL,
      path TEXT NOT NULL,
      target BLOB NOT NULL
    ) STRICT;
    CREATE TABLE tuf_active_file (
      role TEXT PRIMARY KEY,
      content BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
} as const;

/** A metadata file that was verified when it was stored. */
export interface HeldFile {
  readonly content: Uint8Array;
  /** Only with the bytes it belongs to (delivery, "What always holds"). */
  readonly etag: string | null;
}

/** Everything that was true together when a bundle became active. */
export interface TufPublication {
  readonly rootVersion: number;
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  /** `targets` and the delegated roles on the way to the target. */
  readonly roles: ReadonlyMap<string, Uint8Array>;
  readonly path: string;
  /** As delivered. */
  readonly target: Uint8Array;
}

/** Bytes of a repository as this machine has seen it. Nothing read from here is believed before it is verified. */
export interface TufStore {
  root(version: number): Uint8Array | null;
  /** At once and for itself, so that breaking everything behind it cannot undo a rotation. */
  putRoot(version: number, content: Uint8Array): void;
  held(role: string): HeldFile | null;
  /**
   * Replaces what is held for a role, if it still is `seen`: who verified against something else has verified nothing.
   * Throws a `StoreError` otherwise.
   */
  hold(role: string, file: HeldFile, seen: Uint8Array | null): void;
  /** Of the bundle that serves; null = none did, or a row of it is gone. */
  active(): TufPublication | null;
  /** The root that it was verified with, without reading the rest. */
  activeRootVersion(): number | null;
  /** One transaction, or part of the one in which the bundle becomes active. */
  promote(publication: TufPublication): void;
  /** Everything; for a transaction that gives up the organisation. */
  clear(): void;
}

/** Over a database opened with `POLICY_MIGRATIONS`; whoever opened it closes it. */
export function createTufStore(database: Database): TufStore {
  const heldRow = prepared<[string], HeldFile>(database, 'SELECT content, etag FROM tuf_held WHERE role = ?');
  const held = (role: string): HeldFile | null => heldRow.get(role) ?? null;
  return {
    root: (version) =>
      prepared<[number], Buffer>(database, 'SELECT content FROM tuf_root WHERE version = ?').pluck().get(version) ??
      null,
    putRoot(version, content) {
      prepared(database, 'INSERT OR REPLACE INTO tuf_root (version, content) VALUES (?, ?)').run(version, content);
    },
    held,
    hold: (role, { content, etag }, seen) =>
      database
        .transaction(() => {
          if (!areSame(held(role)?.content ?? null, seen)) {
            throw new StoreError('row_invalid', `the ${role} metadata changed while a newer one was verified`);
          }
          prepared(database, 'INSERT OR REPLACE INTO tuf_held (role, content, etag) VALUES (?, ?, ?)').run(
            role,
            content,
            etag,
          );
        })
        .immediate(),
    active: () => database.transaction(() => readActive(database))(),
    activeRootVersion: () =>
      prepared<[], number>(database, 'SELECT root_version FROM tuf_active').pluck().get() ?? null,
    promote: (publication) => database.transaction(() => writeActive(database, publication))(),
    clear() {
      for (const table of TABLES) prepared(database, `DELETE FROM ${table}`).run();
    },
  };
}

const TABLES = ['tuf_root', 'tuf_held', 'tuf_active', 'tuf_active_file'];

interface ActiveRow {
  readonly rootVersion: number;
  readonly path: string;
  readonly target: Buffer;
}

function readActive(database: Database): TufPublication | null {
  const row = prepared<[], ActiveRow>(
    database,
    'SELECT root_version AS rootVersion, path, target FROM tuf_active',
  ).get();
  const files = new Map(
    prepared<[], { role: string; content: Buffer }>(database, 'SELECT role, content FROM tuf_active_file')
      .all()
      .map(({ role, content }) => [role, content]),
  );
  const [timestamp, snapshot] = [files.get('timestamp'), files.get('snapshot')];
  if (row === undefined || timestamp === undefined || snapshot === undefined) return null;
  files.delete('timestamp');
  files.delete('snapshot');
  return { ...row, timestamp, snapshot, roles: files };
}

function writeActive(
  database: Database,
  { rootVersion, path, target, timestamp, snapshot, roles }: TufPublication,
): void {
  prepared(database, 'INSERT OR REPLACE INTO tuf_active (one, root_version, path, target) VALUES (1, ?, ?, ?)').run(
    rootVersion,
    path,
    target,
  );
  prepared(database, 'DELETE FROM tuf_active_file').run();
  const insert = prepared(database, 'INSERT INTO tuf_active_file (role, content) VALUES (?, ?)');
  for (const [role, content] of new Map([['timestamp', timestamp], ['snapshot', snapshot], ...roles])) {
    insert.run(role, content);
  }
}

function areSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return Buffer.compare(one, other) === 0;
}

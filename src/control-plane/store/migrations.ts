import type { Migration } from '../../store/database.ts';

/** The control plane's schema. Times are milliseconds since the epoch; lists are JSON arrays of strings. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: [
      'Policies and their rules are rows of their own, so that a rule write touches one rule and one timestamp.',
      'A new rule stands one position behind the last, so that the order of rules is that of their creation.',
      'An identifier is unique among credentials in force, and free again after a revocation, so that one can be replaced',
      'under the same name. Revoked rows stay, for the record.',
      'Policy ids sort by time and never change: listings are pages over (org, id).',
    ].join(' '),
    sql: `
      CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value BLOB NOT NULL
      ) STRICT;

      CREATE TABLE credentials (
        id TEXT PRIMARY KEY,
        org TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('admin', 'machine')),
        identifier TEXT NOT NULL,
        teams TEXT NOT NULL,
        salt BLOB NOT NULL,
        hash BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        revoked_at INTEGER
      ) STRICT;
      CREATE UNIQUE INDEX credentials_in_force ON credentials (identifier) WHERE revoked_at IS NULL;

      CREATE TABLE teams (
        org TEXT NOT NULL,
        id TEXT NOT NULL,
        PRIMARY KEY (org, id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE policies (
        id TEXT PRIMARY KEY,
        org TEXT NOT NULL,
        name TEXT NOT NULL,
        teams TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        UNIQUE (org, name)
      ) STRICT;
      CREATE INDEX policies_by_org ON policies (org, id);

      CREATE TABLE rules (
        id TEXT PRIMARY KEY,
        policy_id TEXT NOT NULL REFERENCES policies (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('allow', 'deny')),
        actions TEXT NOT NULL,
        resources TEXT NOT NULL,
        UNIQUE (policy_id, position),
        UNIQUE (policy_id, name)
      ) STRICT;
    `,
  },
];

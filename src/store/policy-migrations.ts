import { COMPILED_MIGRATION } from './compiled-store.ts';
import type { Migration } from './database.ts';
import { DELIVERY_MIGRATION } from './delivery-migration.ts';
import { LOCAL_FILE_MIGRATION } from './local-file-store.ts';
import { TUF_MIGRATION } from './tuf-store.ts';

/** The policy database, step by step. A released step never changes; a new idea is a new step. */
export const POLICY_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    why: [
      'One table for every bundle, whatever its state: active and candidate are two pointers into it, so activation',
      'moves a pointer and copies nothing, and history is what is left behind. The content is text with its digest',
      'beside it, checked at each load. The per-policy cache holds answers as they came, so that a newer version of',
      'this program judges them anew. Domains that were ever governed are rows that nothing here deletes.',
    ].join(' '),
    sql: `
      CREATE TABLE bundle (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        org TEXT NOT NULL,
        revision TEXT NOT NULL,
        digest TEXT NOT NULL,
        etag TEXT,
        content TEXT NOT NULL,
        fetched_at INTEGER NOT NULL,
        activated_at INTEGER
      ) STRICT;
      CREATE TABLE slot (
        name TEXT PRIMARY KEY CHECK (name IN ('active', 'candidate')),
        bundle INTEGER NOT NULL REFERENCES bundle (id)
      ) STRICT;
      CREATE TABLE enrolment (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        org TEXT NOT NULL
      ) STRICT;
      CREATE TABLE governed_domain (
        domain TEXT PRIMARY KEY CHECK (domain IN ('network', 'filesystem')),
        since INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE last_sync (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        completed_at INTEGER NOT NULL,
        verified_time INTEGER
      ) STRICT;
      CREATE TABLE policy_cache (
        id TEXT PRIMARY KEY,
        updated_at TEXT NOT NULL,
        settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
        fetched_at INTEGER NOT NULL,
        content TEXT NOT NULL
      ) STRICT;
      CREATE TABLE pending_absence (
        policy TEXT PRIMARY KEY,
        first_listing_at INTEGER NOT NULL
      ) STRICT;
    `,
  },
  { version: 2, ...LOCAL_FILE_MIGRATION },
  { version: 3, ...COMPILED_MIGRATION },
  { version: 4, ...DELIVERY_MIGRATION },
  { version: 5, ...TUF_MIGRATION },
];

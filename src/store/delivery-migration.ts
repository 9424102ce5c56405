/** What signed bundles add to the policy database; for its migration list. */
export const DELIVERY_MIGRATION = {
  why: [
    'A signed bundle says more than its policies (terms), and its place in the order of all bundles is its epoch and its',
    'revision; the digest of what was delivered tells it from another one of the same revision. Old rows have none of',
    'these: a listing of a governance API has no order. When a policy was confirmed is not when the last run ended: a',
    'signed statement may be older than the answer that carries it. The latest time seen is one row, so that a clock that',
    'was set back finds it after a restart too.',
  ].join(' '),
  sql: `
    ALTER TABLE bundle ADD COLUMN terms TEXT;
    ALTER TABLE bundle ADD COLUMN origin TEXT;
    ALTER TABLE last_sync ADD COLUMN confirmed_at INTEGER;
    UPDATE last_sync SET confirmed_at = completed_at;
    CREATE TABLE latest_time (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      seen_at INTEGER NOT NULL
    ) STRICT;
  `,
} as const;

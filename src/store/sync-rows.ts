import { type Database, prepared } from './database.ts';

/** A policy as the server gave it, so that the next sync may get only what changed. */
export interface CachedPolicy {
  readonly id: string;
  readonly updatedAt: string;
  /** Its `updated_at` was old enough when it was listed: a second write in the same instant can be excluded. */
  readonly settled: boolean;
  readonly fetchedAt: number;
  /** JSON text, before any judgement. */
  readonly content: string;
}

/** A policy that is missing from a complete listing; `policy` is '' where a first listing showed none at all. */
export interface PendingAbsence {
  readonly policy: string;
  readonly firstListingAt: number;
}

export interface LastSync {
  readonly completedAt: number;
  /** The server's own time of a complete sync over TLS (delivery, Time); null = it never said one. */
  readonly verifiedTime: number | null;
  /** What the age of the policy is counted from; null = nothing makes it younger or older (a plain file). */
  readonly confirmedAt: number | null;
}

/** What a complete sync leaves behind. */
export interface SyncRecord extends Omit<LastSync, 'confirmedAt'> {
  /** Absent = the end of the sync: whoever answered it has said that this is the policy now. */
  readonly confirmedAt?: number | null;
  readonly cache: readonly CachedPolicy[];
  readonly absences: readonly PendingAbsence[];
}

export function writeSync(database: Database, sync: SyncRecord): void {
  // verified time never runs backwards: an older answer says nothing new
  prepared(
    database,
    `INSERT INTO last_sync (one, completed_at, verified_time, confirmed_at) VALUES (1, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET completed_at = excluded.completed_at, confirmed_at = excluded.confirmed_at,
         verified_time = max(coalesce(verified_time, excluded.verified_time), coalesce(excluded.verified_time, verified_time))`,
  ).run(sync.completedAt, sync.verifiedTime, sync.confirmedAt === undefined ? sync.completedAt : sync.confirmedAt);
  writeCache(database, sync.cache);
  prepared(database, 'DELETE FROM pending_absence').run();
  const insert = prepared(database, 'INSERT INTO pending_absence (policy, first_listing_at) VALUES (?, ?)');
  for (const absence of sync.absences) insert.run(absence.policy, absence.firstListingAt);
}

/** Writes the differences only: a poll that found nothing new must not rewrite megabytes. */
function writeCache(database: Database, cache: readonly CachedPolicy[]): void {
  const stored = new Map(
    prepared<[], { id: string; fetched_at: number; updated_at: string; settled: number }>(
      database,
      'SELECT id, fetched_at, updated_at, settled FROM policy_cache',
    )
      .all()
      .map((row) => [row.id, `${row.fetched_at} ${row.settled} ${row.updated_at}`]),
  );
  const put = prepared(
    database,
    'INSERT OR REPLACE INTO policy_cache (id, updated_at, settled, fetched_at, content) VALUES (?, ?, ?, ?, ?)',
  );
  for (const entry of cache) {
    const settled = entry.settled ? 1 : 0;
    const same = stored.get(entry.id) === `${entry.fetchedAt} ${settled} ${entry.updatedAt}`;
    stored.delete(entry.id);
    if (!same) put.run(entry.id, entry.updatedAt, settled, entry.fetchedAt, entry.content);
  }
  const remove = prepared(database, 'DELETE FROM policy_cache WHERE id = ?');
  for (const gone of stored.keys()) remove.run(gone);
}

export function readCache(database: Database): ReadonlyMap<string, CachedPolicy> {
  const rows = prepared<[], { id: string; updatedAt: string; settled: number; fetchedAt: number; content: string }>(
    database,
    'SELECT id, updated_at AS updatedAt, settled, fetched_at AS fetchedAt, content FROM policy_cache',
  ).all();
  return new Map(rows.map((row) => [row.id, { ...row, settled: row.settled === 1 }]));
}

export function readPendingAbsences(database: Database): readonly PendingAbsence[] {
  return prepared<[], PendingAbsence>(
    database,
    'SELECT policy, first_listing_at AS firstListingAt FROM pending_absence ORDER BY policy',
  ).all();
}

export function readLastSync(database: Database): LastSync | null {
  const sql =
    'SELECT completed_at AS completedAt, verified_time AS verifiedTime, confirmed_at AS confirmedAt FROM last_sync';
  return prepared<[], LastSync>(database, sql).get() ?? null;
}

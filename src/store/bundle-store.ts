import type { Domain } from '../policy/action.ts';
import {
  type ActiveBundle,
  type BundleHeader,
  type CandidateBundle,
  insertCandidate,
  readActive,
  readHistory,
  readSlotRow,
} from './bundle-rows.ts';
import { type Database, prepared } from './database.ts';
import {
  type CachedPolicy,
  type LastSync,
  type PendingAbsence,
  readCache,
  readLastSync,
  readPendingAbsences,
  type SyncRecord,
  writeSync,
} from './sync-rows.ts';

/** How many activated bundles are kept, the active one included. */
const HISTORY = 10;

/**
 * What this machine knows of its organisation's policy, on disk. Read at start and by a sync; no decision ever waits
 * for it. Every write is one transaction.
 */
export interface BundleStore {
  /** The bundle that serves; `damaged` when the row is not what this program wrote. */
  active(): ActiveBundle;
  /** The bundle that was stored last and is not active (yet). */
  candidate(): BundleHeader | null;
  /** Newest first, at most ten, the active one included. */
  history(): readonly BundleHeader[];
  /** Replaces the candidate. Nothing that serves changes. */
  putCandidate(bundle: CandidateBundle): number;
  /** The candidate becomes active; cache, absences and time of the sync it came from with it. */
  activate(candidate: number, activation: Activation): void;
  /** A complete sync that changed nothing. */
  recordSync(sync: SyncRecord): void;
  lastSync(): LastSync | null;
  cachedPolicies(): ReadonlyMap<string, CachedPolicy>;
  pendingAbsences(): readonly PendingAbsence[];
  /** Domains that an activated policy has governed (semantics, 5): they stay so. */
  wasGoverned(): readonly Domain[];
  /** The organisation of the first activated bundle; null before it. */
  enrolledOrg(): string | null;
  /** The latest time that this machine has seen, in milliseconds since the epoch; null = none was kept. */
  latestTime(): number | null;
  keepLatestTime(at: number): void;
  /** Gives up everything that is known of the organisation, `alongside` included. */
  reset(alongside?: () => void): void;
}

export interface Activation {
  readonly at: number;
  /** Domains that a policy of this bundle governs. */
  readonly governed: readonly Domain[];
  /** Null where no sync stands behind it. */
  readonly sync: SyncRecord | null;
  /** What becomes true together with it; it throws before anything has, or not at all. */
  readonly alongside?: () => void;
}

/** Over a database opened with `POLICY_MIGRATIONS`; whoever opened it closes it. */
export function createBundleStore(database: Database): BundleStore {
  return {
    active: () => readActive(database),
    candidate: () => readSlotRow(database, 'candidate'),
    history: () => readHistory(database, HISTORY),
    putCandidate: (bundle) => database.transaction(() => insertCandidate(database, bundle)).immediate(),
    activate: (candidate, activation) =>
      database.transaction(() => activate(database, candidate, activation)).immediate(),
    recordSync: (sync) => database.transaction(() => writeSync(database, sync)).immediate(),
    lastSync: remembered(() => readLastSync(database)),
    cachedPolicies: () => readCache(database),
    pendingAbsences: () => readPendingAbsences(database),
    wasGoverned: () =>
      prepared<[], Domain>(database, 'SELECT domain FROM governed_domain ORDER BY domain DESC').pluck().all(),
    enrolledOrg: remembered(() => prepared<[], string>(database, 'SELECT org FROM enrolment').pluck().get() ?? null),
    latestTime: () => prepared<[], number>(database, 'SELECT seen_at FROM latest_time').pluck().get() ?? null,
    keepLatestTime: (at) => {
      prepared(database, 'INSERT OR REPLACE INTO latest_time (one, seen_at) VALUES (1, ?)').run(Math.trunc(at));
    },
    reset: (alongside) => database.transaction(() => reset(database, alongside)).immediate(),
  };
}

/**
 * What was read last stands in for a database that breaks while the daemon runs: the policy ages on and stays this
 * organisation's, and asking for the status or planning the next poll cannot fail. A first reading that fails throws.
 */
function remembered<T>(read: () => T): () => T {
  let last: { readonly value: T } | null = null;
  return () => {
    try {
      last = { value: read() };
    } catch (error) {
      if (last === null) throw error;
    }
    return last.value;
  };
}

/** What belongs to the organisation; local files are this machine's own. */
const ORGANISATION_TABLES = [
  ...['slot', 'bundle', 'compiled', 'enrolment', 'governed_domain', 'last_sync', 'policy_cache', 'pending_absence'],
  'latest_time',
];

function reset(database: Database, alongside: (() => void) | undefined): void {
  for (const table of ORGANISATION_TABLES) prepared(database, `DELETE FROM ${table}`).run();
  alongside?.();
}

function activate(database: Database, candidate: number, { at, governed, sync, alongside }: Activation): void {
  prepared(database, 'UPDATE bundle SET activated_at = ? WHERE id = ?').run(at, candidate);
  prepared(database, "INSERT OR REPLACE INTO slot (name, bundle) VALUES ('active', ?)").run(candidate);
  prepared(database, "DELETE FROM slot WHERE name = 'candidate'").run();
  prepared(database, 'INSERT OR IGNORE INTO enrolment (one, org) SELECT 1, org FROM bundle WHERE id = ?').run(
    candidate,
  );
  const govern = prepared(database, 'INSERT OR IGNORE INTO governed_domain (domain, since) VALUES (?, ?)');
  for (const domain of governed) govern.run(domain, at);
  if (sync !== null) writeSync(database, sync);
  alongside?.();
  prepared(
    database,
    'DELETE FROM bundle WHERE id NOT IN (SELECT id FROM bundle WHERE activated_at IS NOT NULL ORDER BY id DESC LIMIT ?)',
  ).run(HISTORY);
}

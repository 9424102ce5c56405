import type { Domain } from '../policy/action.ts';
import { type ActiveBundle, type BundleHeader, readHistory, readKept, readSlotRow } from './bundle-rows.ts';
import { type Database, openToRead, prepared } from './database.ts';
import { POLICY_MIGRATIONS } from './policy-migrations.ts';
import { StoreError } from './store-error.ts';

/** A bundle that was activated here, as it can still be read. */
export interface KeptBundle {
  readonly header: BundleHeader;
  readonly policies: readonly unknown[];
  /** The domains that had been governed when it was activated (semantics, 5). */
  readonly wasGoverned: readonly Domain[];
}

/** More than are kept. */
const ALL = 1_000;

/** policy.db of a daemon, running or not, to look at. Throws a `StoreError`. */
export function openPolicyToRead(path: string): Database {
  const database = openToRead(path);
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version === POLICY_MIGRATIONS.length) return database;
  database.close();
  const next = version > POLICY_MIGRATIONS.length ? 'install a newer reeve' : 'start the daemon once';
  const message = `\`${path}\` has schema ${version} and this version reads ${POLICY_MIGRATIONS.length}: ${next}`;
  throw new StoreError('database_newer', message);
}

/** The bundle that serves, the one that served before it, or the newest of a revision; null = there is none. */
export function keptBundle(database: Database, which: string): KeptBundle | null {
  const active = readSlotRow(database, 'active');
  const header = which === 'active' ? active : found(readHistory(database, ALL), active, which);
  if (header === null) return null;
  const bundle = readKept(database, header.id);
  if (bundle.kind !== 'active') throw new StoreError('row_invalid', messageOf(bundle, header));
  const until = which === 'active' ? Number.MAX_SAFE_INTEGER : (header.activatedAt ?? 0);
  return { header, policies: bundle.policies, wasGoverned: governedUntil(database, until) };
}

function found(history: readonly BundleHeader[], active: BundleHeader | null, which: string): BundleHeader | null {
  const fits =
    which === 'previous'
      ? ({ id }: BundleHeader) => active !== null && id !== active.id
      : ({ revision }: BundleHeader) => revision === which;
  return history.find(fits) ?? null;
}

function governedUntil(database: Database, at: number): readonly Domain[] {
  const sql = 'SELECT domain FROM governed_domain WHERE since <= ? ORDER BY domain DESC';
  return prepared<[number], Domain>(database, sql).pluck().all(at);
}

function messageOf(bundle: ActiveBundle, { revision }: BundleHeader): string {
  return bundle.kind === 'damaged' ? bundle.message : `revision ${revision} is gone`;
}

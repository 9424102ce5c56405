import type { Database } from './database.ts';

/** What a search may ask for; a member that is left out asks for nothing. */
export interface LogFilter {
  readonly type?: string;
  readonly decision?: string;
  readonly code?: string;
  readonly action?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly policy?: string;
  readonly rule?: string;
  readonly revision?: string;
  readonly generation?: number;
  readonly uid?: number;
  /** Part of a host or a path. */
  readonly contains?: string;
}

/** A place in the order of a search: newest first, by time and then by id. */
export interface LogPlace {
  readonly at: number;
  readonly id: number;
}

export interface LogWindow {
  /** Only what stands behind this place in the order of the search, older that is. */
  readonly below: LogPlace;
  /** Not older than this, in milliseconds since the epoch. */
  readonly since: number;
  /** How many records may be looked at. */
  readonly size: number;
}

export interface FoundRow extends LogPlace {
  readonly text: string;
}

/** What was found in a window, and where the next one begins; null where there is none. */
export interface WindowResult {
  readonly rows: readonly FoundRow[];
  readonly next: LogPlace | null;
}

const EQUAL = [
  ...['type', 'decision', 'code', 'action', 'host', 'port', 'path'],
  ...['policy', 'rule', 'revision', 'generation', 'uid'],
] as const satisfies readonly string[] as readonly (keyof LogFilter)[];

const BELOW = 'at <= :at AND (at < :at OR id < :id)';

/**
 * Looks at one window of records, newest first. What matches nothing costs the same as what matches: the caller says
 * how much may be looked at, and goes on from `next` as long as it has time.
 */
export function searchWindow(database: Database, filter: LogFilter, window: LogWindow, limit: number): WindowResult {
  const { below, since, size } = window;
  const end = endOfWindow(database, window);
  const rows = database
    .prepare<[object], FoundRow>(
      `SELECT id, at, text FROM searchable
       WHERE ${BELOW} AND at >= :since AND (at > :endAt OR (at = :endAt AND id >= :endId)) AND ${condition(filter)}
       ORDER BY at DESC, id DESC LIMIT :limit`,
    )
    .all({ ...filter, ...below, since, endAt: end?.at ?? since, endId: end?.id ?? 0, size, limit });
  const last = rows.at(-1);
  if (rows.length === limit && last !== undefined) return { rows, next: { at: last.at, id: last.id } };
  return { rows, next: end };
}

/** One window of records as they are, newest first, whatever they are. */
export function readBack(database: Database, { below, since, size }: LogWindow): readonly FoundRow[] {
  return database
    .prepare<[object], FoundRow>(
      `SELECT id, at, text FROM record WHERE ${BELOW} AND at >= :since ORDER BY at DESC, id DESC LIMIT :size`,
    )
    .all({ ...below, since, size });
}

/** How many records there are in such a window, however large. */
export function countBack(database: Database, { below, since }: Omit<LogWindow, 'size'>): number {
  const sql = `SELECT count(*) FROM record WHERE ${BELOW} AND at >= :since`;
  return (
    database
      .prepare<[object], number>(sql)
      .pluck()
      .get({ ...below, since }) ?? 0
  );
}

/** The last place of a window that is full; null where the records end within it. */
function endOfWindow(database: Database, { below, since, size }: LogWindow): LogPlace | null {
  return (
    database
      .prepare<[object], LogPlace>(
        `SELECT id, at FROM record WHERE ${BELOW} AND at >= :since ORDER BY at DESC, id DESC LIMIT 1 OFFSET :size - 1`,
      )
      .get({ ...below, since, size }) ?? null
  );
}

/** Those behind a record, oldest first, as they were written: for whoever follows the log. */
export function searchAfter(
  database: Database,
  filter: LogFilter,
  after: number,
  { size, limit }: { readonly size: number; readonly limit: number },
): { readonly rows: readonly FoundRow[]; readonly last: number } {
  const rows = database
    .prepare<[object], FoundRow>(
      `SELECT id, at, text FROM searchable WHERE id > :after AND id <= :end AND ${condition(filter)} ORDER BY id LIMIT :limit`,
    )
    .all({ ...filter, after, end: after + size, limit });
  const last = rows.at(-1);
  return { rows, last: rows.length === limit && last !== undefined ? last.id : after + size };
}

/** A gap is shown whatever was asked for: without it a search would look complete that is not. */
function condition(filter: LogFilter): string {
  const wanted = EQUAL.filter((name) => filter[name] !== undefined).map((name) => `${name} = :${name}`);
  if (filter.contains !== undefined) wanted.push('(instr(host, :contains) > 0 OR instr(path, :contains) > 0)');
  if (wanted.length === 0) return 'TRUE';
  const all = wanted.join(' AND ');
  return filter.type === undefined ? `(type = 'gap' OR (${all}))` : all;
}

import type { Database } from '../store/database.ts';
import { type FoundRow, type LogPlace, searchAfter, searchWindow } from '../store/log-search.ts';
import { readChain } from '../store/log-store.ts';
import { hexOf } from './hash-chain.ts';
import { type LogQuery, placeText } from './log-query.ts';

/** How many records are looked at at a time; some 30 ms where all of them are judged. */
const WINDOW = 4_096;
/** Decisions wait while the writer searches; then whoever asked comes again with `next`. */
const PATIENCE_MS = 100;
/** So many records at a time until an answer is long enough: one is at most 16 KB, and the answer has a thread to cross. */
const PORTION = 100;
const MAX_ANSWER_CHARACTERS = 1024 * 1024;
/** Behind every record there can be. */
const NEWEST_ID = Number.MAX_SAFE_INTEGER;

interface Place {
  readonly file: string;
  /** `performance.now()` */
  readonly clock: () => number;
}

/** The answer to a query as JSON text; records stand in it byte for byte as they were hashed. */
export function answerQuery(database: Database, query: LogQuery, { file, clock }: Place): string {
  const { head } = readChain(database);
  const found =
    query.after === null ? searchBack(database, query, clock) : searchOn(database, query, query.after, head.id);
  const records = found.rows.map(({ text }) => text);
  const rest = JSON.stringify({ ...found.on, head: { id: head.id, hash: hexOf(head.hash) }, file });
  return `{"records":[${records.join(',')}],${rest.slice(1)}`;
}

interface Found {
  readonly rows: readonly FoundRow[];
  readonly on: { readonly next: string | null } | { readonly last: number };
}

function searchBack(database: Database, { filter, since, until, before, limit }: LogQuery, clock: () => number): Found {
  const rows: FoundRow[] = [];
  const end = clock() + PATIENCE_MS;
  let characters = 0;
  let below: LogPlace | null = before !== null && before.at <= until ? before : { at: until, id: NEWEST_ID };
  while (below !== null && rows.length < limit && characters < MAX_ANSWER_CHARACTERS && clock() < end) {
    const portion = Math.min(limit - rows.length, PORTION);
    const result = searchWindow(database, filter, { below, since, size: WINDOW }, portion);
    rows.push(...result.rows);
    characters += result.rows.reduce((sum, { text }) => sum + text.length, 0);
    below = result.next;
  }
  return { rows, on: { next: below === null ? null : placeText(below) } };
}

function searchOn(database: Database, { filter, limit }: LogQuery, after: number, head: number): Found {
  const { rows, last } = searchAfter(database, filter, after, { size: WINDOW, limit });
  return { rows, on: { last: Math.min(last, Math.max(after, head)) } };
}

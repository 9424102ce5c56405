import type { Database } from '../store/database.ts';
import { type Chain, firstNotOlder, readChain, removeUpTo, usedBytes } from '../store/log-store.ts';

/** How much of the past is kept; the first bound that is reached counts. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

const DAY_MS = 86_400_000;

/**
 * A month, because an incident is rarely looked into later; ten million, a month of four decisions a second; 4 GiB,
 * what journald takes at most by itself: a record is 0.6 to 1 KB, so a busy machine meets this bound first.
 */
export const DEFAULT_RETENTION: Retention = {
  maxAgeMs: 30 * DAY_MS,
  maxRecords: 10_000_000,
  maxBytes: 4 * 1024 ** 3,
};

/** More than a page holds, so that taking away keeps pace with writing; 20 to 40 ms of the writer's time. */
const STEP = 8_192;

/** Takes away what is beyond the bounds, one step of it; whether there is more. */
export function pruneStep(database: Database, retention: Retention, now: number): boolean {
  const chain = readChain(database);
  const upTo = Math.max(surplusEnd(database, retention, chain), expiredEnd(database, retention, chain, now));
  if (upTo <= chain.anchor.id) return false;
  removeUpTo(database, upTo);
  return upTo - chain.anchor.id >= STEP;
}

function surplusEnd(database: Database, { maxRecords, maxBytes }: Retention, { anchor, head }: Chain): number {
  const records = head.id - anchor.id;
  // by the mean length: exact enough for a bound, and the next step measures again
  const bytes = usedBytes(database);
  const byBytes = bytes > maxBytes ? Math.ceil((records * (bytes - maxBytes)) / bytes) : 0;
  // the newest record always stays
  return anchor.id + Math.min(Math.max(records - maxRecords, byBytes), STEP, Math.max(0, records - 1));
}

/** Up to the first record that is young enough: the chain can only lose its beginning. */
function expiredEnd(database: Database, { maxAgeMs }: Retention, { anchor, head }: Chain, now: number): number {
  const end = Math.min(anchor.id + STEP, head.id - 1);
  const young = firstNotOlder(database, end, now - maxAgeMs);
  return young === null ? end : young - 1;
}

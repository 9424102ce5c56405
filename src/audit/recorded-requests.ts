import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import type { Database } from '../store/database.ts';
import { countBack, type FoundRow, type LogPlace, readBack } from '../store/log-search.ts';

/** A question that was asked, and can be asked again. */
export interface RecordedRequest {
  /** As the evaluator saw it. */
  readonly request: RuleFields;
  /** Who asked; null = not known. */
  readonly uid: number | null;
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
}

/** What the log holds of a time, and what it does not. */
export interface RecordedRequests {
  /** The newest first; equal ones are one. */
  readonly requests: readonly RecordedRequest[];
  /** Decisions that these stand for. */
  readonly decisions: number;
  /** Decisions that cannot be asked again: they held no request, or a path that could not be resolved. */
  readonly unusable: number;
  /** Decisions of other requests than the first so many, and records that were not looked at. */
  readonly leftOut: number;
  /** Decisions that the log does not hold: its gaps. */
  readonly notKept: number;
}

export interface RecordedWindow {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** How many different requests, at most. */
  readonly limit: number;
  /** How many records are looked at, at most. */
  readonly records?: number;
}

/** So many records at a time: a reading never keeps the daemon from reusing the file's pages. */
const STEP = 5_000;
/** Some ten seconds of reading. */
const MOST_RECORDS = 1_000_000;
const NEWEST: LogPlace = { at: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER };

/** The requests that the newest decisions were about, each once. */
export function recordedRequests(database: Database, window: RecordedWindow): RecordedRequests {
  const { since, limit, records = MOST_RECORDS } = window;
  const tally = new Tally(limit);
  let below = NEWEST;
  for (let looked = 0; ; ) {
    const size = Math.min(STEP, records - looked);
    const rows = size === 0 ? [] : readBack(database, { below, since, size });
    for (const row of rows) tally.add(row);
    looked += rows.length;
    below = rows.at(-1) ?? below;
    if (rows.length < STEP) break;
  }
  return tally.result(countBack(database, { below, since }));
}

interface Counted {
  readonly request: RuleFields;
  readonly uid: number | null;
  readonly lastAt: number;
  count: number;
}

class Tally {
  readonly #limit: number;
  readonly #requests = new Map<string, Counted>();
  #decisions = 0;
  #unusable = 0;
  #leftOut = 0;
  #notKept = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add({ at, text }: FoundRow): void {
    const record = recordIn(text);
    if (record?.['type'] === 'gap') this.#notKept += countIn(record['dropped']) + countIn(record['lost']);
    if (record?.['type'] !== 'decision') return;
    const { request, peer } = record;
    if (!isObject(request) || !canBeAskedAgain(request)) {
      this.#unusable += 1;
      return;
    }
    const uid = isObject(peer) && typeof peer['uid'] === 'number' ? peer['uid'] : null;
    this.#count(request, uid, at);
  }

  result(notLookedAt: number): RecordedRequests {
    return {
      requests: [...this.#requests.values()],
      decisions: this.#decisions,
      unusable: this.#unusable,
      leftOut: this.#leftOut + notLookedAt,
      notKept: this.#notKept,
    };
  }

  #count(request: RuleFields, uid: number | null, at: number): void {
    // the members of a record always stand in the same order
    const key = JSON.stringify([uid, request]);
    const known = this.#requests.get(key);
    if (known === undefined && this.#requests.size >= this.#limit) {
      this.#leftOut += 1;
      return;
    }
    this.#decisions += 1;
    if (known === undefined) this.#requests.set(key, { request, uid, lastAt: at, count: 1 });
    else known.count += 1;
  }
}

/** Where a path led is part of the question, and nobody knows any more where it led then. */
function canBeAskedAgain({ path, real }: RuleFields): boolean {
  return path === undefined || typeof real === 'string';
}

function recordIn(text: string): RuleFields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function countIn(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

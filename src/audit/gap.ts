import type { Entry } from './record-text.ts';
import { timeText } from './record-text.ts';

/** Decisions that the log does not hold, between two that it does. */
export interface Gap {
  /** There was no room for them. */
  readonly dropped: number;
  /** How many of those were denials. */
  readonly droppedDenials: number;
  /** They were handed to the writer and could not be written, or perhaps were: it ended before it said. */
  readonly lost: number;
  /** Events that had no room. */
  readonly events: number;
  readonly since: number;
  readonly until: number;
  /** Who asked what was dropped; null = not known. */
  readonly uids: ReadonlyMap<number | null, number>;
}

/** What a page holds beside its memory: how many decisions, the gap that it carries, events. */
export interface PageLoad {
  readonly count: number;
  readonly gap: Gap | null;
  readonly events: readonly Entry[];
}

export const NOTHING: PageLoad = { count: 0, gap: null, events: [] };

/** A page on its way to the writer. */
export interface FullPage extends PageLoad {
  readonly memory: ArrayBuffer;
}

/** More callers than this are counted together. */
const MAX_UIDS = 16;

/** Counts what will not be in the log until the next page takes the count along. */
export class GapCounter {
  #dropped = 0;
  #droppedDenials = 0;
  #lost = 0;
  #events = 0;
  #since = 0;
  #until = 0;
  #uids = new Map<number | null, number>();

  get empty(): boolean {
    return this.#dropped === 0 && this.#lost === 0 && this.#events === 0;
  }

  drop(at: number, uid: number | null, denial: boolean): void {
    this.#span(at, at);
    this.#dropped += 1;
    if (denial) this.#droppedDenials += 1;
    this.#count(uid, 1);
  }

  dropEvents(at: number, count: number): void {
    if (count === 0) return;
    this.#span(at, at);
    this.#events += count;
  }

  /** What a page held that will not be written, and the gap that it carried. */
  lose(count: number, at: number, carried: Gap | null): void {
    if (count > 0) this.#span(at, at);
    this.#lost += count;
    if (carried === null) return;
    this.#span(carried.since, carried.until);
    this.#dropped += carried.dropped;
    this.#droppedDenials += carried.droppedDenials;
    this.#lost += carried.lost;
    this.#events += carried.events;
    for (const [uid, dropped] of carried.uids) this.#count(uid, dropped);
  }

  /** The gap so far, or null; counting begins anew. */
  take(): Gap | null {
    if (this.empty) return null;
    const gap: Gap = {
      dropped: this.#dropped,
      droppedDenials: this.#droppedDenials,
      lost: this.#lost,
      events: this.#events,
      since: this.#since,
      until: this.#until,
      uids: this.#uids,
    };
    this.#dropped = 0;
    this.#droppedDenials = 0;
    this.#lost = 0;
    this.#events = 0;
    this.#uids = new Map();
    return gap;
  }

  #span(since: number, until: number): void {
    this.#since = this.empty ? since : Math.min(this.#since, since);
    this.#until = this.empty ? until : Math.max(this.#until, until);
  }

  #count(uid: number | null, dropped: number): void {
    const counted = this.#uids.get(uid);
    if (counted === undefined && this.#uids.size >= MAX_UIDS) return;
    this.#uids.set(uid, (counted ?? 0) + dropped);
  }
}

/** The record of a gap. It carries the policy of the decision before it, as every record does. */
export function gapEntry(gap: Gap, at: number, policy: Readonly<Record<string, unknown>>): Entry {
  const { dropped, droppedDenials, lost, events, since, until, uids } = gap;
  return {
    at,
    fields: {
      type: 'gap',
      dropped,
      dropped_denials: droppedDenials,
      lost,
      dropped_events: events,
      since: timeText(since),
      until: timeText(until),
      dropped_by: [...uids].map(([uid, count]) => ({ uid, count })),
      ...policy,
    },
  };
}

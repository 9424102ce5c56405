import { decisionEntry } from './decision-fields.ts';
import { readPage } from './decision-page.ts';
import { gapEntry, type PageLoad } from './gap.ts';
import type { Entry } from './record-text.ts';

export interface PageToWrite extends PageLoad {
  readonly page: ArrayBuffer;
  readonly at: number;
}

/** Revision and generation: every record carries both (semantics, 1). */
export type RecordPolicy = Readonly<Record<string, unknown>>;

/** What a page turns into: its decisions with its events between them, as they happened, and its gap behind. */
export class PageEntries {
  readonly #page: PageToWrite;
  /** How many of the decisions were answers. */
  written = 0;
  /** Of the last record. */
  policy: RecordPolicy;

  constructor(page: PageToWrite, policy: RecordPolicy) {
    this.#page = page;
    this.policy = policy;
  }

  /** When the first of them happened: the log is opened for it, not for the moment at which it was handed over. */
  get firstAt(): number {
    const { page, count, events, at } = this.#page;
    const times = [...readPage(page, Math.min(count, 1)), ...events.slice(0, 1)].map((item) => item.at);
    return times.length === 0 ? at : Math.min(...times);
  }

  *read(): Generator<Entry> {
    const { page, count, events, gap, at } = this.#page;
    const waiting = [...events];
    for (const decision of readPage(page, count)) {
      yield* this.#eventsUntil(decision.at, waiting);
      const entry = decisionEntry(decision);
      if (entry === null) continue;
      this.written += 1;
      yield this.#passed(entry);
    }
    yield* this.#eventsUntil(Number.POSITIVE_INFINITY, waiting);
    if (gap !== null) yield gapEntry(gap, at, this.policy);
  }

  *#eventsUntil(at: number, waiting: Entry[]): Generator<Entry> {
    for (let [next] = waiting; next !== undefined && next.at <= at; [next] = waiting) {
      waiting.shift();
      yield this.#passed(next);
    }
  }

  #passed(entry: Entry): Entry {
    const { revision, generation } = entry.fields;
    this.policy = { revision, generation };
    return entry;
  }
}

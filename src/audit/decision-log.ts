import { type Clock, systemClock } from '../base/clock.ts';
import { Change } from './change.ts';
import { type AskingPeer, DecisionPage, PAGE_BYTES, type PagedDecision } from './decision-page.ts';
import type { LoggedEvent, ServingPolicy } from './event-fields.ts';
import { EventQueue } from './event-queue.ts';
import { type FullPage, GapCounter } from './gap.ts';
import { type DeliveryState, LogDelivery } from './log-delivery.ts';
import type { LogQuery, LogQueryAnswer } from './log-query.ts';
import { WRITER_ENTRY } from './log-thread.ts';
import { labelsText } from './request-labels.ts';
import { DEFAULT_RETENTION, type Retention } from './retention.ts';

export interface DecisionLogOptions {
  /** log.db; its directory must exist. */
  readonly path: string;
  readonly retention?: Retention;
  readonly clock?: Clock;
  /** What serves at the moment; every event carries it. */
  readonly serving?: () => ServingPolicy;
  /** Writing fails (told once), or a damaged log was replaced; null: it works again. */
  readonly onTrouble?: (message: string | null) => void;
  /** The shortest time between two pages. */
  readonly batchMs?: number;
  /** How long closing may take. */
  readonly closeMs?: number;
  /** What the thread runs; a test hands in one that hangs. */
  readonly entry?: URL;
}

/** What `status` shows of it. */
export interface DecisionLogState extends Omit<DeliveryState, 'underway'> {
  /** Decisions that left the daemon. */
  readonly recorded: number;
  /** There was no room for them. */
  readonly dropped: number;
  /** Not written yet. */
  readonly queued: number;
}

export interface DecisionLog {
  /**
   * Keeps a decision that has been made. Copies it into memory; never waits, never throws. `request` is the question as
   * it came, or null: its labels are kept, nothing else of it is read. `answer` is JSON that begins with the decision.
   */
  record(peer: AskingPeer, request: Readonly<Record<string, unknown>> | null, answer: string): void;
  /**
   * Keeps something that happened; false where there is no room for it. As quick as `record`, and more patient: an event
   * waits for the disk as long as it takes.
   */
  note(event: LoggedEvent): boolean;
  /** Whether all that was noted so far is in the log, once it is or `ms` have passed. Never rejects. */
  noted(ms: number): Promise<boolean>;
  /** Sees what was recorded before, unless the disk holds it up. Never rejects. */
  query(query: LogQuery): Promise<LogQueryAnswer>;
  state(): DecisionLogState;
  /** Other bounds count from here on. */
  retain(retention: Retention): void;
  /** A thread that hangs in a system call: while there is one, the process can end only by SIGKILL to itself. */
  lostThreads(): number;
  /** Writes what is there, in bounded time. Idempotent. */
  close(): Promise<void>;
}

const BATCH_MS = 250;
const CLOSE_MS = 2_000;
/** How long a search waits for a page on its way, so that the one behind it can go first. */
const PAGE_BACK_MS = 1_000;
const DENIAL = '{"decision":"deny"';

/** Starts no thread and opens no file: the first decision does, or the first event. */
export function startDecisionLog(options: DecisionLogOptions): DecisionLog {
  return new PagedDecisionLog(options);
}

/** Two pages: one is filled while the writer has the other. Back-pressure is a full page, and a full page drops. */
class PagedDecisionLog implements DecisionLog {
  readonly #clock: Clock;
  readonly #batchMs: number;
  readonly #closeMs: number;
  readonly #delivery: LogDelivery;
  readonly #gap = new GapCounter();
  readonly #events: EventQueue;
  readonly #pageBack = new Change();
  #page = new DecisionPage();
  #spare: ArrayBuffer = new ArrayBuffer(PAGE_BYTES);
  #scheduled = false;
  #recorded = 0;
  #dropped = 0;
  #closing: Promise<void> | null = null;

  constructor(options: DecisionLogOptions) {
    const { path, retention = DEFAULT_RETENTION, clock = systemClock, entry = WRITER_ENTRY } = options;
    this.#clock = clock;
    const onDropped = (count: number): void => this.#gap.dropEvents(clock.now(), count);
    this.#events = new EventQueue({ clock, serving: options.serving, onDropped });
    this.#batchMs = options.batchMs ?? BATCH_MS;
    this.#closeMs = options.closeMs ?? CLOSE_MS;
    this.#delivery = new LogDelivery({
      start: { path, retention },
      clock,
      entry,
      onTrouble: options.onTrouble ?? (() => undefined),
      onLost: ({ count, gap, events }) => {
        this.#gap.lose(count, clock.now(), gap);
        this.#events.giveBack(events);
      },
      onNoted: (count) => this.#events.written(count),
      onFree: (memory) => {
        this.#spare = memory;
        this.#pageBack.happened();
        if (this.#page.count > 0 || !this.#gap.empty || !this.#events.empty) this.#schedule();
      },
    });
  }

  record(peer: AskingPeer, request: Readonly<Record<string, unknown>> | null, answer: string): void {
    const at = this.#clock.now();
    this.#recorded += 1;
    const labels = request === null ? '' : labelsText(request);
    const length = answer.length + labels.length;
    if (this.#page.hasRoom(length, false)) this.#page.add(at, peer, answer, labels);
    else this.#recordInTightPage({ at, peer, answer, labels });
    if (!this.#scheduled) this.#schedule();
  }

  note(event: LoggedEvent): boolean {
    const added = this.#events.add(event);
    this.#schedule();
    return added;
  }

  noted(ms: number): Promise<boolean> {
    this.#handOver();
    return this.#events.settled(ms);
  }

  async query(query: LogQuery): Promise<LogQueryAnswer> {
    if (this.#delivery.busy) await this.#pageBack.within(performance.now() + PAGE_BACK_MS);
    this.#handOver();
    return this.#delivery.ask(query);
  }

  state(): DecisionLogState {
    const { underway, ...delivered } = this.#delivery.state();
    return {
      recorded: this.#recorded,
      dropped: this.#dropped,
      queued: this.#page.count + underway,
      ...delivered,
    };
  }

  retain(retention: Retention): void {
    this.#delivery.retain(retention);
  }

  lostThreads(): number {
    return this.#delivery.ending;
  }

  close(): Promise<void> {
    this.#closing ??= this.#delivery.close(this.#closeMs, () => this.#takePage());
    return this.#closing;
  }

  #recordInTightPage({ at, peer, answer, labels }: PagedDecision): void {
    const denial = answer.startsWith(DENIAL);
    if (denial && this.#page.hasRoom(answer.length + labels.length, true)) {
      this.#page.add(at, peer, answer, labels);
      return;
    }
    this.#dropped += 1;
    this.#gap.drop(at, peer.uid, denial);
  }

  #schedule(): void {
    if (this.#scheduled || this.#closing !== null) return;
    this.#scheduled = true;
    this.#clock.after(this.#batchMs, () => {
      this.#scheduled = false;
      this.#handOver();
    });
  }

  /** While a page is out nothing happens: its return schedules the next one. */
  #handOver(): void {
    if (this.#delivery.busy || this.#closing !== null) return;
    const page = this.#takePage();
    if (page !== null) this.#delivery.send(page);
  }

  #takePage(): FullPage | null {
    const { count, memory } = this.#page;
    if (count === 0 && this.#gap.empty && this.#events.empty) return null;
    this.#page = new DecisionPage(this.#spare);
    return { memory, count, gap: this.#gap.take(), events: this.#events.take() };
  }
}

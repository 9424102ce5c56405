import type { Clock } from '../base/clock.ts';
import { AwaitedCount } from './awaited-count.ts';
import { eventEntry, type LoggedEvent, type ServingPolicy } from './event-fields.ts';
import type { Entry } from './record-text.ts';

/** Far more than happens within the quarter of a minute for which a page is tried. */
const MAX_EVENTS = 128;

/** Before anything serves. */
const NOTHING_SERVES: ServingPolicy = { revision: 'none', generation: 0 };

export interface EventQueueOptions {
  readonly clock: Clock;
  /** What serves at the moment; every event carries it. */
  readonly serving: (() => ServingPolicy) | undefined;
  /** There was no room for so many. */
  readonly onDropped: (count: number) => void;
}

/** Events that wait for a page. */
export class EventQueue {
  readonly #options: EventQueueOptions;
  readonly #awaited = new AwaitedCount();
  #waiting: readonly Entry[] = [];

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether there was room. */
  add(event: LoggedEvent): boolean {
    const { clock, serving, onDropped } = this.#options;
    if (this.#waiting.length >= MAX_EVENTS) {
      onDropped(1);
      return false;
    }
    this.#awaited.expect();
    this.#waiting = [...this.#waiting, eventEntry(event, clock.now(), serving?.() ?? NOTHING_SERVES)];
    return true;
  }

  take(): readonly Entry[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Those of a page that was not written go first again. */
  giveBack(events: readonly Entry[]): void {
    const all = [...events, ...this.#waiting];
    this.#waiting = all.slice(0, MAX_EVENTS);
    const left = all.length - this.#waiting.length;
    this.#options.onDropped(left);
    this.#awaited.lost(left);
  }

  written(count: number): void {
    this.#awaited.arrived(count);
  }

  /** Whether all that were added so far are in the log, once they are or `ms` have passed. */
  settled(ms: number): Promise<boolean> {
    return this.#awaited.within(ms);
  }
}

import type { BatchWork, ToldItem } from '../pdp/decision-point.ts';
import type { HttpReply, ReplyWork } from './http-reply.ts';

/** Looking at the clock costs about as much as reading an item. */
const ITEMS_BETWEEN_CLOCK_READINGS = 4;

/** What is done with a batch, in this order. */
export interface BatchSteps<Raw, Item> {
  readonly values: readonly Raw[];
  readonly read: (value: Raw) => Item;
  /** Nothing is read behind the first item for which it holds. */
  readonly isLast: (item: Item) => boolean;
  readonly ask: (items: readonly Item[]) => BatchWork;
  readonly render: (items: readonly Item[], told: readonly ToldItem[]) => HttpReply;
}

/**
 * Answers a batch bit by bit: a thousand questions take milliseconds, for which nobody else would be answered. Each bit is
 * a turn of its connection, and charged to its caller like any other.
 */
export class BatchReply<Raw, Item> implements ReplyWork {
  readonly #steps: BatchSteps<Raw, Item>;
  readonly #items: Item[] = [];
  #work: BatchWork | null = null;

  constructor(steps: BatchSteps<Raw, Item>) {
    this.#steps = steps;
  }

  advance(until: number): HttpReply | Promise<unknown> | null {
    if (this.#work === null) {
      if (!this.#readOn(until)) return null;
      this.#work = this.#steps.ask(this.#items);
    }
    const told = this.#work.advance(until);
    return told === null || told instanceof Promise ? told : this.#steps.render(this.#items, told);
  }

  /** False when time is up before all is read. */
  #readOn(until: number): boolean {
    const { values, read, isLast } = this.#steps;
    for (const value of values.slice(this.#items.length)) {
      const item = read(value);
      this.#items.push(item);
      if (isLast(item)) return true;
      const looks = this.#items.length % ITEMS_BETWEEN_CLOCK_READINGS === 0;
      if (looks && performance.now() >= until) return this.#items.length === values.length;
    }
    return true;
  }
}

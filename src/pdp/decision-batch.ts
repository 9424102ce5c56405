import { errorAnswer } from '../policy/answer.ts';
import { decideText } from '../policy/decide.ts';
import type { Request } from '../policy/request.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import type { DecisionMeter } from './decision-meter.ts';
import { type NotARequest, notReady, overloaded, type Peer, type ToldItem } from './reply.ts';
import { asking, findHomes, isSettled, type Settled, type SettleParts, settleInBatch } from './settle.ts';
import type { SnapshotHolder } from './snapshot-holder.ts';

/** The labels of a question: members of a request that are recorded and never decide (semantics, 2). */
export type Labelled = Readonly<Record<string, unknown>>;

export interface AskedRequest {
  readonly request: Request;
  /** What it came with, for the log; null = no labels. */
  readonly labels: Labelled | null;
}

export type AskedItem = ({ readonly kind: 'request' } & AskedRequest) | NotARequest;

/** What answers are made with. */
export interface DecisionPointParts extends SettleParts {
  readonly holder: Pick<SnapshotHolder, 'current'>;
  /** Counts decisions, and how long they took. */
  readonly meter?: DecisionMeter;
  /** Told of every decision, as JSON, with what asked for it; must be quick and never throw. */
  readonly record?: (peer: Peer, asked: Labelled | null, answer: string) => void;
}

export interface Batch {
  readonly items: readonly AskedItem[];
  readonly peer: Peer;
  readonly deadline: number;
  /** Nothing is asked behind the first item for which it holds. */
  readonly stop: (told: ToldItem) => boolean;
}

/** A batch on its way, bit by bit, so that others get their turns in between. */
export interface BatchWork {
  /**
   * Works until about `until` (`performance.now()`): all that was told; or a promise, where nothing can be done before it
   * resolves; or null, where there is more to do at once.
   */
  advance(until: number): readonly ToldItem[] | Promise<unknown> | null;
}

/** Looking at the clock costs about as much as a tenth of a decision. */
const ITEMS_BETWEEN_CLOCK_READINGS = 4;

/**
 * One `current()` for the whole batch, taken when all homes are known: a swap in the middle cannot mix generations. Paths
 * are looked up one after the other, so that a batch never fills the resolver's queue.
 */
export class DecisionBatch implements BatchWork {
  readonly #parts: DecisionPointParts;
  readonly #batch: Batch;
  readonly #told: ToldItem[] = [];
  /** undefined = not taken yet. */
  #snapshot: Snapshot | null | undefined;
  /** Of the item that comes next, where its path had to be looked up. */
  #settled: Settled | null = null;
  #since = 0;
  #stopped = false;

  constructor(parts: DecisionPointParts, batch: Batch) {
    this.#parts = parts;
    this.#batch = batch;
  }

  advance(until: number): readonly ToldItem[] | Promise<unknown> | null {
    const { items, stop } = this.#batch;
    if (this.#snapshot === undefined) {
      const homes = this.#missingHomes();
      if (homes !== null) return homes;
    }
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      const settled = this.#settle(item);
      if (settled instanceof Promise) return settled;
      const one = this.#tell(item, settled);
      this.#told.push(one);
      this.#stopped = stop(one);
      const count = this.#told.length;
      const looks = count % ITEMS_BETWEEN_CLOCK_READINGS === 0;
      if (looks && count < items.length && performance.now() >= until) return null;
    }
    return this.#told;
  }

  #next(): AskedItem | undefined {
    return this.#stopped ? undefined : this.#batch.items[this.#told.length];
  }

  /** Takes the snapshot, unless some home has to be waited for first. */
  #missingHomes(): Promise<unknown> | null {
    const { items, peer } = this.#batch;
    const requests = items.flatMap((item) => (item.kind === 'request' ? [item.request] : []));
    if (requests.every((request) => isSettled(this.#parts, request, peer))) {
      this.#snapshot = this.#parts.holder.current();
      return null;
    }
    return findHomes(this.#parts, requests, peer).then(() => {
      this.#snapshot = this.#parts.holder.current();
    });
  }

  #settle(item: AskedItem): AskedItem | Settled | Promise<unknown> {
    if (item.kind === 'not_a_request' || this.#snapshot === null) return item;
    const settled = this.#settled;
    if (settled !== null) {
      this.#settled = null;
      return settled;
    }
    this.#since = performance.now();
    const found = settleInBatch(this.#parts, item.request, this.#batch.peer, this.#batch.deadline);
    if (!(found instanceof Promise)) return found;
    return found.then((later) => {
      this.#settled = later;
    });
  }

  #tell(item: AskedItem, settled: AskedItem | Settled): ToldItem {
    const snapshot = this.#snapshot ?? null;
    if (snapshot === null) return notReady();
    return tellItem(this.#parts, { snapshot, batch: this.#batch, item, settled, since: this.#since });
  }
}

interface Judging {
  readonly snapshot: Snapshot;
  readonly batch: Batch;
  readonly item: AskedItem;
  /** What became of the item before it is judged. */
  readonly settled: AskedItem | Settled;
  /** When that began. */
  readonly since: number;
}

/** In a batch every item has its own decision: what could not be settled is a denial of the same generation. */
function tellItem(parts: DecisionPointParts, { snapshot, batch, item, settled, since }: Judging): ToldItem {
  if (item.kind === 'not_a_request') return item;
  if (settled.kind === 'not_a_request') return settled;
  const { peer, deadline } = batch;
  const timely = performance.now() <= deadline ? settled : overloaded();
  const text = itemText(parts, { snapshot, peer, request: item.request, timely });
  parts.meter?.took(performance.now() - since);
  parts.record?.(peer, item.labels, text);
  return text;
}

interface TimelyItem {
  readonly snapshot: Snapshot;
  readonly peer: Peer;
  /** As it was asked. */
  readonly request: Request;
  readonly timely: Exclude<AskedItem, NotARequest> | Settled;
}

function itemText({ meter }: DecisionPointParts, { snapshot, peer, request, timely }: TimelyItem): string {
  if (timely.kind !== 'unavailable') return decideText(snapshot, timely.request, asking(peer), meter);
  meter?.decided(request.kind, timely.code, null, false);
  return JSON.stringify(errorAnswer(snapshot, timely.code, timely.message));
}

import { errorAnswer } from '../policy/answer.ts';
import { decideText } from '../policy/decide.ts';
import type { Request } from '../policy/request.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import type { DecisionMeter } from './decision-meter.ts';
import { type NotARequest, notReady, overloaded, type Peer, type ToldItem } from './reply.ts';
import { asking, findHomes, type Settled, type SettleParts, settleInBatch } from './settle.ts';
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

/** One `current()` for the whole batch: a swap in the middle cannot mix generations. */
export function tellAtOnce(parts: DecisionPointParts, batch: Batch): readonly ToldItem[] {
  const snapshot = parts.holder.current();
  const told: ToldItem[] = [];
  for (const item of batch.items) {
    const one = snapshot === null ? notReady() : tellItem(parts, { snapshot, batch, item, settled: item });
    told.push(one);
    if (batch.stop(one)) break;
  }
  return told;
}

/** The same where paths have to be resolved: one after the other, so that a batch never fills the resolver's queue. */
export async function tellInTurn(parts: DecisionPointParts, batch: Batch): Promise<readonly ToldItem[]> {
  const { items, peer, deadline } = batch;
  const requests = items.flatMap((item) => (item.kind === 'request' ? [item.request] : []));
  await findHomes(parts, requests, peer);
  const snapshot = parts.holder.current();
  if (snapshot === null) return tellAtOnce(parts, batch);
  const told: ToldItem[] = [];
  for (const item of items) {
    const since = performance.now();
    const settled = item.kind === 'request' ? await settleInBatch(parts, item.request, peer, deadline) : item;
    const one = tellItem(parts, { snapshot, batch, item, settled, since });
    told.push(one);
    if (batch.stop(one)) break;
  }
  return told;
}

interface Judging {
  readonly snapshot: Snapshot;
  readonly batch: Batch;
  readonly item: AskedItem;
  /** What became of the item before it is judged. */
  readonly settled: AskedItem | Settled;
  /** When that began; absent = it is there already. */
  readonly since?: number;
}

/** In a batch every item has its own decision: what could not be settled is a denial of the same generation. */
function tellItem(parts: DecisionPointParts, { snapshot, batch, item, settled, since }: Judging): ToldItem {
  if (item.kind === 'not_a_request') return item;
  if (settled.kind === 'not_a_request') return settled;
  const { peer, deadline } = batch;
  const now = performance.now();
  const text = itemText(parts, {
    snapshot,
    peer,
    request: item.request,
    timely: now <= deadline ? settled : overloaded(),
  });
  parts.meter?.took(performance.now() - (since ?? now));
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

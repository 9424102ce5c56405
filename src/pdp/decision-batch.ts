import { errorAnswer } from '../policy/answer.ts';
import { decide } from '../policy/decide.ts';
import type { RequestReading } from '../policy/request.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import { notReady, overloaded, type Peer, type Reply } from './reply.ts';
import { asking, findHomes, type Settled, type SettleParts, settleInBatch } from './settle.ts';
import type { SnapshotHolder } from './snapshot-holder.ts';

/** The labels of a question: members of a request that are recorded and never decide (semantics, 2). */
export type Labelled = Readonly<Record<string, unknown>>;

/** What answers are made with. */
export interface DecisionPointParts extends SettleParts {
  readonly holder: Pick<SnapshotHolder, 'current'>;
  /** Told of every decision, as JSON, with what asked for it; must be quick and never throw. */
  readonly record?: (peer: Peer, asked: Labelled | null, answer: string) => void;
}

export interface Batch {
  readonly values: readonly unknown[];
  /** By value. */
  readonly readings: readonly RequestReading[];
  readonly peer: Peer;
  readonly deadline: number;
  /** Nothing is asked behind the first reply for which it holds. */
  readonly stop: (reply: Reply) => boolean;
}

/** One `current()` for the whole batch: a swap in the middle cannot mix generations. */
export function answerAtOnce(parts: DecisionPointParts, batch: Batch): readonly Reply[] {
  const snapshot = parts.holder.current();
  const replies: Reply[] = [];
  for (const [index, reading] of batch.readings.entries()) {
    const reply = snapshot === null ? notReady() : replyTo(snapshot, reading, batch);
    recordReply(parts, batch, index, reply);
    replies.push(reply);
    if (batch.stop(reply)) break;
  }
  return replies;
}

/** The same where paths have to be resolved: one after the other, so that a batch never fills the resolver's queue. */
export async function answerInTurn(parts: DecisionPointParts, batch: Batch): Promise<readonly Reply[]> {
  const { readings, peer, deadline } = batch;
  const requests = readings.flatMap((reading) => (reading.kind === 'request' ? [reading.request] : []));
  await findHomes(parts, requests, peer);
  const snapshot = parts.holder.current();
  if (snapshot === null) return answerAtOnce(parts, batch);
  const replies: Reply[] = [];
  for (const [index, reading] of readings.entries()) {
    const settled = reading.kind === 'request' ? await settleInBatch(parts, reading.request, peer, deadline) : reading;
    const reply = replyTo(snapshot, settled, batch);
    recordReply(parts, batch, index, reply);
    replies.push(reply);
    if (batch.stop(reply)) break;
  }
  return replies;
}

function recordReply({ record }: DecisionPointParts, { values, peer }: Batch, index: number, reply: Reply): void {
  if (reply.kind === 'answer') record?.(peer, values[index] as Labelled, JSON.stringify(reply.answer));
}

/** In a batch every item has its own decision: what could not be settled is a denial of the same generation. */
function replyTo(snapshot: Snapshot, item: RequestReading | Settled, { peer, deadline }: Batch): Reply {
  if (item.kind === 'not_a_request') return item;
  const timely = performance.now() <= deadline ? item : overloaded();
  const answer =
    timely.kind === 'unavailable'
      ? errorAnswer(snapshot, timely.code, timely.message)
      : decide(snapshot, timely.request, asking(peer));
  return { kind: 'answer', answer };
}

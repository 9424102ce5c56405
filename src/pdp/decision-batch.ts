import { errorAnswer } from '../policy/answer.ts';
import { decide } from '../policy/decide.ts';
import type { RequestReading } from '../policy/request.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import { notReady, overloaded, type Peer, type Reply } from './reply.ts';
import { asking, findHomes, type Settled, type SettleParts, settleInBatch } from './settle.ts';
import type { SnapshotHolder } from './snapshot-holder.ts';

/** What answers are made with. */
export interface DecisionPointParts extends SettleParts {
  readonly holder: Pick<SnapshotHolder, 'current'>;
}

export interface Batch {
  readonly readings: readonly RequestReading[];
  readonly peer: Peer;
  readonly deadline: number;
  /** Nothing is asked behind the first reply for which it holds. */
  readonly stop: (reply: Reply) => boolean;
}

/** One `current()` for the whole batch: a swap in the middle cannot mix generations. */
export function answerAtOnce(parts: DecisionPointParts, { readings, peer, deadline, stop }: Batch): readonly Reply[] {
  const snapshot = parts.holder.current();
  const replies: Reply[] = [];
  for (const reading of readings) {
    const reply = snapshot === null ? notReady() : replyTo(snapshot, reading, peer, deadline);
    replies.push(reply);
    if (stop(reply)) break;
  }
  return replies;
}

/** The same where paths have to be resolved: one after the other, so that a batch never fills the resolver's queue. */
export async function answerInTurn(parts: DecisionPointParts, batch: Batch): Promise<readonly Reply[]> {
  const { readings, peer, deadline, stop } = batch;
  const requests = readings.flatMap((reading) => (reading.kind === 'request' ? [reading.request] : []));
  await findHomes(parts, requests, peer);
  const snapshot = parts.holder.current();
  if (snapshot === null) return answerAtOnce(parts, batch);
  const replies: Reply[] = [];
  for (const reading of readings) {
    const settled = reading.kind === 'request' ? await settleInBatch(parts, reading.request, peer, deadline) : reading;
    const reply = replyTo(snapshot, settled, peer, deadline);
    replies.push(reply);
    if (stop(reply)) break;
  }
  return replies;
}

/** In a batch every item has its own decision: what could not be settled is a denial of the same generation. */
function replyTo(snapshot: Snapshot, item: RequestReading | Settled, peer: Peer, deadline: number): Reply {
  if (item.kind === 'not_a_request') return item;
  const timely = performance.now() <= deadline ? item : overloaded();
  const answer =
    timely.kind === 'unavailable'
      ? errorAnswer(snapshot, timely.code, timely.message)
      : decide(snapshot, timely.request, asking(peer));
  return { kind: 'answer', answer };
}

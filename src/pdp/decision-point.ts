import { decide } from '../policy/decide.ts';
import { EXPLAINED_RULES, explain } from '../policy/explain.ts';
import { type Request, readRequest } from '../policy/request.ts';
import { answerAtOnce, answerInTurn, type Batch, type DecisionPointParts } from './decision-batch.ts';
import { type ExplainReply, notReady, type Peer, type Reply } from './reply.ts';
import { asking, isSettled, settle } from './settle.ts';

export type { DecisionPointParts } from './decision-batch.ts';
export type { ExplainReply, Peer, Reply } from './reply.ts';

/** Answers from one snapshot. `deadline` is an instant of `performance.now()`, in milliseconds. */
export interface DecisionPoint {
  /** Synchronous unless a path has to be resolved or the peer's home is still being looked up. */
  ask(value: unknown, peer: Peer, deadline: number): Reply | Promise<Reply>;
  /**
   * All items by one generation; those that the deadline cuts off answer `overloaded`, none is left out. Nothing is
   * asked behind the first reply for which `stop` holds.
   */
  askMany(
    values: readonly unknown[],
    peer: Peer,
    deadline: number,
    stop?: (reply: Reply) => boolean,
  ): readonly Reply[] | Promise<readonly Reply[]>;
  /** `full` lists every rule that meets the destination; otherwise the first hundred. */
  explain(value: unknown, peer: Peer, full: boolean): Promise<ExplainReply>;
}

/** How long an explanation may wait for a disk; nobody's connection waits for it. */
const EXPLAIN_MS = 250;

export function createDecisionPoint(parts: DecisionPointParts): DecisionPoint {
  return {
    ask(value, peer, deadline) {
      const reading = readRequest(value);
      if (reading.kind === 'not_a_request') return reading;
      const { request } = reading;
      if (isSettled(parts, request, peer)) return answerNow(parts, request, peer);
      return settle(parts, request, peer, deadline).then((settled) =>
        settled.kind === 'settled' ? answerNow(parts, settled.request, peer) : settled,
      );
    },
    askMany(values, peer, deadline, stop = () => false) {
      const readings = values.map(readRequest);
      const batch: Batch = { readings, peer, deadline, stop };
      const settled = readings.every(
        (reading) => reading.kind === 'not_a_request' || isSettled(parts, reading.request, peer),
      );
      return settled ? answerAtOnce(parts, batch) : answerInTurn(parts, batch);
    },
    async explain(value, peer, full) {
      const reading = readRequest(value);
      if (reading.kind === 'not_a_request') return reading;
      const settled = await settle(parts, reading.request, peer, performance.now() + EXPLAIN_MS);
      if (settled.kind !== 'settled') return settled;
      const snapshot = parts.holder.current();
      if (snapshot === null) return notReady();
      const bound = full ? Number.POSITIVE_INFINITY : EXPLAINED_RULES;
      return { kind: 'explanation', explanation: explain(snapshot, settled.request, asking(peer), bound) };
    },
  };
}

function answerNow(parts: DecisionPointParts, request: Request, peer: Peer): Reply {
  const snapshot = parts.holder.current();
  return snapshot === null ? notReady() : { kind: 'answer', answer: decide(snapshot, request, asking(peer)) };
}

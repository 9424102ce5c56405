import { decideText } from '../policy/decide.ts';
import { EXPLAINED_RULES, explain } from '../policy/explain.ts';
import { readRequest } from '../policy/request.ts';
import {
  type AskedItem,
  type AskedRequest,
  type BatchWork,
  DecisionBatch,
  type DecisionPointParts,
  type Labelled,
} from './decision-batch.ts';
import { type ExplainReply, notReady, type Peer, type Told, type ToldItem, type Unavailable } from './reply.ts';
import { asking, isSettled, settle } from './settle.ts';

export type { AskedItem, AskedRequest, BatchWork, DecisionPointParts, Labelled } from './decision-batch.ts';
export type { ExplainReply, Peer, Told, ToldItem } from './reply.ts';

/** Decides, each answer from one snapshot. `deadline` is an instant of `performance.now()`, in milliseconds. */
export interface DecisionPoint {
  /**
   * The decision as text. Synchronous unless a path has to be resolved or the peer's home is still being looked up;
   * that may take `withinMs`.
   */
  tell(asked: AskedRequest, peer: Peer, withinMs: number): Told | Promise<Told>;
  /**
   * All items by one generation; those that the deadline cuts off answer `overloaded`, none is left out. Nothing is
   * asked behind the first item for which `stop` holds. Nothing is done before the first `advance`.
   */
  tellMany(items: readonly AskedItem[], peer: Peer, deadline: number, stop?: (told: ToldItem) => boolean): BatchWork;
  /** `full` lists every rule that meets the destination; otherwise the first hundred. */
  explain(value: unknown, peer: Peer, full: boolean): Promise<ExplainReply>;
}

/** How long an explanation may wait for a disk; nobody's connection waits for it. */
const EXPLAIN_MS = 250;

export function createDecisionPoint(parts: DecisionPointParts): DecisionPoint {
  return {
    tell(asked, peer, withinMs) {
      const since = performance.now();
      if (isSettled(parts, asked.request, peer)) return tellNow(parts, asked, peer, since);
      return settle(parts, asked.request, peer, since + withinMs).then((settled) =>
        settled.kind === 'settled'
          ? tellNow(parts, { request: settled.request, labels: asked.labels }, peer, since)
          : refused(parts, settled),
      );
    },
    tellMany: (items, peer, deadline, stop = () => false) => new DecisionBatch(parts, { items, peer, deadline, stop }),
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

/** What a client sent in the native form, with the labels that it came with. */
export function readAsked(value: unknown): AskedItem {
  const reading = readRequest(value);
  return reading.kind === 'request'
    ? { kind: 'request', request: reading.request, labels: value as Labelled }
    : reading;
}

function tellNow(parts: DecisionPointParts, { request, labels }: AskedRequest, peer: Peer, since: number): Told {
  const snapshot = parts.holder.current();
  if (snapshot === null) return refused(parts, notReady());
  const text = decideText(snapshot, request, asking(peer), parts.meter);
  parts.meter?.took(performance.now() - since);
  parts.record?.(peer, labels, text);
  return text;
}

function refused({ meter }: DecisionPointParts, unavailable: Unavailable): Unavailable {
  meter?.refused(unavailable.code);
  return unavailable;
}

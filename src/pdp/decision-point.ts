import { errorAnswer } from '../policy/answer.ts';
import { decide } from '../policy/decide.ts';
import type { Answer } from '../policy/decision.ts';
import { EXPLAINED_RULES, type Explanation, explain } from '../policy/explain.ts';
import {
  type FilesystemRequest,
  type RealPath,
  type Request,
  type RequestReading,
  readRequest,
  withReal,
} from '../policy/request.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import { mayAsk } from '../policy/verdict.ts';
import type { SnapshotHolder } from './snapshot-holder.ts';

/** Who is at the other end of a connection, as the kernel says; null = not known. */
export interface Peer {
  readonly uid: number | null;
  readonly gid: number | null;
  readonly pid: number | null;
}

export type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'not_a_request'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly code: 'overloaded' | 'not_ready'; readonly message: string };

export type ExplainReply =
  | Exclude<Reply, { kind: 'answer' }>
  | { readonly kind: 'explanation'; readonly explanation: Explanation };

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

export interface DecisionPointParts {
  readonly holder: Pick<SnapshotHolder, 'current'>;
  /** Resolves a path as sent; never rejects, and has its own deadline. */
  readonly resolve: (sent: string) => Promise<RealPath>;
  /** Whether the current snapshot knows what `~` means for this uid. */
  readonly homeKnown: (uid: number) => boolean;
  /** Resolves once it does; how long that may take is the decision point's to say. */
  readonly findHome: (uid: number) => Promise<void>;
}

/** How long the first request of a new uid waits for its home (semantics, Paths 6). */
const HOME_WAIT_MS = 200;

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
      const settled = await settle(parts, reading.request, peer, performance.now() + HOME_WAIT_MS);
      if (settled.kind !== 'settled') return settled;
      const snapshot = parts.holder.current();
      if (snapshot === null) return notReady();
      const bound = full ? Number.POSITIVE_INFINITY : EXPLAINED_RULES;
      return { kind: 'explanation', explanation: explain(snapshot, settled.request, asking(peer), bound) };
    },
  };
}

type Unavailable = Extract<Reply, { kind: 'unavailable' }>;
type Settled = { readonly kind: 'settled'; readonly request: Request } | Unavailable;

function isSettled(parts: DecisionPointParts, request: Request, peer: Peer): boolean {
  if (request.kind !== 'filesystem') return true;
  // It will be refused: nobody makes the daemon look up other users.
  if (!mayAsk(request, asking(peer))) return true;
  return request.real.kind !== 'pending' && whoseHomeIsMissing(parts, request, peer) === null;
}

/** `~` concerns paths only; the uid whose home is still to be found, or null. */
function whoseHomeIsMissing(parts: DecisionPointParts, request: FilesystemRequest, peer: Peer): number | null {
  const uid = request.uid ?? asking(peer).uid;
  return uid === null || parts.homeKnown(uid) ? null : uid;
}

/** Does all that needs waiting: finds the home, then resolves the path. */
async function settle(parts: DecisionPointParts, request: Request, peer: Peer, deadline: number): Promise<Settled> {
  if (request.kind !== 'filesystem' || isSettled(parts, request, peer)) return { kind: 'settled', request };
  const missing = whoseHomeIsMissing(parts, request, peer);
  if (missing !== null && !(await inTime(parts.findHome(missing), HOME_WAIT_MS))) return homeless();
  return resolved(parts, request, deadline);
}

/** The request with its path as the disk has it, as long as that can be found out in time. */
async function resolved(parts: DecisionPointParts, request: FilesystemRequest, deadline: number): Promise<Settled> {
  if (request.real.kind !== 'pending') return { kind: 'settled', request };
  const real = await withinTime(parts.resolve(request.sent), deadline - performance.now());
  return real === null ? overloaded() : { kind: 'settled', request: withReal(request, real) };
}

function answerNow(parts: DecisionPointParts, request: Request, peer: Peer): Reply {
  const snapshot = parts.holder.current();
  return snapshot === null ? notReady() : answer(snapshot, request, peer);
}

interface Batch {
  readonly readings: readonly RequestReading[];
  readonly peer: Peer;
  readonly deadline: number;
  readonly stop: (reply: Reply) => boolean;
}

/** One `current()` for the whole batch: a swap in the middle cannot mix generations. */
function answerAtOnce(parts: DecisionPointParts, { readings, peer, deadline, stop }: Batch): readonly Reply[] {
  const snapshot = parts.holder.current();
  const replies: Reply[] = [];
  for (const reading of readings) {
    const reply = snapshot === null ? notReady() : replyInBatch(snapshot, reading, peer, deadline);
    replies.push(reply);
    if (stop(reply)) break;
  }
  return replies;
}

/** The same where paths have to be resolved: one after the other, so that a batch never fills the resolver's queue. */
async function answerInTurn(parts: DecisionPointParts, batch: Batch): Promise<readonly Reply[]> {
  const { readings, peer, deadline, stop } = batch;
  await findHomes(parts, batch);
  const snapshot = parts.holder.current();
  if (snapshot === null) return answerAtOnce(parts, batch);
  const replies: Reply[] = [];
  for (const reading of readings) {
    const settled = await settledInBatch(parts, reading, peer, deadline);
    // In a batch every item has its own decision, and this one is a denial of the same generation.
    const reply: Reply =
      settled.kind === 'unavailable'
        ? { kind: 'answer', answer: errorAnswer(snapshot, settled.code, settled.message) }
        : replyInBatch(snapshot, settled, peer, deadline);
    replies.push(reply);
    if (stop(reply)) break;
  }
  return replies;
}

/** Waits once for all homes that the batch needs; an item whose home stays unknown is not ready. */
async function findHomes(parts: DecisionPointParts, { readings, peer }: Batch): Promise<void> {
  const missing = readings.flatMap((reading) => {
    if (reading.kind === 'not_a_request' || reading.request.kind !== 'filesystem') return [];
    if (!mayAsk(reading.request, asking(peer))) return [];
    return whoseHomeIsMissing(parts, reading.request, peer) ?? [];
  });
  await Promise.all([...new Set(missing)].map((uid) => inTime(parts.findHome(uid), HOME_WAIT_MS)));
}

async function settledInBatch(
  parts: DecisionPointParts,
  reading: RequestReading,
  peer: Peer,
  deadline: number,
): Promise<RequestReading | Unavailable> {
  if (reading.kind === 'not_a_request' || isSettled(parts, reading.request, peer)) return reading;
  if (performance.now() > deadline) return overloaded();
  const { request } = reading;
  if (request.kind !== 'filesystem') return reading;
  if (whoseHomeIsMissing(parts, request, peer) !== null) return homeless();
  const settled = await resolved(parts, request, deadline);
  return settled.kind === 'settled' ? { kind: 'request', request: settled.request } : settled;
}

function replyInBatch(snapshot: Snapshot, reading: RequestReading, peer: Peer, deadline: number): Reply {
  if (reading.kind === 'not_a_request') return reading;
  if (performance.now() <= deadline) return answer(snapshot, reading.request, peer);
  return { kind: 'answer', answer: errorAnswer(snapshot, 'overloaded', OVERLOADED) };
}

function answer(snapshot: Snapshot, request: Request, peer: Peer): Reply {
  return { kind: 'answer', answer: decide(snapshot, request, asking(peer)) };
}

/** 65534 is what a container shows for everybody: nobody in particular. */
function asking({ uid }: Peer): { uid: number | null } {
  return { uid: uid === 65_534 ? null : uid };
}

const OVERLOADED = 'the deadline passed before this could be decided: ask again, with fewer questions at once';

function overloaded(): Unavailable {
  return { kind: 'unavailable', code: 'overloaded', message: OVERLOADED };
}

function notReady(): Unavailable {
  return { kind: 'unavailable', code: 'not_ready', message: 'no policy is loaded yet: ask again in a moment' };
}

function homeless(): Unavailable {
  const message = 'the asking user’s home is still being looked up: ask again';
  return { kind: 'unavailable', code: 'not_ready', message };
}

async function inTime(work: Promise<void>, ms: number): Promise<boolean> {
  return (
    (await withinTime(
      work.then(() => true),
      ms,
    )) ?? false
  );
}

/** The result, or null once `ms` have passed; the work goes on and its result is dropped. */
function withinTime<T>(work: Promise<T>, ms: number): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), Math.max(0, ms));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

import type { FilesystemRequest, RealPath, Request } from '../policy/request.ts';
import { withReal } from '../policy/request.ts';
import { type Asker, mayAsk } from '../policy/verdict.ts';
import type { LookupAsker } from './lookup-queue.ts';
import { overloaded, type Peer, type Unavailable } from './reply.ts';

/** What a request may have to wait for, before the snapshot is taken. */
export interface SettleParts {
  /** Resolves a path as sent, at once where it can; never rejects, and has its own deadline. */
  readonly resolve: (sent: string, asker: LookupAsker) => RealPath | Promise<RealPath>;
  /** Whether the current snapshot knows what `~` and a user's own files mean for this uid. */
  readonly homeKnown: (uid: number) => boolean;
  /** Resolves once it does; how long that may take is this file's to say. */
  readonly findHome: (uid: number) => Promise<void>;
}

export type Settled = { readonly kind: 'settled'; readonly request: Request } | Unavailable;

/** How long the first request of a new uid waits for its home (semantics, Paths 6). */
const HOME_WAIT_MS = 200;

/** 65534 is what a container shows for everybody: nobody in particular. */
export function asking({ uid }: Peer): Asker {
  return { uid: uid === 65_534 ? null : uid };
}

/** Nothing to wait for: the request can be decided at once. */
export function isSettled(parts: SettleParts, request: Request, peer: Peer): boolean {
  // It will be refused: nobody makes the daemon look up other users, or a disk for them.
  if (request.kind === 'invalid' || !mayAsk(request, asking(peer))) return true;
  if (request.kind === 'filesystem' && request.real.kind === 'pending') return false;
  return missingHome(parts, request, peer) === null;
}

/** Does all that needs waiting: finds the home, then resolves the path. */
export async function settle(parts: SettleParts, request: Request, peer: Peer, deadline: number): Promise<Settled> {
  if (isSettled(parts, request, peer)) return { kind: 'settled', request };
  const missing = missingHome(parts, request, peer);
  if (missing !== null) await homeInTime(parts, missing);
  // found or not, what counts is whether the snapshot knows it now
  return missingHome(parts, request, peer) === null
    ? settlePath(parts, request, { uid: peer.uid, until: deadline, mayHold: true })
    : homeless();
}

/** The same with homes that `findHomes` has waited for; one of many, between which others have their turn. */
export function settleInBatch(
  parts: SettleParts,
  request: Request,
  peer: Peer,
  deadline: number,
): Settled | Promise<Settled> {
  if (isSettled(parts, request, peer)) return { kind: 'settled', request };
  if (performance.now() > deadline) return overloaded();
  return missingHome(parts, request, peer) === null
    ? settlePath(parts, request, { uid: peer.uid, until: deadline })
    : homeless();
}

/** Waits once for all homes that these requests need. */
export async function findHomes(parts: SettleParts, requests: readonly Request[], peer: Peer): Promise<void> {
  const missing = requests.flatMap((request) => {
    const refused = request.kind === 'invalid' || !mayAsk(request, asking(peer));
    return refused ? [] : (missingHome(parts, request, peer) ?? []);
  });
  await Promise.all([...new Set(missing)].map((uid) => homeInTime(parts, uid)));
}

/** The uid whose home is still to be found; null = none. */
function missingHome(parts: SettleParts, request: Request, peer: Peer): number | null {
  if (request.kind === 'invalid') return null;
  const uid = request.uid ?? asking(peer).uid;
  return uid === null || parts.homeKnown(uid) ? null : uid;
}

async function homeInTime(parts: SettleParts, uid: number): Promise<void> {
  await withinTime(parts.findHome(uid), HOME_WAIT_MS);
}

/** The request with its path as the disk has it, as long as that can be found out in time. */
function settlePath(parts: SettleParts, request: Request, asker: LookupAsker): Settled | Promise<Settled> {
  if (!isPending(request)) return { kind: 'settled', request };
  const found = parts.resolve(request.sent, asker);
  if (!(found instanceof Promise)) return { kind: 'settled', request: withReal(request, found) };
  return withinTime(found, asker.until - performance.now()).then((real) =>
    real === null ? overloaded() : { kind: 'settled', request: withReal(request, real) },
  );
}

function isPending(request: Request): request is FilesystemRequest {
  return request.kind === 'filesystem' && request.real.kind === 'pending';
}

function homeless(): Unavailable {
  const message = 'the asking user’s home is still being looked up: ask again';
  return { kind: 'unavailable', code: 'not_ready', message };
}

/** The result, or null once `ms` have passed; the work goes on and its result is dropped. */
function withinTime<T>(work: Promise<T>, ms: number): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), Math.ceil(Math.max(0, ms)));
    const settled = (finish: () => void) => {
      clearTimeout(timer);
      finish();
    };
    work.then(
      (value) => settled(() => resolve(value)),
      (error: unknown) => settled(() => reject(error instanceof Error ? error : new Error(String(error)))),
    );
  });
}

import type { Peer } from '../pdp/decision-point.ts';
import type { ByteQueue } from './byte-queue.ts';

export type SocketName = 'decide' | 'admin';

/** A connection as a framing sees it. */
export interface Channel {
  readonly input: ByteQueue;
  readonly peer: Peer;
  readonly socketName: SocketName;
  /** The client does not read fast enough: nothing new is begun until it does. */
  readonly blocked: boolean;
  /** Once closed, nothing that is written arrives. */
  readonly closed: boolean;
  /** The server is closing: what is in progress is the last. */
  readonly draining: boolean;
  write(data: string | Buffer): void;
  /** A whole request has been answered. */
  requestDone(): void;
  /** Asks for a turn: something new can be done. */
  wake(): void;
  /** Flushes what was answered, then closes; what still comes in is thrown away. */
  finish(): void;
}

/** One of the two ways to speak on a socket (api, "One decision socket, two framings"). */
export interface Framing {
  /** A request was received whole and is not answered yet. */
  readonly busy: boolean;
  /** Uses the channel's input until about `until`; true when more could be done at once. */
  advance(until: number): boolean;
}

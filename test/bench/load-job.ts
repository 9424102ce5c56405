import type { Address } from './blocking-socket.ts';

/** One server to be asked, and what. */
export interface LoadTarget {
  readonly name: string;
  readonly address: Address;
  /** How the end of an answer is found. */
  readonly framing: 'line' | 'http';
  /** Of a server whose main thread does the work: asked one by one, it shares a core with whoever asks. */
  readonly pid?: number;
  /** What every answer contains; a server that only says that it is overloaded is fast, too. */
  readonly expect?: string;
  /** Complete requests, as they go over the wire. */
  readonly requests: readonly string[];
}

/**
 * Targets take turns of a slice each, and the order turns around every time, so that whatever else the machine does
 * meets all of them.
 */
export interface LoadJob {
  readonly targets: readonly LoadTarget[];
  readonly rounds: number;
  readonly slices: number;
  /** One connection and one question after the other, or many at once. */
  readonly load:
    | {
        readonly kind: 'latency';
        readonly questionsPerSlice: number;
        /** Ends a slice before its questions are through. */
        readonly msPerSlice?: number;
        /** Questions before anything counts; thousands where nothing is said. */
        readonly warmUp?: number;
        /** From the beginning of one question to that of the next, in microseconds; at once where nothing is said. */
        readonly everyUs?: number;
        /** Whoever waits asks nothing meanwhile; counts the questions that a stall kept from being asked. */
        readonly countOmitted?: boolean;
      }
    | {
        readonly kind: 'throughput';
        readonly msPerSlice: number;
        readonly connections: number;
        /** Questions in flight on each. */
        readonly window: number;
      };
}

/** One round, in microseconds. */
export interface Latency {
  readonly p50: number;
  /** Of each slice alone: neighbours of two targets were measured within the same few milliseconds. */
  readonly p50s: readonly number[];
  readonly p99: number;
  readonly p999: number;
}

/** By the target's name, one entry a round; `rate` is answers per second. */
export interface LoadRounds {
  readonly latency: Readonly<Record<string, readonly Latency[]>>;
  readonly rate: Readonly<Record<string, readonly number[]>>;
  /** How much of one core the load took, at most; near 1 the server was not the limit. */
  readonly busy: number;
}

export type LoadResult =
  | { readonly kind: 'measured'; readonly rounds: LoadRounds }
  | { readonly kind: 'failed'; readonly message: string };

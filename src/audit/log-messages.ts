import type { PageLoad } from './gap.ts';
import type { LogQuery, LogQueryAnswer } from './log-query.ts';
import type { Retention } from './retention.ts';

/** What the writer's thread is started with. */
export interface WriterStart {
  /** log.db */
  readonly path: string;
  readonly retention: Retention;
}

/** From the thread that answers to the writer. `page` is transferred there, and comes back with the reply. */
export type WriterRequest =
  | ({ readonly kind: 'page'; readonly page: ArrayBuffer; readonly at: number } & PageLoad)
  | { readonly kind: 'query'; readonly number: number; readonly query: LogQuery }
  /** Other bounds count from here on. */
  | { readonly kind: 'retention'; readonly retention: Retention }
  | { readonly kind: 'close'; readonly at: number };

export type WriterReply =
  | {
      readonly kind: 'written';
      readonly page: ArrayBuffer;
      /** Of the decisions in the page; those missing were no answers. */
      readonly written: number;
      readonly head: WrittenHead;
      /** A damaged log was moved aside before this was written: why, and where it is. */
      readonly movedAside: string | null;
    }
  /** Nothing of the page was written; it may be tried again. */
  | { readonly kind: 'failed'; readonly page: ArrayBuffer; readonly message: string }
  | { readonly kind: 'found'; readonly number: number; readonly answer: LogQueryAnswer }
  | { readonly kind: 'closed' };

/** Where the chain ends: kept elsewhere, it shows later that the log was not written anew. */
export interface WrittenHead {
  readonly id: number;
  /** Hexadecimal. */
  readonly hash: string;
}

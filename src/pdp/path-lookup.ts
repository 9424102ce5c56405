import type { ResolvedPrefix } from '../policy/policy-set.ts';
import type { Resolution } from '../realpath/walk.ts';

/** One look at the disk: where a path leads (Paths 2), or where literal prefixes of rules do (Paths 7). */
export type LookupRequest =
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 'prefixes';
      readonly paths: readonly string[];
      /** In shared memory: the position of the one that is being looked at, so that one that hangs can be named. */
      readonly progress: Int32Array;
    };

export interface PrefixesReply {
  readonly kind: 'prefixes';
  /** How many of them have been looked at, from the first one on: at least one. */
  readonly done: number;
  /** By position, where they lead; the others cross no link. */
  readonly leads: ReadonlyMap<number, ResolvedPrefix>;
}

/** What the resolver thread says to each request, in their order. */
export type LookupReply = { readonly kind: 'path'; readonly resolution: Resolution } | PrefixesReply;

/** After so long a thread begins with no further prefix: each has the time of a lookup, and requests come between. */
export const PREFIXES_SLICE_MS = 20;

import type { ResolvedPrefix } from '../policy/policy-set.ts';
import type { Resolution } from '../realpath/walk.ts';

/** One look at the disk: where a path leads, or where a literal prefix of a rule does (Paths 2 and 7). */
export interface LookupRequest {
  readonly kind: 'path' | 'prefix';
  readonly path: string;
}

/** What the resolver thread says: `ready` once, then one reply for each request, in their order. */
export type LookupReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'path'; readonly resolution: Resolution }
  | { readonly kind: 'prefix'; readonly leads: ResolvedPrefix | null };

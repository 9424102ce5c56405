import type { Clock } from '../../base/clock.ts';
import { PathResolver, type PrefixResolution } from '../../pdp/path-resolver.ts';
import type { ResolvedPrefix } from '../../policy/policy-set.ts';

/** Where literal prefixes of rules lead (semantics, Paths 7); what cannot be looked at keeps what was known of it. */
export type ResolveLinks = (
  prefixes: readonly string[],
  known: ReadonlyMap<string, ResolvedPrefix>,
) => Promise<PrefixResolution>;

/** The policy thread's own look at the disk: however many prefixes there are, no request waits behind them. */
export interface PrefixLooker {
  readonly resolve: ResolveLinks;
  /** Threads that are stuck in a system call. */
  lost(): number;
  close(): Promise<void>;
}

/** Links are looked at once a minute; for so long a thread waits for the next prefix, and takes memory. */
const IDLE_MS = 5_000;

export function openPrefixLooker(clock: Clock): PrefixLooker {
  const resolver = new PathResolver();
  let cancelRest = (): void => undefined;
  // the first policy waits for it
  resolver.start();
  return {
    async resolve(prefixes, known) {
      cancelRest();
      const found = await resolver.resolvePrefixes(prefixes, known);
      cancelRest();
      cancelRest = clock.after(IDLE_MS, () => resolver.rest());
      return found;
    },
    lost: () => resolver.lost,
    close() {
      cancelRest();
      return resolver.close();
    },
  };
}

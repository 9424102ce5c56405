import type { ResolvedPrefix } from '../policy/policy-set.ts';
import { PREFIXES_SLICE_MS, type PrefixesReply } from './path-lookup.ts';

/** How many prefixes are asked for in one message. */
const MAX_CHUNK = 4_096;

export interface PrefixResolution {
  readonly links: ReadonlyMap<string, ResolvedPrefix>;
  /** Prefixes that could not be looked at; they keep what was known of them. */
  readonly stuck: readonly string[];
}

/** Who looks at prefixes for `resolveInChunks`. */
export interface PrefixLooks {
  /** Whether anybody may look at the moment. */
  readonly mayLook: () => boolean;
  /** Whether a thread hangs on this prefix already. */
  readonly hangs: (prefix: string) => boolean;
  /** Looks at the first ones, or says at which position that failed. */
  readonly look: (
    paths: readonly string[],
  ) => Promise<PrefixesReply | { readonly kind: 'failed'; readonly at: number }>;
}

/** In the resolver's thread: as many of them as there is time for, and the first one in any case. */
export function lookAtPrefixes(
  paths: readonly string[],
  progress: Int32Array,
  resolve: (prefix: string) => ResolvedPrefix | null,
): PrefixesReply {
  const leads = new Map<number, ResolvedPrefix>();
  const end = performance.now() + PREFIXES_SLICE_MS;
  let done = 0;
  for (const path of paths) {
    Atomics.store(progress, 0, done);
    const resolved = resolve(path);
    if (resolved !== null) leads.set(done, resolved);
    done += 1;
    if (performance.now() > end) break;
  }
  return { kind: 'prefixes', done, leads };
}

/**
 * Where prefixes lead, chunk by chunk and in their order. One that hangs is left out, and what came before it in its
 * chunk is looked at once more, whether or not anything else may be: it has been looked at within one slice.
 */
export async function resolveInChunks(
  prefixes: readonly string[],
  known: ReadonlyMap<string, ResolvedPrefix>,
  looks: PrefixLooks,
): Promise<PrefixResolution> {
  const found = { links: new Map<string, ResolvedPrefix>(), stuck: [] as string[] };
  const hung = new Set<string>();
  const hangs = (prefix: string): boolean => hung.has(prefix) || looks.hangs(prefix);
  /** Up to here they have been looked at, and the answer was lost. */
  let seen = 0;
  for (let at = 0; at < prefixes.length; ) {
    const again = at < seen;
    const chunk = again ? prefixes.slice(at, seen) : looks.mayLook() ? chunkFrom(prefixes, at, hangs) : [];
    const reply = chunk.length === 0 ? null : await looks.look(chunk);
    if (reply?.kind === 'prefixes') {
      for (const [position, leads] of reply.leads) found.links.set(chunk[position] ?? '', leads);
      at += reply.done;
    } else if (reply !== null && reply.at > 0 && !again) {
      seen = at + reply.at;
      hung.add(prefixes[seen] ?? '');
    } else {
      const skipped = prefixes.slice(at, again ? seen : at + 1);
      keepKnown(skipped, known, found);
      at += skipped.length;
    }
  }
  return found;
}

function keepKnown(
  skipped: readonly string[],
  known: ReadonlyMap<string, ResolvedPrefix>,
  { links, stuck }: { readonly links: Map<string, ResolvedPrefix>; readonly stuck: string[] },
): void {
  for (const prefix of skipped) {
    const leads = known.get(prefix);
    if (leads !== undefined) links.set(prefix, leads);
    stuck.push(prefix);
  }
}

/** Up to the next one that hangs. */
function chunkFrom(prefixes: readonly string[], from: number, hangs: (prefix: string) => boolean): readonly string[] {
  const most = prefixes.slice(from, from + MAX_CHUNK);
  const end = most.findIndex(hangs);
  return end === -1 ? most : most.slice(0, end);
}

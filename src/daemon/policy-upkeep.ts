import type { Clock } from '../base/clock.ts';
import type { PrefixResolution } from '../pdp/path-resolver.ts';
import type { SnapshotHolder } from '../pdp/snapshot-holder.ts';
import type { HostFacts, ResolvedPrefix, Staleness } from '../policy/policy-set.ts';

const TICK_MS = 1_000;
/** How often links and mounts are looked at again (semantics, Paths 7). */
const LINKS_MS = 60_000;

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly holder: SnapshotHolder;
  readonly staleness: () => Staleness;
  readonly foldingMounts: () => readonly string[];
  readonly resolveLinks: (
    prefixes: readonly string[],
    known: ReadonlyMap<string, ResolvedPrefix>,
  ) => Promise<PrefixResolution>;
  /** Compiles anew and swaps; never rejects. */
  readonly refresh: (cause: string) => Promise<unknown>;
}

/**
 * Keeps the snapshot true while nothing is delivered: validity windows, staleness, links and mounts. A tick of one
 * second compares the wall clock with the next change; a long timer would stand still in suspend (semantics, 1).
 */
export function startUpkeep(options: UpkeepOptions): { close(): Promise<void> } {
  const { clock, holder } = options;
  let closed = false;
  let linksAt = clock.now() + LINKS_MS;
  let running: Promise<unknown> = Promise.resolve();

  const tick = async (): Promise<void> => {
    holder.tick();
    const cause = changeCause(options);
    if (cause !== null) await options.refresh(cause);
    if (clock.now() < linksAt) return;
    linksAt = clock.now() + LINKS_MS;
    if (await surroundingsChanged(options)) await options.refresh('links');
  };
  const arm = (): (() => void) =>
    clock.after(TICK_MS, () => {
      running = tick().finally(() => {
        if (!closed) cancel = arm();
      });
    });
  let cancel = arm();
  return {
    async close() {
      closed = true;
      cancel();
      await running;
    },
  };
}

function changeCause({ clock, holder, staleness }: UpkeepOptions): string | null {
  const policy = holder.current()?.policy;
  if (policy === undefined) return null;
  if (policy.nextChange !== null && clock.now() >= policy.nextChange) return 'time';
  return staleness() === policy.staleness ? null : 'staleness';
}

async function surroundingsChanged({ holder, resolveLinks, foldingMounts }: UpkeepOptions): Promise<boolean> {
  const policy = holder.current()?.policy;
  if (policy === undefined) return false;
  if (foldingMounts().join('\0') !== policy.host.foldingMounts.join('\0')) return true;
  const { links } = await resolveLinks(policy.literalPrefixes, policy.host.links);
  return !sameLinks(links, policy.host.links);
}

/** Two resolutions that lead to the same rules. */
export function sameLinks(one: HostFacts['links'], other: HostFacts['links']): boolean {
  if (one.size !== other.size) return false;
  for (const [prefix, link] of one) {
    const known = other.get(prefix);
    if (known?.resolved !== link.resolved || known.trusted !== link.trusted) return false;
  }
  return true;
}

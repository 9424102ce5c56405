import type { Clock } from '../../base/clock.ts';
import type { Compilation } from '../../policy/compilation.ts';
import type { HostFacts, Staleness } from '../../policy/policy-set.ts';
import type { ResolveLinks } from './prefix-looker.ts';

const TICK_MS = 1_000;
/** How often links and mounts are looked at again (semantics, Paths 7). */
const LINKS_MS = 60_000;

export interface UpkeepOptions {
  readonly clock: Clock;
  /** The time that policies are judged by, which never runs behind a verified one. */
  readonly now: () => number;
  /** Keeps that time. */
  readonly keepTime: () => void;
  /** The newest time that a source vouched for; null = none did. */
  readonly verifiedTime: () => number | null;
  /** What was published last; null = nothing yet. */
  readonly current: () => Compilation | null;
  readonly staleness: () => Staleness;
  readonly foldingMounts: () => readonly string[];
  readonly resolveLinks: ResolveLinks;
  /** Compiles anew and publishes; never rejects. */
  readonly refresh: (cause: string) => Promise<unknown>;
  /** A look at the database or the disk that failed; the next tick looks again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Keeps the policy true while nothing is delivered: validity windows, staleness, links and mounts. A tick of one
 * second compares the wall clock with the next change; a long timer would stand still in suspend (semantics, 1).
 */
export function startUpkeep(options: UpkeepOptions): { close(): Promise<void> } {
  const { clock, onError } = options;
  const surroundings = watchSurroundings(options);
  let time = options.now();
  let closed = false;
  let running: Promise<unknown> = Promise.resolve();

  const tick = async (): Promise<void> => {
    surroundings.look();
    keepTime(options);
    const before = time;
    time = options.now();
    // what an earlier time had closed, or ended, knows of no next change
    const fellBack = time < before ? 'time' : null;
    const cause = fellBack ?? changeCause(options) ?? (surroundings.takeChange() ? 'links' : null);
    if (cause !== null) await options.refresh(cause);
  };
  const arm = (): (() => void) =>
    clock.after(TICK_MS, () => {
      running = tick()
        .catch(onError)
        .finally(() => {
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

/** A database that cannot be written now keeps nothing else from happening. */
function keepTime({ keepTime: keep, onError }: UpkeepOptions): void {
  try {
    keep();
  } catch (error) {
    onError(error);
  }
}

interface Surroundings {
  /** Begins to look, if it is time. Nothing waits for it: a slow disk must not hold up the tick. */
  look(): void;
  /** Whether the last look found something else than what is compiled; said once. */
  takeChange(): boolean;
}

function watchSurroundings(options: UpkeepOptions): Surroundings {
  const { clock, onError } = options;
  let lookedAt = clock.now();
  let looking = false;
  let changed = false;
  return {
    look() {
      // a clock that was set back must not put it off
      if (looking || Math.abs(clock.now() - lookedAt) < LINKS_MS) return;
      lookedAt = clock.now();
      looking = true;
      const found = surroundingsChanged(options).then((different) => {
        changed ||= different;
      });
      void found.catch(onError).finally(() => {
        looking = false;
      });
    },
    takeChange() {
      const was = changed;
      changed = false;
      return was;
    },
  };
}

function changeCause({ now, verifiedTime, current, staleness }: UpkeepOptions): string | null {
  const policy = current();
  if (policy === null) return null;
  const { nextChange, awaitsVerified } = policy;
  if (nextChange !== null && now() >= nextChange) return 'time';
  if (awaitsVerified !== null && (verifiedTime() ?? 0) >= awaitsVerified) return 'verified time';
  return staleness() === policy.staleness ? null : 'staleness';
}

async function surroundingsChanged({ current, resolveLinks, foldingMounts }: UpkeepOptions): Promise<boolean> {
  const policy = current();
  // nothing could be compiled at the start: worth another try
  if (policy === null) return true;
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

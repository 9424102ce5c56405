import type { Clock } from '../base/clock.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import type { AuditEvent } from './audit-event.ts';

/** How far a clock may have been ahead of a source's own time before it is not believed any more. */
const TOLERANCE_MS = 24 * 3_600_000;
/** The latest time is written no more often than this. */
const KEEP_EVERY_MS = 60_000;

export interface PolicyTimeOptions {
  readonly clock: Clock;
  readonly store: Pick<BundleStore, 'lastSync' | 'latestTime' | 'keepLatestTime'>;
  readonly audit: (event: AuditEvent) => void;
}

/** The time by which policies are judged (delivery, "What always holds"). */
export interface PolicyTime {
  /**
   * max(wall clock, highest verified time, latest time seen), in milliseconds since the epoch: a clock that was set
   * back makes nothing valid or fresh again, over a restart neither.
   */
  now(): number;
  /** The highest time that a source vouched for; null = none did. */
  verified(): number | null;
  /** Once a second. A database that cannot be written makes it throw; the time in memory is right all the same. */
  tick(): void;
}

export function openPolicyTime({ clock, store, audit }: PolicyTimeOptions): PolicyTime {
  const verified = (): number | null => store.lastSync()?.verifiedTime ?? null;
  let kept = store.latestTime() ?? 0;
  let seen = Math.max(kept, clock.now());
  let vouchedFor = verified();

  /** A source has just vouched for a time: a clock that had been far ahead is not believed any longer. */
  const fallBack = (now: number): void => {
    const time = verified();
    if (time === null || time === vouchedFor) return;
    vouchedFor = time;
    // a clock that is still ahead would only be seen again
    if (seen <= time + TOLERANCE_MS || now > time + TOLERANCE_MS) return;
    audit({ event: 'clock_fell_back', seen, verified: time });
    seen = Math.max(time, now);
    kept = Number.NEGATIVE_INFINITY;
  };
  return {
    now: () => Math.max(clock.now(), verified() ?? 0, seen),
    verified,
    tick() {
      const now = clock.now();
      fallBack(now);
      seen = Math.max(seen, now);
      if (seen - kept < KEEP_EVERY_MS) return;
      kept = seen;
      store.keepLatestTime(seen);
    },
  };
}

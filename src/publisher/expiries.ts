import type { StalenessLimits } from '../policy/bundle-terms.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The ladder of bundles that state none (delivery, "Staleness"). */
export const DEFAULT_STALENESS: StalenessLimits = {
  warnAfterMs: DAY_MS,
  restrictAfterMs: 7 * DAY_MS,
  blockAfterMs: 30 * DAY_MS,
};

/** How long what is signed is good for, and how much must be left of it (tuf, 9). The root's year is in `root-change`. */
export const TARGETS_VALID_MS = 180 * DAY_MS;
export const TEAM_VALID_MS = 90 * DAY_MS;
export const RESIGN_EVERY_MS = HOUR_MS;
const SNAPSHOT_EVERY_MS = 7 * DAY_MS;

export const LEAST_LEFT_MS = {
  root: 90 * DAY_MS,
  targets: 60 * DAY_MS,
  team: 30 * DAY_MS,
  bundle: 30 * DAY_MS,
} as const;

/** What nobody lists any more stays this long: somebody may be in the middle of an older publication. */
export const KEPT_MS = 30 * DAY_MS;

export interface OnlineValidity {
  readonly timestampMs: number;
  readonly snapshotMs: number;
}

/**
 * Whoever replays an old timestamp holds a machine no longer than until it would restrict itself anyway: the strictest
 * ladder of the bundles that are listed decides (tuf, 9).
 */
export function onlineValidity(ladders: readonly StalenessLimits[]): OnlineValidity {
  const all = [DEFAULT_STALENESS, ...ladders];
  return {
    timestampMs: Math.min(...all.map(({ restrictAfterMs }) => restrictAfterMs)),
    snapshotMs: Math.min(...all.map(({ blockAfterMs }) => blockAfterMs)),
  };
}

/** Why machines would warn although the signer works; null = they would not. */
export function signedTooRarely(everyMs: number, ladders: readonly StalenessLimits[]): string | null {
  const warnAfterMs = Math.min(...ladders.map((ladder) => ladder.warnAfterMs));
  if (everyMs <= warnAfterMs / 4) return null;
  const most = Math.floor(warnAfterMs / 4_000);
  const [every, warns] = [everyMs, warnAfterMs].map((ms) => Math.round(ms / 1_000));
  return `the timestamp is signed every ${every} s, and a bundle warns after ${warns} s: sign at least every ${most} s`;
}

/** Weekly, or earlier where it is good for less. */
export function snapshotIsDue(expiresAt: number, now: number, { snapshotMs }: OnlineValidity): boolean {
  return expiresAt - now < snapshotMs - Math.min(SNAPSHOT_EVERY_MS, snapshotMs / 4);
}

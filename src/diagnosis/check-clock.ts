import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { examined, found, skipped, type Verdict } from './finding.ts';
import type { Rehearsal } from './rehearse.ts';

/** Less than this is no reason to accept or refuse anything else than one would. */
const TOLERANCE_MS = 300_000;

/** Whether this machine's clock agrees with the times that are known for certain (delivery, "What always holds"). */
export function checkClock(config: DaemonConfig | null, rehearsal: Rehearsal | null, now: number): Verdict {
  if (rehearsal?.kind !== 'ran') return skipped('the state cannot be read, which knows the times that were signed');
  const { seen, verified } = rehearsal.times;
  const known = Math.max(seen ?? 0, verified ?? 0);
  if (known === 0) return examined('no other time is known here to hold it against');
  const here = new Date(now).toISOString();
  if (known - now > TOLERANCE_MS) {
    return examined('', [found('clock_behind', `it is ${here} here, and ${new Date(known).toISOString()} was known`)]);
  }
  if (verified !== null && isOfThisMoment(config, rehearsal) && now - verified > TOLERANCE_MS) {
    const there = new Date(verified).toISOString();
    return examined('', [found('clock_ahead', `it is ${here} here, and ${there} at the policy server`)]);
  }
  return examined('it agrees with what was signed and seen');
}

/** A governance server tells its own time over TLS with each answer; a signature may be days old. */
function isOfThisMoment(config: DaemonConfig | null, rehearsal: Rehearsal): boolean {
  const source = config?.source ?? null;
  if (source?.type !== 'governance' || !source.baseUrl.startsWith('https:')) return false;
  return rehearsal.kind === 'ran' && rehearsal.sync?.kind === 'live';
}

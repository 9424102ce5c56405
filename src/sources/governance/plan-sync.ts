import { policyRevision } from '../../bundle/policy-revision.ts';
import type { ActiveBundle } from '../../store/bundle-rows.ts';
import type { CachedPolicy, PendingAbsence, SyncRecord } from '../../store/sync-rows.ts';
import { EVERY_POLICY, judgeAbsences } from './absence.ts';
import type { Gathered } from './gather-policies.ts';

export interface SyncContext {
  readonly org: string;
  readonly active: ActiveBundle;
  readonly pending: readonly PendingAbsence[];
  readonly cached: ReadonlyMap<string, CachedPolicy>;
  /** False for a run that `sync` started. */
  readonly counts: boolean;
  readonly completedAt: number;
  /** Whether the server proved who it is: its clock counts as verified then (delivery, Time). */
  readonly verifiedClock: boolean;
}

export interface SyncPlan {
  /** What shall serve, read when it is asked for: where the revision serves already nobody does. */
  readonly policies: () => readonly unknown[];
  /** A first listing without policies is to be confirmed: nothing of this is handed over. */
  readonly waits: boolean;
  readonly revision: string;
  readonly record: SyncRecord;
  /** Policies that are missing from the listing and serve on until that is confirmed; '' = every policy. */
  readonly held: readonly string[];
}

/** From a complete listing to what shall serve: the listed policies, and those whose absence is not believed yet. */
export function planSync(gathered: Gathered, context: SyncContext): SyncPlan {
  const { verified } = gathered;
  const listed = new Set(verified.ids);
  // a damaged bundle says nothing about what was there
  const served = context.active.kind === 'active' ? context.active.policies : null;
  const { held, pending } = judgeAbsences({
    listed,
    served: served === null ? null : served.map(idOf),
    pending: context.pending,
    startedAt: gathered.listing.startedAt,
    counts: context.counts,
  });
  const kept = (served ?? []).filter((policy) => held.includes(idOf(policy)));
  const policies = (): readonly unknown[] =>
    [...verified.policies(), ...kept].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const heldCache = held.flatMap((id) => context.cached.get(id) ?? []);
  return {
    policies,
    waits: held.includes(EVERY_POLICY),
    revision: kept.length === 0 ? verified.revision() : policyRevision({ org: context.org, policies: policies() }),
    record: {
      completedAt: context.completedAt,
      verifiedTime: context.verifiedClock ? gathered.listing.serverTime : null,
      cache: [...gathered.cache, ...heldCache],
      absences: pending,
    },
    held,
  };
}

function idOf(policy: unknown): string {
  return String((policy as { id?: unknown }).id);
}

import type { PendingAbsence } from '../../store/sync-rows.ts';

/** Two listings that agree on an absence are at least this far apart (delivery, Sources 1). */
const ABSENCE_DISTANCE_MS = 60_000;

/** Stands for "any policy at all" while a first listing has shown none. */
export const EVERY_POLICY = '';

export interface ListingFacts {
  readonly listed: ReadonlySet<string>;
  /** Ids of the bundle that serves; null = nothing was ever delivered. */
  readonly served: readonly string[] | null;
  readonly pending: readonly PendingAbsence[];
  readonly startedAt: number;
  /** False for a listing that a person asked for by `sync`. */
  readonly counts: boolean;
}

export interface AbsenceVerdict {
  /** Missing, and not believed yet: the old policy serves. */
  readonly held: readonly string[];
  /** What the next listing needs to know. */
  readonly pending: readonly PendingAbsence[];
}

/**
 * The absence rule: a policy that is missing counts as gone once two complete listings, at least 60 s apart and not
 * by `sync`, agree. Seen again in between, by whatever listing, it was never absent.
 */
export function judgeAbsences(facts: ListingFacts): AbsenceVerdict {
  const first = new Map(facts.pending.map((absence) => [absence.policy, absence.firstListingAt]));
  const verdicts = missingIn(facts).map((policy) => {
    const since = first.get(policy);
    // a first listing in the future: the clock was set back, the count starts again
    const known = since !== undefined && since <= facts.startedAt ? since : undefined;
    const confirmed = facts.counts && known !== undefined && facts.startedAt - known >= ABSENCE_DISTANCE_MS;
    return { policy, confirmed, firstListingAt: known ?? (facts.counts ? facts.startedAt : undefined) };
  });
  const open = verdicts.filter((verdict) => !verdict.confirmed);
  return {
    held: open.map(({ policy }) => policy),
    pending: open.flatMap(({ policy, firstListingAt }) =>
      firstListingAt === undefined ? [] : [{ policy, firstListingAt }],
    ),
  };
}

function missingIn({ listed, served }: ListingFacts): readonly string[] {
  if (served === null) return listed.size === 0 ? [EVERY_POLICY] : [];
  return served.filter((id) => !listed.has(id));
}

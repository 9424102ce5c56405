import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/coded-error.ts';
import type { SnapshotHolder } from '../../pdp/snapshot-holder.ts';
import { DOMAINS } from '../../policy/action.ts';
import { type KnownPolicy, removePolicyState } from '../../store/policy-state.ts';
import type { SupplyFacts } from './policy-messages.ts';
import type { PolicyThread } from './policy-thread.ts';

/** How long each step waits for a thread that is busy. */
const PATIENCE_MS = 2_000;

export interface ReleasedState {
  /** What was known; null where the thread could not say. */
  readonly known: KnownPolicy | null;
  /** Why something is still there; null = nothing is. */
  readonly trouble: string | null;
}

/**
 * What serves lets go of the organisation at once; then the thread that made it ends, with all that it remembers, and
 * what is on the disk is removed. A thread that cannot do its part is ended all the same.
 */
export async function releaseState(thread: PolicyThread, stateDirectory: string): Promise<ReleasedState> {
  const known = await thread.askInTime({ kind: 'release' }, PATIENCE_MS);
  await Promise.race([thread.close(PATIENCE_MS), sleep(2 * PATIENCE_MS, null, { ref: false })]);
  try {
    await removePolicyState(stateDirectory);
    return { known, trouble: null };
  } catch (error) {
    return { known, trouble: `the state could not be removed: ${messageOf(error)}` };
  }
}

/** What was known, by what serves. */
export function servedPolicy(
  holder: Pick<SnapshotHolder, 'current'>,
  { organisation: org }: Pick<SupplyFacts, 'organisation'>,
): KnownPolicy {
  const policy = holder.current()?.policy;
  if (org === null || policy === undefined) return { org, revision: null, governed: [] };
  return { org, revision: policy.revision, governed: DOMAINS.filter((domain) => policy.domains[domain].governed) };
}

import type { Clock } from '../../base/clock.ts';
import type { MountTrees } from '../../realpath/mount-trees.ts';
import type { PolicySource } from '../../sources/source.ts';
import { DEFAULT_LIMITS } from '../status/staleness.ts';
import type { PolicyDesk } from './policy-desk.ts';
import { ageNow } from './policy-inputs.ts';
import type { SupplyFacts } from './policy-messages.ts';

/** What they are read from. */
export interface FactSources {
  readonly desk: PolicyDesk;
  readonly source: PolicySource | null;
  readonly mounts: () => MountTrees;
  readonly clock: Clock;
}

/** What `status` shows of the supply, as it is now. */
export function factsOf({ desk, source, mounts, clock }: FactSources): SupplyFacts {
  const { listing, warnings } = desk.local.current();
  const org = desk.activator.org();
  const age = ageNow(desk.facts, org);
  const terms = org.kind === 'delivered' ? org.terms : null;
  const policyTime = desk.facts.now();
  return {
    organisation: desk.store.enrolledOrg(),
    confirmedAt: age.kind === 'known' ? age.since : null,
    notBefore: policyTime > clock.now() ? policyTime : null,
    limits: terms?.staleness ?? DEFAULT_LIMITS,
    terms,
    rollbackProtection: org.kind === 'delivered' && org.terms !== null,
    source: source?.status() ?? null,
    localFiles: listing.filter((file) => file.uid === null),
    localWarnings: warnings,
    mounts: mounts(),
  };
}

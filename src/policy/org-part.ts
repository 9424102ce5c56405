import { DOMAINS } from './action.ts';
import type { BundleChange } from './bundle-terms.ts';
import { changeBehind } from './change-behind.ts';
import { type Draft, placeOf, placeRules } from './placement.ts';
import { type PolicyReading, readPolicy } from './policy-document.ts';
import type { PerDomain, PolicySet } from './policy-set.ts';
import { frameKey, ownMachineKey, type Section, type SectionFrame, sectionOf } from './section.ts';
import type { DomainState } from './snapshot.ts';

/** What the org's policies say at one time, their rules apart. */
interface OrgFacts {
  /** Whether a policy of the domain takes part. */
  readonly hasPolicy: PerDomain<boolean>;
  /** By policy id. */
  readonly changes: ReadonlyMap<string, BundleChange>;
  readonly nextChange: number | null;
  readonly awaitsVerified: number | null;
}

/**
 * The org's section with everything that it was made from, so that it can stand in for the same policies later: after a
 * change of something else, or after a restart. Plain data.
 */
export interface OrgPart {
  readonly digest: string;
  readonly frame: string;
  /** The homes and links that its rules have to do with. */
  readonly machine: string;
  /** When it was judged what takes part. */
  readonly now: number;
  readonly facts: OrgFacts;
  readonly section: Section;
}

export interface OrgSection {
  readonly states: PerDomain<DomainState>;
  readonly facts: OrgFacts;
  readonly section: Section;
  readonly part: OrgPart | null;
}

/** How the domains are ruled follows from what takes part. */
type StatesOf = (hasPolicy: PerDomain<boolean>) => PerDomain<DomainState>;

export function orgSection(
  set: PolicySet,
  kept: OrgPart | null,
  frameOf: (states: PerDomain<DomainState>) => SectionFrame,
  statesOf: StatesOf,
): OrgSection {
  if (kept !== null && holds(kept, set)) {
    const states = statesOf(kept.facts.hasPolicy);
    const frame = frameOf(states);
    if (kept.frame === orgFrame(set, frame) && kept.machine === ownMachineKey(kept.section, frame)) {
      return { states, facts: kept.facts, section: kept.section, part: kept };
    }
  }
  const policies = readPolicies(set);
  const facts = factsOf(policies);
  const states = statesOf(facts.hasPolicy);
  const frame = frameOf(states);
  const section = sectionOf('org', frame, (draft) => {
    for (const policy of policies) placePolicy(draft, policy);
  });
  const digest = set.stored?.digest;
  if (digest === undefined) return { states, facts, section, part: null };
  const madeFrom = { frame: orgFrame(set, frame), machine: ownMachineKey(section, frame), now: set.now };
  return { states, facts, section, part: { digest, ...madeFrom, facts, section } };
}

/** The same policies, and no time that any of them names has come since. */
function holds({ digest, now, facts }: OrgPart, set: PolicySet): boolean {
  const { nextChange, awaitsVerified } = facts;
  if (set.stored?.digest !== digest || set.now < now) return false;
  if (nextChange !== null && set.now >= nextChange) return false;
  return awaitsVerified === null || (set.verifiedNow ?? 0) < awaitsVerified;
}

function orgFrame({ teams }: PolicySet, frame: SectionFrame): string {
  return JSON.stringify([teams, frameKey(frame)]);
}

/** In code-unit order of their ids, so that the determining rule does not depend on a locale. */
function readPolicies(set: PolicySet): readonly PolicyReading[] {
  const raw = set.stored?.load() ?? set.policies;
  return raw
    .map((policy, position) => readPolicy(policy, set, position))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function factsOf(policies: readonly PolicyReading[]): OrgFacts {
  const documents = policies.filter((policy) => policy.kind === 'policy');
  const hasPolicy = (domain: (typeof DOMAINS)[number]): boolean =>
    documents.some((policy) => policy.inactive === null && policy.domains.includes(domain));
  return {
    hasPolicy: { network: hasPolicy('network'), filesystem: hasPolicy('filesystem') },
    changes: new Map(documents.map((policy) => [policy.id, policy.change])),
    nextChange: earliest(documents.map((policy) => policy.nextChange)),
    awaitsVerified: earliest(documents.map((policy) => policy.awaitsVerified)),
  };
}

function earliest(instants: readonly (number | null)[]): number | null {
  return instants.reduce((first, next) => (next === null || (first !== null && first < next) ? first : next), null);
}

function placePolicy(draft: Draft, policy: PolicyReading): void {
  if (policy.kind === 'rejected') {
    // What it says may be a deny that this version does not know: nothing is granted beside it.
    const reason = `policy \`${policy.id}\` cannot be evaluated: ${policy.cause}`;
    draft.warnings.push({ code: 'policy_rejected', message: reason });
    draft.issues.push({ rule: policy.id, refused: true, message: reason });
    for (const domain of DOMAINS)
      draft.closures.push({ domain, code: 'policy_invalid', reason, uid: null, byOrg: true });
    return;
  }
  const { inactive, unsupported, change } = policy;
  const changed = changeBehind(change, null);
  if (unsupported !== null) draft.issues.push({ rule: policy.id, refused: true, message: unsupported });
  if (inactive !== null) {
    draft.warnings.push({ code: 'policy_inactive', message: `policy \`${policy.id}\` takes no part: ${inactive}` });
  }
  placeRules(draft, policy.rules, placeOf('org', policy.id, { ...policy, policyName: policy.name, changed }));
}

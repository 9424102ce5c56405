import { shown } from '../base/shown.ts';
import type { Domain } from './action.ts';
import type { Effect, Origin } from './decision.ts';
import type { PerDomain, PolicySet } from './policy-set.ts';
import { isNarrowPath } from './resource/narrow-path.ts';
import { isNarrowNetwork } from './resource/network-pattern.ts';
import type { ReadRule } from './rule.ts';
import type { RuleResource } from './rule-resource.ts';
import type { DomainState } from './snapshot.ts';

/** Who rules each domain (semantics, 5). */
export function domainStates(set: PolicySet, hasPolicies: PerDomain<boolean>): PerDomain<DomainState> {
  const stateOf = (domain: Domain): DomainState => {
    const hasPolicy = hasPolicies[domain];
    const sticky = set.wasGoverned.includes(domain);
    const governed = set.governs[domain] ?? (hasPolicy || sticky);
    // Delivery, "Staleness": restrict switches off what the org leaves to others.
    const lenient = set.staleness === 'fresh' || set.staleness === 'warn';
    return {
      governed,
      delegated: governed && lenient && set.delegated[domain] === true,
      monitored: governed && lenient && set.monitored[domain] === true,
      delegationSuspended: governed && !lenient && set.delegated[domain] === true,
      noPoliciesLeft: governed && !hasPolicy,
    };
  };
  return { network: stateOf('network'), filesystem: stateOf('filesystem') };
}

/** The table of semantics, 5: why a rule of this origin takes no part in its domain; null = it does. */
export function precedenceCause(origin: Origin, rule: ReadRule, state: DomainState): string | null {
  const { domain, effect } = rule;
  switch (origin) {
    case 'builtin':
      return null;
    case 'org':
      return effect === 'deny' || state.governed ? null : `the organisation does not govern the ${domain} domain`;
    case 'local':
      return effect === 'deny' || !state.governed ? null : governedLocalAllow(rule, state);
    case 'preset':
      return state.governed ? `the organisation governs the ${domain} domain` : null;
  }
}

function governedLocalAllow(rule: ReadRule, state: DomainState): string | null {
  if (state.delegationSuspended) return `the policy is too old for the ${rule.domain} domain to stay delegated`;
  if (!state.delegated) return `the organisation governs the ${rule.domain} domain and does not delegate it`;
  const wide = widestOf(rule);
  return wide === undefined
    ? null
    : `${shown(wide.text)} is too wide for a delegated domain: name the host, path or a smaller range`;
}

/** A local allow that a delegated domain refuses for its width: something to tell whoever writes it. */
export function isTooWide(rule: ReadRule, state: DomainState): boolean {
  return rule.effect === 'allow' && state.delegated && widestOf(rule) !== undefined;
}

function widestOf(rule: ReadRule): RuleResource | undefined {
  return rule.resources.find((resource) => !isNarrow(resource));
}

/** Semantics, 5 "Narrow". What matches nothing widens nothing. */
function isNarrow(resource: RuleResource): boolean {
  switch (resource.kind) {
    case 'network':
      return isNarrowNetwork(resource.pattern);
    case 'path':
      return isNarrowPath(resource.pattern);
    case 'inert':
      return true;
  }
}

/** An org deny also counts where the org does not govern; that deserves a warning. */
export function isUngovernedDeny(origin: Origin, effect: Effect, state: DomainState): boolean {
  return origin === 'org' && effect === 'deny' && !state.governed;
}

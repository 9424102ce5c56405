import { DOMAINS } from './action.ts';
import type { Origin } from './decision.ts';
import { type BuiltLayer, LayerBuilder } from './layer.ts';
import { type Draft, placeOf, placeRules } from './placement.ts';
import { type PolicyReading, readPolicy } from './policy-document.ts';
import type { HostFacts, LocalFileInput, PerDomain, PolicySet } from './policy-set.ts';
import { domainStates } from './precedence.ts';
import { type Prefix, readAddress, readPrefix } from './resource/address.ts';
import type { Compilation, DomainClosure, DomainState } from './snapshot.ts';

/** One origin's part of a compiled policy. */
export interface Section extends Omit<Draft, 'states' | 'placed'>, BuiltLayer {}

/**
 * Hands out a section that was made before. Builtin rules and presets are the same in every set of one program, so
 * whoever compiles many sets may keep theirs; `key` says what else they depend on.
 */
export type Reuse = (key: string, make: () => Section) => Section;

/**
 * Makes everything that a decision needs out of everything that was delivered. Total: what cannot be evaluated
 * closes, or is listed as inert, as semantics 5 says; it never throws and never drops anything else.
 */
export function compile(set: PolicySet, reuse: Reuse = (_key, make) => make()): Compilation {
  const policies = set.policies
    .map((raw, position) => readPolicy(raw, set, position))
    .sort(byKey((policy) => policy.id));
  const states = domainStates(set, policies);
  const { host, preset } = set;
  const section = (origin: Origin, place: (draft: Draft) => void): Section => sectionOf(origin, states, host, place);
  const common = JSON.stringify([states, host.platform, [...host.homes], [...host.links], host.foldingMounts]);
  const sections = [
    reuse(`builtin ${common}`, () =>
      section('builtin', (draft) => placeRules(draft, set.builtin, placeOf('builtin', 'reeve'))),
    ),
    section('org', (draft) => {
      for (const policy of policies) placePolicy(draft, policy);
    }),
    section('local', (draft) => {
      for (const file of [...set.local].sort(byKey((file) => file.name))) placeFile(draft, file);
    }),
    reuse(`preset ${preset?.name ?? ''} ${common}`, () =>
      section('preset', (draft) => {
        if (preset !== null) placeRules(draft, preset.rules, placeOf('preset', preset.name));
      }),
    ),
  ];
  return assemble(set, policies, states, sections);
}

function sectionOf(
  origin: Origin,
  states: PerDomain<DomainState>,
  host: HostFacts,
  place: (draft: Draft) => void,
): Section {
  const placed = new LayerBuilder(origin, host);
  const draft: Draft = { states, placed, closures: [], listing: [], warnings: [], issues: [] };
  place(draft);
  const { closures, listing, warnings, issues } = draft;
  return { ...placed.build(), closures, listing, warnings, issues };
}

function assemble(
  set: PolicySet,
  policies: readonly PolicyReading[],
  states: PerDomain<DomainState>,
  sections: readonly Section[],
): Compilation {
  const documents = policies.filter((policy) => policy.kind === 'policy');
  return {
    revision: set.revision,
    domains: states,
    closures: [...setClosures(set, states), ...sections.flatMap((section) => section.closures)],
    layers: sections.map((section) => section.layer),
    listing: sections.flatMap((section) => section.listing),
    warnings: sections.flatMap((section) => section.warnings),
    issues: sections.flatMap((section) => section.issues),
    changes: new Map(documents.map((policy) => [policy.id, policy.change])),
    host: set.host,
    literalPrefixes: [...new Set(sections.flatMap((section) => section.prefixes))],
    nat64: set.host.nat64Prefixes.flatMap(prefixOf),
    metadata: set.host.metadataAddresses.flatMap((text) => readAddress(text) ?? []),
    staleness: set.staleness,
    supportMessage: set.supportMessage,
    nextChange: earliest(documents.map((policy) => policy.nextChange)),
    awaitsVerified: earliest(documents.map((policy) => policy.awaitsVerified)),
  };
}

function earliest(instants: readonly (number | null)[]): number | null {
  return instants.reduce((first, next) => (next === null || (first !== null && first < next) ? first : next), null);
}

function setClosures(set: PolicySet, states: PerDomain<DomainState>): DomainClosure[] {
  const closures: DomainClosure[] = [];
  for (const domain of DOMAINS) {
    const closed = set.closed[domain];
    if (closed !== undefined) closures.push({ domain, code: closed.code, reason: closed.reason, uid: null });
    if (set.staleness === 'block' && states[domain].governed) {
      const reason = 'the policy is too old to be trusted: reconnect this machine to its policy source';
      closures.push({ domain, code: 'policy_stale', reason, uid: null });
    }
  }
  return closures;
}

function placePolicy(draft: Draft, policy: PolicyReading): void {
  if (policy.kind === 'rejected') {
    // What it says may be a deny that this version does not know: nothing is granted beside it.
    const reason = `policy \`${policy.id}\` cannot be evaluated: ${policy.cause}`;
    draft.warnings.push({ code: 'policy_rejected', message: reason });
    draft.issues.push({ rule: policy.id, refused: true, message: reason });
    for (const domain of DOMAINS) draft.closures.push({ domain, code: 'policy_invalid', reason, uid: null });
    return;
  }
  const { inactive, unsupported } = policy;
  if (unsupported !== null) draft.issues.push({ rule: policy.id, refused: true, message: unsupported });
  if (inactive !== null) {
    draft.warnings.push({ code: 'policy_inactive', message: `policy \`${policy.id}\` takes no part: ${inactive}` });
  }
  placeRules(draft, policy.rules, placeOf('org', policy.id, { ...policy, policyName: policy.name }));
}

function placeFile(draft: Draft, file: LocalFileInput): void {
  for (const domain of file.broken === undefined ? [] : DOMAINS) {
    // The file may have held denies: what local files may govern is closed (delivery, "Local override files").
    const { governed, delegated } = draft.states[domain];
    if (governed && !delegated) continue;
    const reason = `local file \`${file.name}\` cannot be used: ${file.broken ?? ''}`;
    draft.closures.push({ domain, code: 'local_invalid', reason, uid: file.uid });
  }
  placeRules(draft, file.rules, placeOf('local', file.name, { uid: file.uid, allowsInert: file.allowsInert ?? null }));
}

/** The config's own reader has refused what is no prefix; what slipped through matches nothing. */
function prefixOf(text: string): Prefix[] {
  const reading = readPrefix(text);
  return reading.kind === 'prefix' ? [reading.prefix] : [];
}

/** Code-unit order, so that the determining rule does not depend on a locale. */
function byKey<T>(keyOf: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);
}

import { DOMAINS } from './action.ts';
import type { BundleChange } from './bundle-terms.ts';
import { changeBehind } from './change-behind.ts';
import type { Compilation } from './compilation.ts';
import { type OrgPart, type OrgSection, orgSection } from './org-part.ts';
import { type Draft, placeOf, placeRules } from './placement.ts';
import type { LocalFileInput, PerDomain, PolicySet } from './policy-set.ts';
import { domainStates } from './precedence.ts';
import { type Prefix, readAddress, readPrefix } from './resource/address.ts';
import { frameKey, machineKey, type Section, type SectionFrame, sectionOf } from './section.ts';
import type { DomainClosure, DomainState, ListedRule } from './snapshot.ts';

/**
 * Hands out a section that was made before. Builtin rules and presets are the same in every set of one program, so
 * whoever compiles many sets may keep theirs; `key` says what else they depend on.
 */
export type Reuse = (key: string, make: () => Section) => Section;

export interface CompileOptions {
  readonly reuse?: Reuse;
  /** Of an earlier compile; taken where it still holds. */
  readonly org?: OrgPart | null;
  /** Leaves the listing out, which costs as much as the rules. */
  readonly unlisted?: boolean;
}

/**
 * Makes everything that a decision needs out of everything that was delivered. Total: what cannot be evaluated
 * closes, or is listed as inert, as semantics 5 says; it never throws and never drops anything else.
 */
export function compile(set: PolicySet, options: CompileOptions = {}): Compilation {
  const { reuse = anew, org: kept = null, unlisted = false } = options;
  const { host, preset } = set;
  const frameOf = (states: PerDomain<DomainState>): SectionFrame => ({ states, host, unlisted });
  const org = orgSection(set, kept, frameOf, (hasPolicy) => domainStates(set, hasPolicy));
  const frame = frameOf(org.states);
  const key = `${frameKey(frame)} ${machineKey(frame)}`;
  const sections = [
    reuse(`builtin ${key}`, () =>
      sectionOf('builtin', frame, (draft) => placeRules(draft, set.builtin, placeOf('builtin', 'reeve'))),
    ),
    org.section,
    sectionOf('local', frame, (draft) => {
      for (const file of [...set.local].sort(byName)) placeFile(draft, file);
    }),
    reuse(`preset ${preset?.name ?? ''} ${key}`, () =>
      sectionOf('preset', frame, (draft) => {
        if (preset !== null) placeRules(draft, preset.rules, placeOf('preset', preset.name));
      }),
    ),
  ];
  return assemble(set, org, sections);
}

const NO_RULES = { active: 0, inactive: 0 };

const anew: Reuse = (_key, make) => make();

function assemble(set: PolicySet, { states, facts, part }: OrgSection, sections: readonly Section[]): Compilation {
  const count = (which: 'active' | 'inactive'): number => sections.reduce((sum, { counts }) => sum + counts[which], 0);
  const local = sections.find(({ layer }) => layer.origin === 'local');
  return {
    revision: set.revision,
    domains: states,
    closures: [...setClosures(set, states), ...sections.flatMap((section) => section.closures)],
    layers: sections.map((section) => section.layer),
    listing: sections.flatMap((section) => listingOf(section, set.change)),
    counts: { active: count('active'), inactive: count('inactive'), local: local?.counts ?? NO_RULES },
    warnings: sections.flatMap((section) => section.warnings),
    issues: sections.flatMap((section) => section.issues),
    org: part,
    changes: facts.changes,
    host: set.host,
    literalPrefixes: [...new Set(sections.flatMap((section) => section.prefixes))],
    nat64: set.host.nat64Prefixes.flatMap(prefixOf),
    metadata: set.host.metadataAddresses.flatMap((text) => readAddress(text) ?? []),
    staleness: set.staleness,
    supportMessage: set.supportMessage,
    change: set.change,
    nextChange: nextChangeOf(set, facts.nextChange),
    awaitsVerified: facts.awaitsVerified,
  };
}

/** The bundle's word is added here: a section stands in for the same policies in another bundle too. */
function listingOf({ layer, listing }: Section, change: BundleChange | null): readonly ListedRule[] {
  if (layer.origin !== 'org' || change === null) return listing;
  return listing.map((rule) => {
    const changed = changeBehind(rule.changed ?? null, change);
    return changed === null ? rule : { ...rule, changed };
  });
}

function setClosures(set: PolicySet, states: PerDomain<DomainState>): DomainClosure[] {
  const closures: DomainClosure[] = [];
  for (const domain of DOMAINS) {
    const closed = set.closed[domain];
    if (closed !== undefined) closures.push({ domain, ...closed, uid: null, byOrg: false });
    // Delivery, "Staleness": an end or an age counts where the org governs, delegated or not; elsewhere `status` warns.
    if (!states[domain].governed) continue;
    if (hasExpired(set)) closures.push({ domain, code: 'policy_expired', reason: EXPIRED, uid: null, byOrg: true });
    if (set.staleness === 'block')
      closures.push({ domain, code: 'policy_stale', reason: STALE, uid: null, byOrg: true });
  }
  return closures;
}

const EXPIRED = 'the organisation’s policy has expired: this machine needs a newer one from its policy source';
const STALE = 'the policy is too old to be trusted: this machine needs a newer one from its policy source';

/** There is no grace: the moment itself is over already. */
function hasExpired({ expiresAt, now }: PolicySet): boolean {
  return expiresAt !== null && now >= expiresAt;
}

function nextChangeOf(set: PolicySet, ofPolicies: number | null): number | null {
  if (set.expiresAt === null || hasExpired(set)) return ofPolicies;
  return ofPolicies === null ? set.expiresAt : Math.min(set.expiresAt, ofPolicies);
}

function placeFile(draft: Draft, file: LocalFileInput): void {
  for (const domain of file.broken === undefined ? [] : DOMAINS) {
    // The file may have held denies: what local files may govern is closed (delivery, "Local override files").
    const { governed, delegated } = draft.states[domain];
    if (governed && !delegated) continue;
    const reason = `local file \`${file.name}\` cannot be used: ${file.broken ?? ''}`;
    draft.closures.push({ domain, code: 'local_invalid', reason, uid: file.uid, byOrg: false });
  }
  placeRules(draft, file.rules, placeOf('local', file.name, { uid: file.uid, allowsInert: file.allowsInert ?? null }));
}

/** The config's own reader has refused what is no prefix; what slipped through matches nothing. */
function prefixOf(text: string): Prefix[] {
  const reading = readPrefix(text);
  return reading.kind === 'prefix' ? [reading.prefix] : [];
}

/** Code-unit order, so that the determining rule does not depend on a locale. */
function byName(a: LocalFileInput, b: LocalFileInput): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

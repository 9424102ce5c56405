import { shown } from '../base/shown.ts';
import { actionsOf, DOMAINS, type Domain } from './action.ts';
import type { SourcedChange } from './change-behind.ts';
import type { Origin } from './decision.ts';
import type { PlacedRule } from './placed-rule.ts';
import type { PerDomain } from './policy-set.ts';
import { isTooWide, isUngovernedDeny, precedenceCause } from './precedence.ts';
import { type ReadRule, type RuleReading, readRule } from './rule.ts';
import type { RuleHead } from './rule-shape.ts';
import type { DomainClosure, DomainState, ListedRule, PlacedIssue, PolicyWarning } from './snapshot.ts';

/** Where a list of raw rules stands, and what that place already decides about them. */
export interface Place {
  readonly origin: Origin;
  readonly policy: string;
  readonly policyName: string;
  /** The domain of its policy (semantics, 1: exactly one); empty where rules stand outside a policy. */
  readonly domains: readonly Domain[];
  readonly approval: boolean;
  readonly uid: number | null;
  /** Why nothing in it takes part. */
  readonly inactive: string | null;
  readonly allowsInert: string | null;
  readonly deniesInert: string | null;
  /** Who last changed it, as far as it says. */
  readonly changed: SourcedChange | null;
}

/** What compiling has gathered so far of one origin. */
export interface Draft {
  readonly states: PerDomain<DomainState>;
  /** Takes each rule that can be evaluated, and keeps what of it is needed. */
  readonly placed: { add(rule: PlacedRule): void };
  readonly closures: DomainClosure[];
  readonly listing: ListedRule[];
  readonly warnings: PolicyWarning[];
  readonly issues: PlacedIssue[];
  /** Nobody asks for the listing, whose entries cost as much as the rules: it stays empty. */
  readonly unlisted: boolean;
  readonly counts: { active: number; inactive: number };
}

export function placeOf(origin: Origin, policy: string, facts: Partial<Place> = {}): Place {
  const counts = { inactive: null, allowsInert: null, deniesInert: null };
  return {
    origin,
    policy,
    policyName: policy,
    domains: [],
    approval: false,
    uid: null,
    ...counts,
    changed: null,
    ...facts,
  };
}

/** Adds the rules of one policy, file or preset; each is judged for itself and none makes another fall. */
export function placeRules(draft: Draft, rules: readonly unknown[], place: Place): void {
  const author = place.origin === 'org' ? 'org' : 'local';
  let position = 0;
  for (const raw of rules) {
    placeRule(draft, readRule(raw, author, position), place);
    position += 1;
  }
}

function placeRule(draft: Draft, reading: RuleReading, place: Place): void {
  for (const issue of reading.issues) draft.issues.push({ rule: reading.head.id, ...issue });
  if (place.inactive !== null) {
    list(draft, reading, place, place.inactive);
  } else if (reading.kind === 'inert') {
    list(draft, reading, place, reading.cause);
  } else if (reading.kind === 'unparsable') {
    placeUnparsable(draft, reading, place, { closes: reading.closes, cause: reading.cause });
  } else if (!belongs(reading.rule, place)) {
    const cause = 'its policy belongs to another domain: a policy speaks about one domain only';
    draft.issues.push({ rule: reading.head.id, refused: true, message: cause });
    placeUnparsable(draft, reading, place, { closes: [reading.rule.domain], cause });
  } else {
    placeReadable(draft, reading.rule, reading.head, place);
  }
}

function placeReadable(draft: Draft, read: ReadRule, head: RuleHead, place: Place): void {
  const state = draft.states[read.domain];
  const inert =
    (read.effect === 'allow' ? place.allowsInert : place.deniesInert) ?? precedenceCause(place.origin, read, state);
  const { policy, policyName, approval, uid } = place;
  if (place.origin === 'local' && inert !== null && isTooWide(read, state)) {
    draft.issues.push({ rule: head.id, refused: true, message: inert });
  }
  draft.placed.add({ read, policy, policyName, approval, uid, inert });
  if (draft.unlisted) draft.counts[inert === null ? 'active' : 'inactive'] += 1;
  else listReadable(draft, { head, read, inert }, place);
  if (inert === null && isUngovernedDeny(place.origin, read.effect, state)) {
    const message = `org deny ${shown(head.id)} counts although the organisation does not govern the ${read.domain} domain`;
    draft.warnings.push({ code: 'ungoverned_deny', message });
  }
}

interface Readable {
  readonly head: RuleHead;
  readonly read: ReadRule;
  readonly inert: string | null;
}

function listReadable(draft: Draft, { head, read, inert }: Readable, place: Place): void {
  const still = read.resources.find((resource) => resource.kind === 'inert');
  const cause = inert ?? (still === undefined ? null : `${shown(still.text)} matches nothing here: ${still.cause}`);
  // what a local rule left out is listed as it counts
  const actions = head.actions.length > 0 ? head.actions : actionsOf(read.actions);
  list(draft, { head: { ...head, actions }, domain: read.domain, active: inert === null }, place, cause);
}

/** Semantics, 5: a deny that cannot be evaluated closes its policy's domain and its own; an allow is inert. */
function placeUnparsable(
  draft: Draft,
  reading: { readonly head: RuleHead },
  place: Place,
  fault: { readonly closes: readonly Domain[]; readonly cause: string },
): void {
  const { head } = reading;
  list(draft, reading, place, `cannot be evaluated: ${fault.cause}`);
  const message = `rule ${shown(head.id)} of ${shown(place.policy)} cannot be evaluated: ${fault.cause}`;
  draft.warnings.push({ code: 'rule_unparsable', message });
  if (head.decision === 'allow' || place.deniesInert !== null) return;
  const named = new Set([...fault.closes, ...place.domains]);
  for (const domain of DOMAINS) {
    if (named.size > 0 && !named.has(domain)) continue;
    draft.closures.push({
      domain,
      code: 'policy_invalid',
      reason: message,
      uid: place.uid,
      byOrg: place.origin === 'org',
    });
  }
}

function belongs(rule: ReadRule, place: Place): boolean {
  return place.domains.length === 0 || (place.domains.length === 1 && place.domains[0] === rule.domain);
}

interface Listable {
  readonly head: RuleHead;
  readonly domain?: Domain;
  readonly active?: boolean;
}

function list(draft: Draft, { head, domain, active = false }: Listable, place: Place, cause: string | null): void {
  if (active) draft.counts.active += 1;
  else draft.counts.inactive += 1;
  if (draft.unlisted) return;
  draft.listing.push({
    id: head.id,
    name: head.name,
    policy: place.policy,
    policy_name: place.policyName,
    origin: place.origin,
    decision: head.decision,
    domain: domain ?? null,
    actions: head.actions,
    resources: head.resources,
    active,
    ...(cause === null ? {} : { cause }),
    ...(place.changed === null ? {} : { changed: place.changed }),
  });
}

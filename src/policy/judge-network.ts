import { ACTION_BIT } from './action.ts';
import {
  type DenyAliases,
  denyAliases,
  denyForms,
  type GuardHit,
  guardedRanges,
  isMetadata,
  liftsGuard,
  nameLiftsGuard,
} from './address-guard.ts';
import { visitAddress, visitAny, visitName } from './index/network-index.ts';
import type { Layer } from './layer.ts';
import { destinationText, type NetworkRequest } from './request.ts';
import type { Address } from './resource/address.ts';
import type { Hostname } from './resource/hostname.ts';
import type { CompiledPolicy } from './snapshot.ts';
import {
  APPROVAL_REASON,
  type Asked,
  type Asker,
  addClosures,
  type Cause,
  counts,
  DENY_CODE,
  emptiedNote,
  firstMatch,
  type Match,
  ruleOf,
  targetAt,
  targetOf,
  uidOf,
  type Verdict,
} from './verdict.ts';

type Visit = (target: number) => void;

export function judgeNetwork(policy: CompiledPolicy, request: NetworkRequest, asker: Asker): Verdict {
  const asked = askedOf(request, asker);
  const causes: Cause[] = [];
  addClosures(causes, policy, 'network', asked.uid);
  addDenies(causes, policy, request, asked);
  addGuard(causes, policy, request, asked);
  for (const layer of policy.layers) if (layer.asksApproval) addApproval(causes, layer, request, asked);
  const grant = firstGrant(policy, request, asked);
  if (grant === null) causes.push({ code: 'default_deny', reason: missingAllow(policy, request), match: null });
  return { grant, causes };
}

export function askedOf(request: NetworkRequest, asker: Asker): Asked {
  // `~` means nothing here: `ordinary` is a question of paths.
  return { actions: ACTION_BIT[request.action], port: request.port, uid: uidOf(request, asker), ordinary: true };
}

/** Everything that deny rules test the destination as (Names 5 and 6). */
export function formsDenied(policy: CompiledPolicy, { name, addresses }: NetworkRequest): DenyAliases {
  const forms = { names: [] as Hostname[], addresses: [] as Address[] };
  if (name !== null) {
    forms.names.push(name);
    add(forms, denyAliases(name));
  }
  for (const address of addresses) add(forms, denyForms(address, policy.nat64));
  return forms;
}

function add(forms: { readonly names: Hostname[]; readonly addresses: Address[] }, more: DenyAliases): void {
  for (const name of more.names) forms.names.push(name);
  for (const address of more.addresses) forms.addresses.push(address);
}

/** Calls `visit` for every target that some denied form of the destination matches. */
export function visitDenies(layer: Layer, forms: DenyAliases, visit: Visit): void {
  for (const name of forms.names) visitName(layer.network, name, visit);
  for (const address of forms.addresses) visitAddress(layer.network, address, visit);
  visitAny(layer.network, visit);
}

/** Calls `visit` for every target that matches the name, or any address, as it stands. */
export function visitDestination(layer: Layer, request: NetworkRequest, visit: Visit): void {
  if (request.name !== null) visitName(layer.network, request.name, visit);
  for (const address of request.addresses) visitAddress(layer.network, address, visit);
  visitAny(layer.network, visit);
}

function addDenies(causes: Cause[], policy: CompiledPolicy, request: NetworkRequest, asked: Asked): void {
  let forms: DenyAliases | null = null;
  for (const layer of policy.layers) {
    if (!layer.speaks.network.deny) continue;
    const denied = (forms ??= formsDenied(policy, request));
    const match = firstMatch(layer, 'deny', asked, (visit) => visitDenies(layer, denied, visit));
    if (match === null) continue;
    causes.push({ code: DENY_CODE[layer.origin], reason: `it matches \`${targetOf(match).text}\``, match });
  }
}

/** Semantics, 4.7: an approval policy that allows the name or any address asks for approval, whoever else allows it. */
function addApproval(causes: Cause[], layer: Layer, request: NetworkRequest, asked: Asked): void {
  const match = firstMatch(layer, 'allow', asked, (visit) =>
    visitDestination(layer, request, (target) => {
      if (ruleOf(layer, target).approval) visit(target);
    }),
  );
  if (match !== null) causes.push({ code: 'approval_required', reason: APPROVAL_REASON, match });
}

/**
 * Semantics, 4.2: granted if the name is allowed, or if every address is: by an address or CIDR rule, or, where there
 * is no name, by `**`. The determining rule is the first of all that are part of a way in which it is granted.
 */
function firstGrant(policy: CompiledPolicy, request: NetworkRequest, asked: Asked): Match | null {
  const byName =
    request.name === null ? null : firstAllow(policy, asked, (layer, visit) => visitNameAllows(layer, request, visit));
  const byAddress = firstForAll(policy, request, asked);
  if (byName === null || byAddress === null) return byName ?? byAddress;
  return precedes(policy, byAddress, byName) ? byAddress : byName;
}

function visitNameAllows(layer: Layer, { name }: NetworkRequest, visit: Visit): void {
  if (name !== null) visitName(layer.network, name, visit);
  visitAny(layer.network, visit);
}

function firstForAll(policy: CompiledPolicy, request: NetworkRequest, asked: Asked): Match | null {
  let first: Match | null = null;
  for (const address of request.addresses) {
    const match = firstAllow(policy, asked, (layer, visit) => {
      visitAddress(layer.network, address, visit);
      if (request.name === null) visitAny(layer.network, visit);
    });
    if (match === null) return null;
    if (first === null || precedes(policy, match, first)) first = match;
  }
  return first;
}

function firstAllow(
  policy: CompiledPolicy,
  asked: Asked,
  visitAll: (layer: Layer, visit: Visit) => void,
): Match | null {
  for (const layer of policy.layers) {
    if (!layer.speaks.network.allow) continue;
    const match = firstMatch(layer, 'allow', asked, (visit) => visitAll(layer, visit));
    if (match !== null) return match;
  }
  return null;
}

function precedes(policy: CompiledPolicy, one: Match, other: Match): boolean {
  if (one.layer === other.layer) return one.target < other.target;
  return policy.layers.indexOf(one.layer) < policy.layers.indexOf(other.layer);
}

/** Semantics, 4.3: what a name may not lead to, and metadata services even without a name. */
function addGuard(causes: Cause[], policy: CompiledPolicy, request: NetworkRequest, asked: Asked): void {
  for (const address of request.addresses) {
    const hits = guardedRanges(address, policy.metadata, policy.nat64);
    if (hits.length === 0) continue;
    const standing = hits.filter((hit) => appliesTo(request, hit) && !isLifted(policy, address, hit, asked));
    // A metadata service is the better reason: it needs the narrower allow.
    const hit = standing.find(isMetadata) ?? standing[0];
    if (hit === undefined) continue;
    causes.push({ code: 'address_guard', reason: guardReason(request, address, hit), match: null });
    return;
  }
}

function appliesTo({ name }: NetworkRequest, hit: GuardHit): boolean {
  return name === null ? isMetadata(hit) : !nameLiftsGuard(name, hit);
}

function isLifted(policy: CompiledPolicy, address: Address, hit: GuardHit, asked: Asked): boolean {
  return policy.layers.some((layer) => {
    let lifted = false;
    visitAddress(layer.network, address, (target) => {
      const pattern = targetAt(layer, target).network;
      lifted ||= pattern !== null && counts(layer, target, 'allow', asked) && liftsGuard(pattern, address, hit);
    });
    return lifted;
  });
}

function guardReason({ name }: NetworkRequest, address: Address, hit: GuardHit): string {
  const what = hit.direct ? address.text : `${address.text}, which carries ${hit.form.text},`;
  const kind = isMetadata(hit)
    ? 'a metadata service'
    : `${hit.range.name === 'unspecified' ? 'an' : 'a'} ${hit.range.name} address`;
  const lead = name === null ? `${what} is ${kind}` : `\`${name}\` leads to ${what}${hit.direct ? ',' : ''} ${kind}`;
  const range = hit.direct && !isMetadata(hit) ? `, or a prefix inside that range,` : '';
  return `${lead}: only an allow that names \`${address.text}\` itself${range} opens it`;
}

function missingAllow(policy: CompiledPolicy, request: NetworkRequest): string {
  return `no rule allows ${request.action} to ${destinationText(request)}${emptiedNote(policy.domains.network)}`;
}

import { ACTION_BIT } from './action.ts';
import {
  type DenyAliases,
  extraDenyForms,
  type GuardHit,
  guardedRanges,
  isMetadata,
  liftsGuard,
  nameLiftsGuard,
} from './address-guard.ts';
import { Hits } from './index/hits.ts';
import { collectAddressed, collectAny, collectNamed } from './index/network-index.ts';
import type { Layer } from './layer.ts';
import { destinationText, type NetworkRequest } from './request.ts';
import type { Address } from './resource/address.ts';
import type { CompiledPolicy } from './snapshot.ts';
import { type Asked, counts, effectOf } from './target-table.ts';
import {
  APPROVAL_REASON,
  type Asker,
  addClosures,
  type Cause,
  DENY_CODE,
  earlier,
  emptiedNote,
  firstAllow,
  firstApproval,
  firstDeny,
  type Match,
  NONE,
  uidOf,
  type Verdict,
} from './verdict.ts';

// One look at a time: nothing here waits.
const hits = new Hits();

export function judgeNetwork(policy: CompiledPolicy, request: NetworkRequest, asker: Asker): Verdict {
  const asked = askedOf(request, asker);
  const { name, addresses } = request;
  const causes: Cause[] = [];
  const found: Found = { causes, byName: null, byAddress: addresses.length === 0 ? NO_MATCHES : noneOf(addresses) };
  if (policy.closures.length > 0) addClosures(causes, policy, 'network', asked.uid);
  const question = { request, asked, extra: extraDenyForms(name, addresses, policy.nat64) };
  for (const layer of policy.layers) {
    const { deny, allow } = layer.speaks.network;
    if (!deny && !allow) continue;
    lookInto(layer, question, found);
    if (layer.asksApproval) addApproval(causes, layer, request, asked);
  }
  if (addresses.length > 0) addGuard(causes, policy, request, asked);
  const grant = grantOf(policy, found);
  if (grant === null) causes.push({ code: 'default_deny', reason: missingAllow(policy, request), match: null });
  return { grant, causes };
}

const NO_MATCHES: (Match | null)[] = [];

function noneOf(addresses: readonly Address[]): (Match | null)[] {
  return addresses.map(() => null);
}

export function askedOf(request: NetworkRequest, asker: Asker): Asked {
  // `~` means nothing here: `ordinary` is a question of paths.
  return { actions: ACTION_BIT[request.action], port: request.port, uid: uidOf(request, asker), ordinary: true };
}

interface Question {
  readonly request: NetworkRequest;
  readonly asked: Asked;
  /** What deny rules test beside the destination; null = nothing. */
  readonly extra: DenyAliases | null;
}

interface Found {
  readonly causes: Cause[];
  /** The first allow that the name, or `**`, matches. */
  byName: Match | null;
  /** The first allow of each address (semantics, 4.2): an address or CIDR rule or, where there is no name, `**`. */
  readonly byAddress: (Match | null)[];
}

/** Everything that a layer says of a destination, in one look: allows as it stands, denies in every form. */
function lookInto(layer: Layer, { request, asked, extra }: Question, found: Found): void {
  const { name, addresses } = request;
  hits.begin(layer.targets.owners, asked.uid);
  if (name !== null) collectNamed(layer.network, name, hits);
  collectAny(layer.network, hits);
  const general = firstAllow(layer, hits, asked);
  if (name !== null && general !== NONE) found.byName ??= { layer, target: general };
  for (let index = 0; index < addresses.length; index += 1) {
    const address = addresses[index];
    if (address === undefined) continue;
    const from = hits.count;
    collectAddressed(layer.network, address, hits);
    const own = firstAllow(layer, hits, asked, from);
    const target = name === null ? earlier(own, general) : own;
    if (target !== NONE) found.byAddress[index] ??= { layer, target };
  }
  if (extra !== null) collectForms(layer, extra, hits);
  const deny = firstDeny(layer, hits, asked);
  if (deny !== NONE) found.causes.push({ code: DENY_CODE[layer.origin], reason: '', match: { layer, target: deny } });
}

function collectForms(layer: Layer, { names, addresses }: DenyAliases, into: Hits): void {
  for (const name of names) collectNamed(layer.network, name, into);
  for (const address of addresses) collectAddressed(layer.network, address, into);
}

/** Adds every target that matches the name, or any address, as it stands. */
export function collectDestination(layer: Layer, { name, addresses }: NetworkRequest, into: Hits): void {
  if (name !== null) collectNamed(layer.network, name, into);
  for (const address of addresses) collectAddressed(layer.network, address, into);
  collectAny(layer.network, into);
}

/** Adds every target that some form matches in which denies test the destination (Names 5 and 6). */
export function collectDenied(policy: CompiledPolicy, layer: Layer, request: NetworkRequest, into: Hits): void {
  collectDestination(layer, request, into);
  const extra = extraDenyForms(request.name, request.addresses, policy.nat64);
  if (extra !== null) collectForms(layer, extra, into);
}

/** Semantics, 4.7: an approval policy that allows the name or any address asks for approval, whoever else allows it. */
function addApproval(causes: Cause[], layer: Layer, request: NetworkRequest, asked: Asked): void {
  hits.clear();
  collectDestination(layer, request, hits);
  const target = firstApproval(layer, hits, asked);
  if (target !== NONE) causes.push({ code: 'approval_required', reason: APPROVAL_REASON, match: { layer, target } });
}

/**
 * Semantics, 4.2: granted if the name is allowed, or if every address is. The determining rule is the first of all that
 * are part of a way in which it is granted.
 */
function grantOf(policy: CompiledPolicy, { byName, byAddress }: Found): Match | null {
  let first = byName;
  if (byAddress.length === 0 || byAddress.includes(null)) return first;
  for (const match of byAddress)
    if (first === null || (match !== null && precedes(policy, match, first))) first = match;
  return first;
}

function precedes(policy: CompiledPolicy, one: Match, other: Match): boolean {
  if (one.layer === other.layer) return one.target < other.target;
  return policy.layers.indexOf(one.layer) < policy.layers.indexOf(other.layer);
}

/** Semantics, 4.3: what a name may not lead to, and metadata services even without a name. */
function addGuard(causes: Cause[], policy: CompiledPolicy, request: NetworkRequest, asked: Asked): void {
  for (const address of request.addresses) {
    const ranges = guardedRanges(address, policy.metadata, policy.nat64);
    if (ranges.length === 0) continue;
    const standing = ranges.filter((hit) => appliesTo(request, hit) && !isLifted(policy, address, hit, asked));
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
  return policy.layers.some(({ network, targets }) => {
    hits.clear();
    collectAddressed(network, address, hits);
    for (let index = 0; index < hits.count; index += 1) {
      const target = hits.at(index);
      if (effectOf(targets, target) !== 'allow' || !counts(targets, target, asked)) continue;
      if (liftsGuard((targets.lengths[target] ?? 0) - 1, address, hit)) return true;
    }
    return false;
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

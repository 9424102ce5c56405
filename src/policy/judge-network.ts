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
import type { NetworkRequest } from './request.ts';
import type { Address } from './resource/address.ts';
import type { CompiledPolicy } from './snapshot.ts';
import {
  type Asked,
  type Asker,
  type Cause,
  closureCauses,
  counts,
  DENY_CODE,
  firstMatch,
  type Match,
  ruleOf,
  targetOf,
  uidOf,
  type Verdict,
} from './verdict.ts';

type Visit = (target: number) => void;

export function judgeNetwork(policy: CompiledPolicy, request: NetworkRequest, asker: Asker): Verdict {
  const asked = askedOf(request, asker);
  const forms = formsDenied(policy, request);
  const causes = [
    ...closureCauses(policy, 'network', asked.uid),
    ...policy.layers.flatMap((layer) => denyCause(layer, forms, asked)),
    ...guardCauses(policy, request, asked),
    ...policy.layers.flatMap((layer) => approvalCause(layer, request, asked)),
  ];
  const grant = firstGrant(policy, request, asked);
  if (grant === null) causes.push({ code: 'default_deny', reason: missingAllow(policy, request), match: null });
  return { grant, causes };
}

export function askedOf(request: NetworkRequest, asker: Asker): Asked {
  // `~` means nothing here: `ordinary` is a question of paths.
  return { actions: ACTION_BIT[request.action], port: request.port, uid: uidOf(request, asker), ordinary: true };
}

/** Everything that deny rules test the destination as (Names 5 and 6). */
export function formsDenied(policy: CompiledPolicy, request: NetworkRequest): DenyAliases {
  const byName = request.name === null ? null : denyAliases(request.name);
  const byAddress = request.addresses.map((address) => denyForms(address, policy.nat64));
  return {
    names: [
      ...(request.name === null ? [] : [request.name]),
      ...(byName?.names ?? []),
      ...byAddress.flatMap((form) => form.names),
    ],
    addresses: [...(byName?.addresses ?? []), ...byAddress.flatMap((form) => form.addresses)],
  };
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

function denyCause(layer: Layer, forms: DenyAliases, asked: Asked): Cause[] {
  const match = firstMatch(layer, 'deny', asked, (visit) => visitDenies(layer, forms, visit));
  if (match === null) return [];
  return [{ code: DENY_CODE[layer.origin], reason: `it matches \`${targetOf(match).text}\``, match }];
}

/** Semantics, 4.7: an approval policy that allows the name or any address asks for approval, whoever else allows it. */
function approvalCause(layer: Layer, request: NetworkRequest, asked: Asked): Cause[] {
  const match = firstMatch(layer, 'allow', asked, (visit) =>
    visitDestination(layer, request, (target) => {
      if (ruleOf({ layer, target }).approval) visit(target);
    }),
  );
  return match === null ? [] : [{ code: 'approval_required', reason: 'the policy asks for an approval first', match }];
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
function guardCauses(policy: CompiledPolicy, request: NetworkRequest, asked: Asked): Cause[] {
  for (const address of request.addresses) {
    const standing = guardedRanges(address, policy.metadata, policy.nat64).filter(
      (hit) => appliesTo(request, hit) && !isLifted(policy, address, hit, asked),
    );
    // A metadata service is the better reason: it needs the narrower allow.
    const hit = standing.find(isMetadata) ?? standing[0];
    if (hit !== undefined) {
      return [{ code: 'address_guard', reason: guardReason(request, address, hit), match: null }];
    }
  }
  return [];
}

function appliesTo({ name }: NetworkRequest, hit: GuardHit): boolean {
  return name === null ? isMetadata(hit) : !nameLiftsGuard(name, hit);
}

function isLifted(policy: CompiledPolicy, address: Address, hit: GuardHit, asked: Asked): boolean {
  return policy.layers.some((layer) => {
    let lifted = false;
    visitAddress(layer.network, address, (target) => {
      const match = { layer, target };
      const pattern = targetOf(match).network;
      lifted ||= pattern !== null && counts(match, 'allow', asked) && liftsGuard(pattern, address, hit);
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
  const [first] = request.addresses;
  const text = request.name ?? first?.text ?? '';
  const host = text.includes(':') ? `[${text}]` : text;
  const { governed, noPoliciesLeft } = policy.domains.network;
  const why = governed && noPoliciesLeft ? ' (governed, no policies left)' : '';
  return `no rule allows ${request.action} to ${host}:${request.port}${why}`;
}

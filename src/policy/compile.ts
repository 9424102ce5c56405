import { DOMAINS } from './action.ts';
import { buildLayer } from './layer.ts';
import { literalPrefixes } from './literal-prefixes.ts';
import { type Draft, placeOf, placeRules } from './placement.ts';
import { type PolicyReading, readPolicy } from './policy-document.ts';
import type { LocalFileInput, PolicySet } from './policy-set.ts';
import { domainStates } from './precedence.ts';
import { type Prefix, readAddress, readPrefix } from './resource/address.ts';
import type { CompiledPolicy } from './snapshot.ts';

/**
 * Makes everything that a decision needs out of everything that was delivered. Total: what cannot be evaluated
 * closes, or is listed as inert, as semantics 5 says; it never throws and never drops anything else.
 */
export function compile(set: PolicySet): CompiledPolicy {
  const policies = set.policies
    .map((raw, position) => readPolicy(raw, set, position))
    .sort(byKey((policy) => policy.id));
  const draft: Draft = {
    states: domainStates(set, policies),
    placed: { builtin: [], org: [], local: [], preset: [] },
    closures: [],
    listing: [],
    warnings: [],
  };
  closeDomains(draft, set);
  placeRules(draft, set.builtin, placeOf('builtin', 'reeve'));
  for (const policy of policies) placePolicy(draft, policy);
  for (const file of [...set.local].sort(byKey((file) => file.name))) placeFile(draft, file);
  if (set.preset !== null) placeRules(draft, set.preset.rules, placeOf('preset', set.preset.name));
  return assemble(set, policies, draft);
}

function assemble(set: PolicySet, policies: readonly PolicyReading[], draft: Draft): CompiledPolicy {
  const { placed, states, closures, listing, warnings } = draft;
  const changes = policies.flatMap((policy) => (policy.kind === 'policy' ? (policy.nextChange ?? []) : []));
  return {
    revision: set.revision,
    domains: states,
    closures,
    layers: [
      buildLayer('builtin', placed.builtin, set.host),
      buildLayer('org', placed.org, set.host),
      buildLayer('local', placed.local, set.host),
      buildLayer('preset', placed.preset, set.host),
    ],
    listing,
    warnings,
    changes: new Map(policies.flatMap((policy) => (policy.kind === 'policy' ? [[policy.id, policy.change]] : []))),
    host: set.host,
    literalPrefixes: [...literalPrefixes(set)],
    nat64: set.host.nat64Prefixes.flatMap(prefixOf),
    metadata: set.host.metadataAddresses.flatMap((text) => readAddress(text) ?? []),
    staleness: set.staleness,
    supportMessage: set.supportMessage,
    nextChange: changes.length === 0 ? null : Math.min(...changes),
  };
}

function closeDomains(draft: Draft, set: PolicySet): void {
  for (const domain of DOMAINS) {
    const closed = set.closed[domain];
    if (closed !== undefined) draft.closures.push({ domain, code: closed.code, reason: closed.reason, uid: null });
    if (set.staleness === 'block' && draft.states[domain].governed) {
      const reason = 'the policy is too old to be trusted: reconnect this machine to its policy source';
      draft.closures.push({ domain, code: 'policy_stale', reason, uid: null });
    }
  }
}

function placePolicy(draft: Draft, policy: PolicyReading): void {
  if (policy.kind === 'rejected') {
    // What it says may be a deny that this version does not know: nothing is granted beside it.
    const reason = `policy \`${policy.id}\` cannot be evaluated: ${policy.cause}`;
    draft.warnings.push({ code: 'policy_rejected', message: reason });
    for (const domain of DOMAINS) draft.closures.push({ domain, code: 'policy_invalid', reason, uid: null });
    return;
  }
  const { inactive } = policy;
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

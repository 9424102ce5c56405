import { DOMAINS } from '../../policy/action.ts';
import { builtinRules } from '../../policy/builtin-rules.ts';
import type { BundleTerms } from '../../policy/bundle-terms.ts';
import type { Closure, HostFacts, LocalFileInput, PerDomain, PolicySet, Staleness } from '../../policy/policy-set.ts';
import type { OrgPolicies } from '../../sources/org-policies.ts';
import type { LastSync, SyncRecord } from '../../store/sync-rows.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { stalenessOf } from '../status/staleness.ts';
import { protectedPaths } from './protected-paths.ts';

/** What changes while the daemon runs, asked for at each compile. */
export interface PolicyFacts {
  /** Never behind a verified time: a clock that was set back makes nothing valid or fresh again (delivery, "Time"). */
  now(): number;
  /** Once a second: keeps the latest time seen. */
  tick(): void;
  lastSync(): LastSync | null;
  enrolledOrg(): string | null;
  localFiles(): readonly LocalFileInput[];
  homes(): ReadonlyMap<number, string>;
  foldingMounts(): readonly string[];
  links(): HostFacts['links'];
}

/** As they will be once this sync is stored: a policy that was just confirmed must not start as old as the one before. */
export function factsWith(facts: PolicyFacts, sync: SyncRecord | null): PolicyFacts {
  if (sync === null) return facts;
  const { completedAt, confirmedAt = completedAt } = sync;
  // as the database keeps it: never less than it was
  const times = [sync.verifiedTime, facts.lastSync()?.verifiedTime ?? null].filter((time) => time !== null);
  const verifiedTime = times.length === 0 ? null : Math.max(...times);
  return { ...facts, lastSync: () => ({ completedAt, confirmedAt, verifiedTime }) };
}

/** Puts the organisation's part together with everything that this machine adds to it. */
export function policySetOf(config: DaemonConfig, facts: PolicyFacts, org: OrgPolicies): PolicySet {
  const { source, preset } = config;
  const terms = org.kind === 'delivered' ? org.terms : null;
  const closed = closureOf(config, facts, org);
  // A configured source that has never delivered governs both domains (semantics, 5).
  const unclear = source !== null && org.kind !== 'delivered';
  return {
    revision: org.kind === 'delivered' ? org.revision : 'none',
    now: facts.now(),
    verifiedNow: facts.lastSync()?.verifiedTime ?? null,
    policies: [],
    ...(org.kind === 'delivered' ? { stored: org.stored } : {}),
    teams: source?.teams ?? null,
    governs: unclear ? { network: true, filesystem: true } : governsOf(terms, source?.governs ?? {}),
    wasGoverned: org.wasGoverned,
    // the governance API has no words for these
    delegated: terms?.delegated ?? {},
    monitored: terms?.monitored ?? {},
    closed: closed === null ? {} : both(closed),
    staleness: stalenessNow(facts, org),
    expiresAt: terms?.expiresAt ?? null,
    local: facts.localFiles(),
    preset,
    builtin: builtinRules(protectedPaths(config)),
    host: {
      platform: process.platform === 'darwin' ? 'darwin' : 'linux',
      homes: facts.homes(),
      links: facts.links(),
      foldingMounts: facts.foldingMounts(),
      metadataAddresses: config.metadataAddresses,
      nat64Prefixes: config.nat64Prefixes,
    },
    supportMessage: terms?.supportMessage ?? null,
    change: terms?.change ?? null,
  };
}

/** A bundle says outright which domains it governs; from a listing it follows. */
function governsOf(terms: BundleTerms | null, said: PolicySet['governs']): PolicySet['governs'] {
  if (terms === null) return said;
  return Object.fromEntries(DOMAINS.map((domain) => [domain, terms.governed.includes(domain)]));
}

/**
 * How much the org policy's age has cost it by now. Taking the source out of the configuration makes nothing younger
 * (semantics, 7.9).
 */
export function stalenessNow(facts: PolicyFacts, org: OrgPolicies): Staleness {
  const age = ageNow(facts, org);
  if (age.kind === 'ageless') return 'fresh';
  return age.kind === 'unknown' ? 'block' : stalenessOf(age.ms, org.kind === 'delivered' ? org.terms?.staleness : null);
}

export type PolicyAge =
  /** Since what last confirmed it. */
  | { readonly kind: 'known'; readonly ms: number; readonly since: number }
  /** A policy was activated, and what confirmed it is gone. */
  | { readonly kind: 'unknown' }
  /** Nothing is there that could age, or it is a file that says nothing of staleness. */
  | { readonly kind: 'ageless' };

/** Delivery, "What always holds": a file ages only if it says so, from when it was issued. */
export function ageNow(facts: PolicyFacts, org: OrgPolicies): PolicyAge {
  const now = facts.now();
  if (org.kind === 'delivered' && org.source === 'file') {
    const { terms } = org;
    if (terms === null || terms.staleness === null) return { kind: 'ageless' };
    return { kind: 'known', ms: now - terms.issuedAt, since: terms.issuedAt };
  }
  const since = facts.lastSync()?.confirmedAt ?? null;
  if (since !== null) return { kind: 'known', ms: now - since, since };
  return { kind: facts.enrolledOrg() === null ? 'ageless' : 'unknown' };
}

function closureOf(config: DaemonConfig, facts: PolicyFacts, org: OrgPolicies): Closure | null {
  const { source } = config;
  const enrolled = facts.enrolledOrg();
  if (source !== null && enrolled !== null && enrolled !== source.org) {
    const reason = `this machine belongs to \`${enrolled}\` and its configuration names \`${source.org}\`: reset it, or correct \`source.org\``;
    return { code: 'org_conflict', reason };
  }
  if (org.kind === 'damaged')
    return { code: 'not_ready', reason: `the stored policy cannot be trusted: ${org.message}` };
  if (source !== null && org.kind === 'none') {
    return { code: 'no_policy', reason: `no policy of \`${source.org}\` has arrived yet: see \`reeve status\`` };
  }
  return null;
}

function both<T>(value: T): PerDomain<T> {
  return { network: value, filesystem: value };
}

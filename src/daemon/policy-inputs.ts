import { builtinRules } from '../policy/builtin-rules.ts';
import type { Closure, HostFacts, LocalFileInput, PerDomain, PolicySet } from '../policy/policy-set.ts';
import type { OrgPolicies } from '../sources/activate.ts';
import type { LastSync } from '../store/sync-rows.ts';
import type { DaemonConfig } from './daemon-config.ts';
import { stalenessOf } from './staleness.ts';

/** What changes while the daemon runs, asked for at each compile. */
export interface PolicyFacts {
  /** Never behind a verified time: a clock that was set back makes nothing valid or fresh again (delivery, "Time"). */
  now(): number;
  lastSync(): LastSync | null;
  enrolledOrg(): string | null;
  localFiles(): readonly LocalFileInput[];
  homes(): ReadonlyMap<number, string>;
  foldingMounts(): readonly string[];
  links(): HostFacts['links'];
}

/** Puts the organisation's part together with everything that this machine adds to it. */
export function policySetOf(config: DaemonConfig, facts: PolicyFacts, org: OrgPolicies): PolicySet {
  const { source, preset } = config;
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
    governs: unclear ? { network: true, filesystem: true } : (source?.governs ?? {}),
    wasGoverned: org.wasGoverned,
    // The governance API has no words for these; signed bundles do.
    delegated: {},
    monitored: {},
    closed: closed === null ? {} : both(closed),
    staleness: stalenessNow(facts),
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
    supportMessage: null,
  };
}

/**
 * How much the org policy's age has cost it by now. Taking the source out of the configuration makes nothing younger
 * (semantics, 7.9).
 */
export function stalenessNow(facts: PolicyFacts): PolicySet['staleness'] {
  const last = facts.lastSync();
  if (last !== null) return stalenessOf(facts.now() - last.completedAt);
  // a policy was activated, and the time of the sync that brought it is gone
  return facts.enrolledOrg() === null ? 'fresh' : 'block';
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

/** This installation's own files (semantics, 4.6). */
function protectedPaths(config: DaemonConfig): { written: string[]; read: string[] } {
  return {
    written: [
      ...[config.file, config.stateDirectory, config.localDirectory, config.decideSocket, config.adminSocket],
      ...(config.source?.trustedFiles ?? []),
    ],
    read: config.source?.type === 'governance' ? [config.source.credentialFile] : [],
  };
}

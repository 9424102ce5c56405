import type { PolicySet } from '../../src/policy/policy-set.ts';

/** A machine about which nothing is known, without any policy. */
export function emptySet(more: Partial<PolicySet> = {}): PolicySet {
  return {
    revision: 'none',
    now: Date.parse('2026-06-01T12:00:00Z'),
    verifiedNow: null,
    policies: [],
    teams: [],
    governs: {},
    wasGoverned: [],
    delegated: {},
    monitored: {},
    closed: {},
    staleness: 'fresh',
    expiresAt: null,
    local: [],
    preset: null,
    builtin: [],
    host: {
      platform: 'linux',
      homes: new Map(),
      links: new Map(),
      foldingMounts: [],
      metadataAddresses: [],
      nat64Prefixes: [],
    },
    supportMessage: null,
    change: null,
    ...more,
  };
}

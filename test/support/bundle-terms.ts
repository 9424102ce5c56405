import type { BundleTerms } from '../../src/policy/bundle-terms.ts';

/** Of a bundle that governs the network, never ends, and says nothing else. */
export const PLAIN_TERMS: BundleTerms = {
  issuedAt: 1,
  expiresAt: Number.MAX_SAFE_INTEGER,
  governed: ['network'],
  delegated: {},
  monitored: {},
  staleness: null,
  pollIntervalMs: null,
  supportMessage: null,
  change: null,
  requires: [],
  minVersion: null,
  shadow: false,
};

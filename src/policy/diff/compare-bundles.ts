import type { BundleTerms } from '../bundle-terms.ts';
import type { ValueChange } from './changed-values.ts';
import { comparePolicies, type PolicyDifference } from './compare-policies.ts';
import { compareTerms } from './compare-terms.ts';

/** What two bundles are compared by: what they say, and not who signed or carried it. */
export interface ComparedBundle {
  /** Governance `Policy` objects, raw. */
  readonly policies: readonly unknown[];
  /** Null = it came without any. */
  readonly terms: BundleTerms | null;
}

export interface BundleComparison {
  readonly terms: readonly ValueChange[];
  readonly policies: readonly PolicyDifference[];
}

/** What `after` says otherwise than `before`. Total: what cannot be evaluated is compared as it was written. */
export function compareBundles(before: ComparedBundle, after: ComparedBundle): BundleComparison {
  return {
    terms: compareTerms(before.terms, after.terms),
    policies: comparePolicies(before.policies, after.policies),
  };
}

/** Nothing that they say differs. */
export function isSame({ terms, policies }: BundleComparison): boolean {
  return terms.length === 0 && policies.length === 0;
}

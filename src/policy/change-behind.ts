import type { BundleChange } from './bundle-terms.ts';

/** Who changed something of the organisation's, when and why, as far as it says. */
export interface SourcedChange extends BundleChange {
  /** The policy itself, or the bundle that it came with. */
  readonly of: 'policy' | 'bundle';
}

/** The policy's own word if it names somebody or a reason; else that of the bundle; else the policy's date. */
export function changeBehind(ofPolicy: BundleChange | null, ofBundle: BundleChange | null): SourcedChange | null {
  const says = ofPolicy?.by !== undefined || ofPolicy?.reason !== undefined;
  if (!says && ofBundle !== null) return { of: 'bundle', ...ofBundle };
  return ofPolicy === null || Object.keys(ofPolicy).length === 0 ? null : { of: 'policy', ...ofPolicy };
}

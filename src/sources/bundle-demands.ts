import { compareVersions } from '../base/semantic-version.ts';
import { shown } from '../base/shown.ts';
import type { BundleTerms } from '../policy/bundle-terms.ts';

/** What a bundle may ask for in `requires`: docs/bundle.md says what each of them is. */
export const FEATURES: ReadonlySet<string> = new Set([
  'network',
  'filesystem',
  'teams',
  'approvals',
  'validity',
  'delegation',
  'monitor',
  'staleness',
  'tests',
]);

export interface UnmetDemand {
  readonly code: 'unknown_feature' | 'version_too_low';
  readonly message: string;
}

/**
 * What a bundle demands of the program that takes it and this version does not have; null = nothing. Asked of what
 * arrives, and again of what is stored: the program may have been replaced by an older one since.
 */
export function unmetDemand({ requires, minVersion }: BundleTerms, version: string): UnmetDemand | null {
  const unknown = requires.find((feature) => !FEATURES.has(feature));
  if (unknown !== undefined) {
    const message = `the bundle requires ${shown(unknown)}, which this version does not have: install a newer reeve`;
    return { code: 'unknown_feature', message };
  }
  if (minVersion === null) return null;
  const order = compareVersions(version, minVersion);
  // a version that cannot be compared may be too old
  if (order !== null && order >= 0) return null;
  const message = `the bundle is for reeve ${minVersion} or newer, and this is ${version}: install a newer one`;
  return { code: 'version_too_low', message };
}

import { DOMAINS } from '../action.ts';
import type { BundleTerms } from '../bundle-terms.ts';
import { changedValues, type ValueChange } from './changed-values.ts';

/**
 * What a bundle promises beside its policies, under the names of the bundle document. Null = a listing of a governance
 * API, which promises nothing. When it was issued and who changed it belong to every revision, and are no difference.
 */
export function compareTerms(before: BundleTerms | null, after: BundleTerms | null): readonly ValueChange[] {
  return changedValues(written(before), written(after));
}

function written(terms: BundleTerms | null): Readonly<Record<string, unknown>> {
  // a listing delegates nothing and monitors nothing
  const { delegated, monitored } = terms ?? { delegated: {}, monitored: {} };
  const perDomain: Record<string, unknown> = {};
  for (const domain of DOMAINS) {
    // left out means the same as false
    perDomain[`delegated.${domain}`] = delegated[domain] === true;
    perDomain[`mode.${domain}`] = monitored[domain] === true ? 'monitor' : 'enforce';
  }
  if (terms === null) return { ...perDomain, shadow: false };
  const { staleness } = terms;
  return {
    ...perDomain,
    governed: [...terms.governed].sort(),
    expires_at: new Date(terms.expiresAt).toISOString(),
    'staleness.warn_after': durationText(staleness?.warnAfterMs),
    'staleness.restrict_after': durationText(staleness?.restrictAfterMs),
    'staleness.block_after': durationText(staleness?.blockAfterMs),
    poll_interval: durationText(terms.pollIntervalMs),
    support_message: terms.supportMessage,
    shadow: terms.shadow,
  };
}

const UNITS = [
  ['D', 86_400],
  ['H', 3_600],
  ['M', 60],
  ['S', 1],
] as const;

/** ISO 8601, as the bundle document writes it; null where nothing is said. */
function durationText(ms: number | null | undefined): string | null {
  if (ms === null || ms === undefined) return null;
  let seconds = Math.round(ms / 1_000);
  let text = 'P';
  for (const [unit, length] of UNITS) {
    if (unit === 'H' && seconds > 0) text += 'T';
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === 'P' ? 'PT0S' : text;
}

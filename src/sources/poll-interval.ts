import { isLoopbackUrl } from '../http/outbound-url.ts';
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS, MIN_LOOPBACK_INTERVAL_MS } from '../schema/limits.ts';

/** What is wrong with a poll interval towards this base URL, or null (delivery, What always holds). */
export function pollIntervalFault(intervalMs: number, baseUrl: URL): string | null {
  const least = isLoopbackUrl(baseUrl) ? MIN_LOOPBACK_INTERVAL_MS : MIN_INTERVAL_MS;
  if (intervalMs >= least && intervalMs <= MAX_INTERVAL_MS) return null;
  const shortest = `${least / 1_000} s`;
  return `the interval must lie between ${shortest} and 1 h`;
}

import type { PolicySummary } from '../../schema/governance.ts';
import { MAX_BUNDLE_CHARACTERS } from '../../schema/limits.ts';
import type { CachedPolicy } from '../../store/sync-rows.ts';
import { assertOrg } from '../policy-checks.ts';
import { SourceError } from '../source-failure.ts';
import type { GovernanceApi, Listing } from './governance-api.ts';
import { type VerifiedMemory, type VerifiedPolicies, verifyPolicies } from './verified-policies.ts';
import { PolicyChanged, type PolicyExpectation } from './verify-policy.ts';

/** A policy whose `updated_at` is younger than this may have been written again in the same instant. */
const SETTLED_AFTER_MS = 5_000;
/** The longest that a cached policy is believed without asking. */
const CACHE_LIFETIME_MS = 900_000;
const CONCURRENT_GETS = 4;

export interface Gathered {
  readonly listing: Listing;
  readonly verified: VerifiedPolicies;
  readonly cache: readonly CachedPolicy[];
}

export interface GatherOptions {
  readonly api: GovernanceApi;
  readonly expected: PolicyExpectation;
  readonly cached: ReadonlyMap<string, CachedPolicy>;
  readonly signal: AbortSignal;
  /** Of the runs before. */
  readonly memory: VerifiedMemory;
}

/** Lists, gets what changed, and verifies every policy, cached or not; once more from the start if they moved. */
export async function gatherPolicies(options: GatherOptions): Promise<Gathered> {
  try {
    return await gatherOnce(options);
  } catch (error) {
    if (!(error instanceof PolicyChanged)) throw error;
  }
  try {
    return await gatherOnce(options);
  } catch (error) {
    if (!(error instanceof PolicyChanged)) throw error;
    throw new SourceError(
      'fetch',
      'changed_during_sync',
      'policies kept changing while they were read; the next poll tries again',
    );
  }
}

async function gatherOnce(options: GatherOptions): Promise<Gathered> {
  const listing = await options.api.list(options.signal);
  for (const summary of listing.summaries) assertOrg(summary, options.expected.org);
  assertDistinct(listing.summaries);
  let size = 0;
  const cache = await inLanes(listing.summaries, async (summary, stopped) => {
    const entry = await entryFor(options, listing, summary, stopped);
    // counted while they arrive: a server that never has enough must not fill the memory first
    size += entry.content.length;
    if (size > MAX_BUNDLE_CHARACTERS) throw tooLarge();
    return entry;
  });
  const delivered = { summaries: listing.summaries, contents: cache.map((entry) => entry.content) };
  const verified = verifyPolicies(delivered, options.expected, options.memory);
  return { listing, verified, cache };
}

function tooLarge(): SourceError {
  const message = `all policies together have more than ${MAX_BUNDLE_CHARACTERS} characters`;
  return new SourceError('fetch', 'too_large', message);
}

/** The same id twice: pages that moved while they were read. Names may repeat; the id is who a policy is. */
function assertDistinct(summaries: readonly PolicySummary[]): void {
  if (new Set(summaries.map((summary) => summary.id)).size < summaries.length) throw new PolicyChanged();
}

async function entryFor(
  { api, cached, signal }: GatherOptions,
  listing: Listing,
  summary: PolicySummary,
  stopped: AbortSignal,
): Promise<CachedPolicy> {
  const held = cached.get(summary.id);
  if (held !== undefined && maySkip(held, summary, listing.startedAt)) return held;
  const raw = await api.get(summary.id, AbortSignal.any([signal, stopped]));
  if (raw === null) throw new PolicyChanged();
  if ((raw as { updated_at?: unknown }).updated_at !== summary.updated_at) throw new PolicyChanged();
  return {
    id: summary.id,
    updatedAt: summary.updated_at,
    settled: isSettled(summary, listing),
    fetchedAt: listing.startedAt,
    content: JSON.stringify(raw),
  };
}

/** Delivery, Sources 1: unchanged, settled at the listing it was got for, and not for longer than 15 minutes. */
function maySkip(held: CachedPolicy, summary: PolicySummary, now: number): boolean {
  const age = now - held.fetchedAt;
  return held.updatedAt === summary.updated_at && held.settled && age >= 0 && age < CACHE_LIFETIME_MS;
}

/** By both clocks where the server shows its own: a wrong one here must not make a fresh write look old. */
function isSettled(summary: PolicySummary, { startedAt, serverTime }: Listing): boolean {
  return Math.min(startedAt, serverTime ?? startedAt) - Date.parse(summary.updated_at) > SETTLED_AFTER_MS;
}

/** A few at a time, in order of the result; the first failure stops the rest and is the one that is thrown. */
async function inLanes<T, R>(
  items: readonly T[],
  work: (item: T, stopped: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const stop = new AbortController();
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (stop.signal.aborted) return;
      results[index] = await work(item, stop.signal);
    }
  };
  const lanes = Array.from({ length: CONCURRENT_GETS }, () =>
    lane().catch((error: unknown) => {
      if (!stop.signal.aborted) stop.abort(error);
    }),
  );
  await Promise.all(lanes);
  if (stop.signal.aborted) throw stop.signal.reason;
  return results;
}

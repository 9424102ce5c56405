import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { readCredentialFile } from '../sources/governance/credential-file.ts';
import { createGovernanceSource } from '../sources/governance/source.ts';
import type { GovernanceConfig } from '../sources/governance/sync-run.ts';
import { createSyncRun } from '../sources/governance/sync-run.ts';
import type { LastError, SourceOutcome } from '../sources/source.ts';
import { type BundleStore, createBundleStore } from '../store/bundle-store.ts';
import { openDatabase } from '../store/database.ts';
import { POLICY_MIGRATIONS } from '../store/policy-migrations.ts';
import { keepListing, listedPolicies, rememberPublished } from './bridge.ts';
import type { PublicationReport } from './publication-report.ts';
import { type Outlet, publishContent } from './publish-content.ts';
import { createRegular } from './regular.ts';
import { openRepository } from './repository-directory.ts';

export interface BridgeOptions {
  readonly outlet: Outlet;
  readonly config: GovernanceConfig;
  readonly clock: Clock;
}

export interface BridgeEvents {
  readonly onReport: (report: PublicationReport) => void;
  /** The server, or null = it works again. */
  readonly onTrouble: (error: LastError | null) => void;
  /** A publication that failed; it is tried again. */
  readonly onFailure: (error: unknown) => void;
}

/** One look at the server and, where it says something new, one publication. */
export async function bridgeOnce({ outlet, config, clock }: BridgeOptions): Promise<BridgeOutcome> {
  return withStore(outlet, clock, async (store) => {
    const now = (): number => clock.now();
    const readCredential = () => readCredentialFile(config.credentialFile);
    const onPolicies = keepListing(store, now, () => undefined);
    const run = createSyncRun({ config, store, clock, random: Math.random, readCredential, onPolicies });
    try {
      // each run counts as a listing of its own: whoever repeats this is the clock
      const synced = await run.sync('timer', new AbortController().signal);
      const policies = synced.kind === 'failed' ? null : listedPolicies(store);
      return { synced, report: policies === null ? null : await publishContent(outlet, policies, now()) };
    } finally {
      await run.close();
    }
  });
}

export interface BridgeOutcome {
  readonly synced: SourceOutcome;
  /** Null where nothing was published: the server did not answer, or says for the first time that there is no policy. */
  readonly report: PublicationReport | null;
}

/** Follows the server until `stop` resolves: publishes what is new soon, and freshness in time. */
export async function runBridge(
  { outlet, config, clock }: BridgeOptions,
  { onReport, onTrouble, onFailure }: BridgeEvents,
  stop: Promise<unknown>,
): Promise<void> {
  await withStore(outlet, clock, async (store) => {
    const regular = createRegular({
      clock,
      everyMs: outlet.resignEveryMs,
      onTrouble: onFailure,
      run: async () => {
        const policies = listedPolicies(store);
        if (policies !== null) onReport(await publishContent(outlet, policies, clock.now()));
      },
    });
    const source = createGovernanceSource({
      ...{ config, store, clock, onTrouble },
      random: Math.random,
      hostId: hostname(),
      bundleIntervalMs: () => null,
      onPolicies: keepListing(store, () => clock.now(), regular.changed),
    });
    regular.start();
    source.start();
    await stop;
    await source.close();
    await regular.close();
  });
}

async function withStore<T>(outlet: Outlet, clock: Clock, use: (store: BundleStore) => Promise<T>): Promise<T> {
  const directory = openRepository(outlet.repository);
  const database = openDatabase(directory.privatePath('governance.db'), POLICY_MIGRATIONS);
  try {
    const store = createBundleStore(database);
    rememberPublished(store, outlet, clock.now());
    return await use(store);
  } finally {
    database.close();
  }
}

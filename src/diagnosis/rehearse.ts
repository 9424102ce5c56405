import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { CodedError, messageOf } from '../base/coded-error.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import type { PolicyLog, SupplyFacts } from '../daemon/policy/policy-messages.ts';
import { type PolicyService, startPolicyService } from '../daemon/policy/policy-service.ts';
import type { SyncOutcome } from '../localapi/daemon-port.ts';
import type { CompiledPolicy } from '../policy/snapshot.ts';
import { createBundleStore } from '../store/bundle-store.ts';
import { openToRead } from '../store/database.ts';
import { POLICY_DATABASE } from '../store/policy-state.ts';
import { type BeforeEnd, copyState, type StateCopy, serviceOwner } from './copy-state.ts';

/** What a daemon would have made of this configuration and this state, just now. */
export type Rehearsal =
  | {
      readonly kind: 'ran';
      /** Of what was stored; null = nothing could be compiled. */
      readonly restored: Compiled | null;
      /** Null = nothing was fetched: it was not wanted, or there is no source. */
      readonly sync: SyncOutcome | null;
      /** What would serve behind it. */
      readonly served: Compiled | null;
      readonly facts: SupplyFacts | null;
      readonly times: KnownTimes;
    }
  /** It would not have started. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

export interface RehearsalOptions {
  readonly fetching: boolean;
  readonly now: () => number;
  readonly beforeEnd: BeforeEnd;
}

export type Compiled = Pick<CompiledPolicy, 'revision' | 'closures' | 'domains'>;

/** In milliseconds since the epoch; null = none. */
export interface KnownTimes {
  /** The latest that this machine has seen, before this run. */
  readonly seen: number | null;
  /** The highest that a source has vouched for, this run included. */
  readonly verified: number | null;
}

const SILENT: PolicyLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * Does what a daemon does from its start to its first sync, with its own parts, its configuration and its credentials,
 * on a copy of its state: fetch, verify, store, compile, and nothing that serves. What is wrong shows as it would there.
 */
export async function rehearse(config: DaemonConfig, options: RehearsalOptions): Promise<Rehearsal> {
  let copy: StateCopy | null = null;
  try {
    copy = await copyState(config.stateDirectory, options.beforeEnd);
    return await onCopy(withCopy(config, copy), options);
  } catch (error) {
    const code = error instanceof CodedError ? String(error.code) : 'internal';
    // it speaks of the copy, and the person has the original
    const message = messageOf(error).replaceAll(copy?.directory ?? config.stateDirectory, config.stateDirectory);
    return { kind: 'refused', code, message };
  } finally {
    copy?.remove();
  }
}

function withCopy(config: DaemonConfig, copy: StateCopy): DaemonConfig {
  const { source, stateDirectory } = config;
  const moved = { ...config, stateDirectory: copy.directory };
  if (source?.type !== 'governance') return moved;
  return { ...moved, source: { ...source, ...serviceOwner(stateDirectory) } };
}

async function onCopy(config: DaemonConfig, { fetching, now }: RehearsalOptions): Promise<Rehearsal> {
  const seen = timesIn(config).seen;
  let served: Compiled | null = null;
  let facts: SupplyFacts | null = null;
  let generation = 0;
  const service: PolicyService = await startPolicyService({
    ...{ config, log: SILENT, clock: { ...systemClock, now }, audit: nothing },
    publish: (compilation) => {
      served = compilation;
      return Promise.resolve((generation += 1));
    },
    onFacts: (next) => void (facts = next),
  });
  try {
    await service.open();
    const restored = served;
    const sync = fetching && config.source !== null ? await service.sync() : null;
    return { kind: 'ran', restored, sync, served, facts, times: { seen, verified: timesIn(config).verified } };
  } finally {
    await service.close();
  }
}

function timesIn({ stateDirectory }: DaemonConfig): KnownTimes {
  try {
    const database = openToRead(join(stateDirectory, POLICY_DATABASE));
    try {
      const store = createBundleStore(database);
      return { seen: store.latestTime(), verified: store.lastSync()?.verifiedTime ?? null };
    } finally {
      database.close();
    }
  } catch {
    // a database that cannot be read is found by whoever opens it in earnest
    return { seen: null, verified: null };
  }
}

function nothing(): void {
  // a rehearsal is heard by nobody
}

import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Outbound } from '../../http/outbound.ts';
import type { Credential } from '../../schema/governance.ts';
import { SYNC_DEADLINE_MS } from '../../schema/limits.ts';
import type { BundleStore } from '../../store/bundle-store.ts';
import type { Activation, FetchedBundle } from '../activate.ts';
import type { PollCause } from '../poller.ts';
import type { SourceOutcome } from '../source.ts';
import { failureOf } from '../source-failure.ts';
import { createAccessTokens } from './access-token.ts';
import { gatherPolicies } from './gather-policies.ts';
import { createGovernanceApi, type GovernanceApi } from './governance-api.ts';
import { planSync, type SyncPlan } from './plan-sync.ts';
import type { VerifiedMemory } from './verified-policies.ts';

/** Complete and validated; what the configuration file says under `source`. */
export interface GovernanceConfig {
  /** Such as `https://policy.example.com/v2`; below it lie `/auth/token` and `/orgs/…`. */
  readonly baseUrl: string;
  readonly org: string;
  readonly credentialFile: string;
  /** To whom that file may belong beside root and this process's user. */
  readonly credentialOwner?: number;
  /** Members of a policy or rule that are dropped instead of failing the sync. */
  readonly ignoreMembers?: readonly string[];
  readonly intervalMs?: number;
  readonly proxy?: string;
  readonly caFile?: string;
  /** For one request. */
  readonly deadlineMs?: number;
}

export interface SyncRunOptions {
  readonly config: GovernanceConfig;
  readonly store: BundleStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly readCredential: () => Credential;
  readonly onPolicies: (bundle: FetchedBundle) => Promise<Activation>;
}

export interface SyncRun {
  /** One whole sync. Never rejects. */
  sync(cause: PollCause, closing: AbortSignal): Promise<SourceOutcome>;
  close(): Promise<void>;
}

/** A listing that shows an absence is followed by another 60–75 s later (delivery, Sources 1). */
const FOLLOW_UP_FROM_MS = 61_000;
const FOLLOW_UP_SPREAD_MS = 13_000;

export function createSyncRun(options: SyncRunOptions): SyncRun {
  let connection: Connection | null = null;
  return {
    async sync(cause, closing) {
      try {
        // opened here, not at start: a CA file that is missing for a moment must not keep the daemon down
        connection ??= await connect(options);
        const signal = AbortSignal.any([closing, AbortSignal.timeout(SYNC_DEADLINE_MS)]);
        return await syncOnce(options, connection, { cause, signal });
      } catch (error) {
        const failure = failureOf(error, 'fetch');
        return { kind: 'failed', failure, retryAfterMs: failure.retryAfterMs };
      }
    },
    close: async () => connection?.outbound.close(),
  };
}

interface Connection {
  readonly outbound: Outbound;
  readonly api: GovernanceApi;
  readonly memory: VerifiedMemory;
}

async function connect({ config, clock, readCredential }: SyncRunOptions): Promise<Connection> {
  // no stored policy waits for an HTTP client
  const { openOutbound } = await import('../../http/outbound.ts');
  const now = (): number => clock.now();
  const { baseUrl, org, proxy, caFile, deadlineMs } = config;
  const outbound = openOutbound({
    baseUrl,
    now,
    ...(proxy === undefined ? {} : { proxy }),
    ...(caFile === undefined ? {} : { caFile }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  });
  const tokens = createAccessTokens({ outbound, readCredential, now });
  return { outbound, api: createGovernanceApi({ outbound, tokens, org, now }), memory: { last: null } };
}

interface RunFacts {
  readonly cause: PollCause;
  readonly signal: AbortSignal;
}

/** List → get what changed → verify → judge absences → hand over. */
async function syncOnce(options: SyncRunOptions, connection: Connection, run: RunFacts): Promise<SourceOutcome> {
  const { api, outbound, memory } = connection;
  const { store, config, clock } = options;
  const cached = store.cachedPolicies();
  const expected = { org: config.org, ignoreMembers: config.ignoreMembers ?? [] };
  const gathered = await gatherPolicies({ api, expected, cached, memory, signal: run.signal });
  const plan = planSync(gathered, {
    org: config.org,
    active: store.active(),
    pending: store.pendingAbsences(),
    cached,
    counts: run.cause === 'timer',
    completedAt: clock.now(),
    verifiedClock: outbound.url.protocol === 'https:',
  });
  return handOver(options, plan, gathered.listing.startedAt);
}

async function handOver(options: SyncRunOptions, plan: SyncPlan, startedAt: number): Promise<SourceOutcome> {
  const { store, config, onPolicies, random } = options;
  const followUpMs = plan.held.length === 0 ? null : FOLLOW_UP_FROM_MS + Math.round(FOLLOW_UP_SPREAD_MS * random());
  const common = { kind: 'ok', heldPolicies: plan.held, followUpMs } as const;
  if (plan.waits) {
    store.recordSync(plan.record);
    return { ...common, result: 'waiting', revision: null, generation: null };
  }
  const activation = await onPolicies({
    source: 'governance',
    org: config.org,
    revision: plan.revision,
    etag: null,
    fetchedAt: startedAt,
    // a listing says nothing beside its policies, and has no order
    terms: null,
    origin: null,
    get policies() {
      return plan.policies();
    },
    sync: plan.record,
  });
  if (activation.kind === 'failed') return { kind: 'failed', failure: activation.failure, retryAfterMs: null };
  const { generation } = activation;
  return { ...common, result: activation.kind, revision: plan.revision, generation };
}

import type { Random } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { readBaseUrl } from '../../http/outbound-url.ts';
import { DEFAULT_GOVERNANCE_INTERVAL_MS } from '../../schema/limits.ts';
import type { BundleStore } from '../../store/bundle-store.ts';
import type { Activation, FetchedBundle } from '../activate.ts';
import { createPoller, type SyncAnswer } from '../poller.ts';
import type { Stage } from '../source-failure.ts';
import { readCredentialFile } from './credential-file.ts';
import { credentialWarnings, type SourceWarning } from './credential-warnings.ts';
import { createSyncRun, type GovernanceConfig, type SyncOutcome } from './sync-run.ts';

export interface GovernanceSourceOptions {
  readonly config: GovernanceConfig;
  readonly store: BundleStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Anything stable about this machine. */
  readonly hostId: string;
  /** The hand-over of everything fetched and verified; a sync ends when it has settled. */
  readonly onPolicies: (bundle: FetchedBundle) => Promise<Activation>;
  /** Called when syncs begin to fail, fail in another way, or work again (null). Must not throw. */
  readonly onTrouble?: (error: LastError | null) => void;
  /** Called when a run begins and once the next one is planned: `status` may say something else. Must not throw. */
  readonly onStatus?: () => void;
}

export interface LastError {
  readonly stage: Stage;
  readonly code: string;
  readonly message: string;
  readonly at: string;
}

/** Times are RFC 3339. */
export interface SourceStatus {
  readonly type: 'governance';
  /** `waiting`: a first listing without policies is to be confirmed. */
  readonly state: 'starting' | 'ok' | 'waiting' | 'failing' | 'closed';
  /** Of the last complete sync, also one before this start. */
  readonly last_success: string | null;
  /** Cleared by a complete sync. */
  readonly last_error: LastError | null;
  readonly next_attempt: string | null;
  /** Policies that the server no longer lists and that serve until that is confirmed; '' = every policy. */
  readonly pending_absences: readonly string[];
  readonly warnings: readonly SourceWarning[];
}

export interface GovernanceSource {
  /** Begins to poll. Does not wait for the first answer. */
  start(): void;
  /** Calls off the run in progress and plans none. Idempotent. */
  close(): Promise<void>;
  /** Runs now or joins the run in progress; settles when its result is live. Never rejects. */
  sync(): Promise<SyncAnswer<SyncOutcome>>;
  /** A copy. */
  status(): SourceStatus;
}

interface SourceMemory {
  state: SourceStatus['state'];
  lastError: LastError | null;
  held: readonly string[];
  warnings: readonly SourceWarning[];
}

/** Throws an `OutboundError` for a base URL that cannot be used; does no I/O. */
export function createGovernanceSource(options: GovernanceSourceOptions): GovernanceSource {
  const { clock, store, config, random, hostId, onPolicies } = options;
  const baseUrl = readBaseUrl(config.baseUrl);
  const closing = new AbortController();
  const memory: SourceMemory = {
    state: 'starting',
    lastError: null,
    held: [],
    warnings: credentialWarnings(baseUrl, null),
  };
  const readCredential = (): ReturnType<typeof readCredentialFile> => {
    const credential = readCredentialFile(config.credentialFile);
    memory.warnings = credentialWarnings(baseUrl, credential);
    return credential;
  };
  const run = createSyncRun({ config, store, clock, random, readCredential, onPolicies }, closing.signal);
  const poller = createPoller<SyncOutcome>({
    clock,
    random,
    hostId,
    intervalMs: config.intervalMs ?? DEFAULT_GOVERNANCE_INTERVAL_MS,
    delivered: () => store.enrolledOrg() !== null,
    onPlan: () => options.onStatus?.(),
    run: async (cause) => {
      const outcome = await run.sync(cause);
      const before = memory.lastError?.code ?? null;
      remember(memory, outcome, clock.now());
      if ((memory.lastError?.code ?? null) !== before) options.onTrouble?.(memory.lastError);
      return outcome;
    },
  });
  return {
    start: () => poller.start(),
    async close() {
      memory.state = 'closed';
      closing.abort();
      await poller.close();
      await run.close();
    },
    sync: () => poller.syncNow(),
    status: () => ({
      type: 'governance',
      state: memory.state,
      last_success: timeText(store.lastSync()?.completedAt ?? null),
      last_error: memory.lastError,
      next_attempt: timeText(poller.nextAttempt()),
      pending_absences: [...memory.held],
      warnings: [...memory.warnings],
    }),
  };
}

function remember(memory: SourceMemory, outcome: SyncOutcome, now: number): void {
  // what the shutdown itself broke off is no news
  if (memory.state === 'closed') return;
  if (outcome.kind === 'failed') {
    const { stage, code, message } = outcome.failure;
    memory.state = 'failing';
    memory.lastError = { stage, code, message, at: new Date(now).toISOString() };
    return;
  }
  memory.state = outcome.result === 'waiting' ? 'waiting' : 'ok';
  memory.lastError = null;
  memory.held = outcome.heldPolicies;
}

function timeText(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { MAX_INTERVAL_MS } from '../schema/limits.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import type { Activation, FetchedBundle } from './activate.ts';
import { createPoller, type PollCause } from './poller.ts';
import type {
  LastError,
  PolicySource,
  RunResult,
  SourceOutcome,
  SourceStatus,
  SourceType,
  SourceWarning,
} from './source.ts';

/** What every kind of source is given. */
export interface SourceContext {
  readonly store: BundleStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Anything stable about this machine. */
  readonly hostId: string;
  /** What the bundle that serves asks for, in milliseconds; null = it asks for nothing. */
  readonly bundleIntervalMs: () => number | null;
  /** The hand-over of everything fetched and verified; a run ends when it has settled. */
  readonly onPolicies: (bundle: FetchedBundle) => Promise<Activation>;
  /** Called when runs begin to fail, fail in another way, or work again (null). Must not throw. */
  readonly onTrouble?: (error: LastError | null) => void;
  /** Called when a run begins and once the next one is planned: `status` may say something else. Must not throw. */
  readonly onStatus?: () => void;
}

/** What makes one kind of source: how it gets and verifies, and what there is to say about it. */
export interface SourceRun {
  readonly type: SourceType;
  readonly interval: Interval;
  /** One whole run. Never rejects. */
  readonly run: (cause: PollCause, closing: AbortSignal) => Promise<SourceOutcome>;
  readonly warnings: () => readonly SourceWarning[];
  readonly details: () => SourceStatus['details'];
  readonly close: () => Promise<void> | void;
}

/** The time between two runs, in milliseconds. */
export interface Interval {
  /** What the configuration says; it has the last word. */
  readonly configuredMs: number | undefined;
  /** Where neither the configuration nor a bundle says anything. */
  readonly defaultMs: number;
  /** The least that a bundle may ask for. */
  readonly leastMs: number;
}

interface Memory {
  state: SourceStatus['state'];
  lastError: LastError | null;
  held: readonly string[];
  readonly runs: Record<RunResult, number>;
}

/** Polls with a run of whatever kind, and remembers how that went. Does no I/O before `start`. */
export function createPolledSource(run: SourceRun, context: SourceContext): PolicySource {
  const { clock, store, random, hostId } = context;
  const closing = new AbortController();
  const runs = { activated: 0, unchanged: 0, waiting: 0, failed: 0 };
  const memory: Memory = { state: 'starting', lastError: null, held: [], runs };
  const poller = createPoller<SourceOutcome>({
    clock,
    random,
    hostId,
    intervalMs: () => intervalMs(run.interval, context.bundleIntervalMs()),
    delivered: () => store.enrolledOrg() !== null,
    onPlan: () => context.onStatus?.(),
    run: async (cause) => {
      const outcome = await run.run(cause, closing.signal);
      const before = memory.lastError?.code ?? null;
      remember(memory, outcome, clock.now());
      if ((memory.lastError?.code ?? null) !== before) context.onTrouble?.(memory.lastError);
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
      type: run.type,
      state: memory.state,
      last_success: timeText(store.lastSync()?.completedAt ?? null),
      last_error: memory.lastError,
      next_attempt: timeText(poller.nextAttempt()),
      runs: { ...memory.runs },
      pending_absences: [...memory.held],
      details: run.details(),
      warnings: [...run.warnings()],
    }),
  };
}

function intervalMs({ configuredMs, defaultMs, leastMs }: Interval, bundleMs: number | null): number {
  if (configuredMs !== undefined) return configuredMs;
  return bundleMs === null ? defaultMs : Math.min(Math.max(bundleMs, leastMs), MAX_INTERVAL_MS);
}

function remember(memory: Memory, outcome: SourceOutcome, now: number): void {
  // what the shutdown itself broke off is no news
  if (memory.state === 'closed') return;
  memory.runs[outcome.kind === 'failed' ? 'failed' : outcome.result] += 1;
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

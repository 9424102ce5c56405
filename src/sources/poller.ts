import { createHash } from 'node:crypto';
import { backoffMs, jittered, type Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';

/** Who started a run: the clock, or a person by `sync`. */
export type PollCause = 'timer' | 'sync';

export interface PollOutcome {
  readonly kind: 'ok' | 'failed';
  /** The next run is wanted no later than this from now. */
  readonly followUpMs?: number | null;
  /** The server asked to be left alone for so long. */
  readonly retryAfterMs?: number | null;
}

export interface PollerOptions<Outcome extends PollOutcome> {
  readonly clock: Clock;
  readonly random: Random;
  /** Asked for at each plan: a bundle may change it. */
  readonly intervalMs: () => number;
  /** Anything stable about this machine: it spreads a fleet that starts at the same moment. */
  readonly hostId: string;
  /** Whether there is a policy to serve; without one there is more hurry. */
  readonly delivered: () => boolean;
  /** Never rejects; an error is an outcome. */
  readonly run: (cause: PollCause) => Promise<Outcome>;
  /** Called when `nextAttempt` has changed: a run has begun, or is over and the next one planned. Must not throw. */
  readonly onPlan?: () => void;
}

export type SyncAnswer<Outcome> =
  | { readonly kind: 'ran'; readonly outcome: Outcome }
  /** A `Retry-After` is running. */
  | { readonly kind: 'deferred'; readonly retryAfterMs: number }
  | { readonly kind: 'closed' };

export interface Poller<Outcome extends PollOutcome> {
  start(): void;
  /** Runs now, or joins the run in progress. */
  syncNow(): Promise<SyncAnswer<Outcome>>;
  /** Milliseconds since the epoch; null = none is planned (a run is in progress, not started, closed). */
  nextAttempt(): number | null;
  /** Plans nothing more and waits for the run in progress. */
  close(): Promise<void>;
}

/** A timer longer than this would sleep through a suspend unnoticed. */
const SLICE_MS = 5_000;
/** A slice that took this much more or less than planned: the machine slept, or somebody set the clock. */
const JUMP_MS = 10_000;
const MAX_SPLAY_MS = 30_000;
/** Between a run that took longer than the interval and the next. */
const LEAST_REST_MS = 1_000;
const FIRST_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 900_000;
/** The most that a `Retry-After` is obeyed: a wrong one must not end the supply of policy. */
const MAX_RETRY_AFTER_MS = 3_600_000;

interface PollState<Outcome> {
  /** When the run in progress began, or the last one. */
  begunAt: number;
  nextAt: number;
  /** Until then the server wants to be left alone. */
  notBefore: number;
  failures: number;
  running: Promise<Outcome> | null;
  cancel: () => void;
  phase: 'new' | 'started' | 'closed';
}

export function createPoller<Outcome extends PollOutcome>(options: PollerOptions<Outcome>): Poller<Outcome> {
  const { clock } = options;
  const state: PollState<Outcome> = {
    begunAt: 0,
    nextAt: 0,
    notBefore: 0,
    failures: 0,
    running: null,
    cancel: () => undefined,
    phase: 'new',
  };

  const arm = (): void => {
    state.cancel();
    if (state.phase !== 'started') return;
    const armedAt = clock.now();
    const slice = Math.min(Math.max(state.nextAt - armedAt, 0), SLICE_MS);
    state.cancel = clock.after(slice, () => wakeUp(clock.now() - armedAt - slice));
  };
  const wakeUp = (drift: number): void => {
    if (state.running !== null) return;
    noticeJump(state, drift, clock.now());
    if (clock.now() >= state.nextAt) void execute('timer');
    else arm();
  };
  const execute = (cause: PollCause): Promise<Outcome> => {
    state.cancel();
    state.begunAt = clock.now();
    const running = options.run(cause).then((outcome) => {
      state.running = null;
      plan(state, options, outcome, cause);
      arm();
      options.onPlan?.();
      return outcome;
    });
    state.running = running;
    options.onPlan?.();
    return running;
  };
  return {
    start() {
      if (state.phase !== 'new') return;
      state.phase = 'started';
      state.nextAt = clock.now() + (options.delivered() ? splayMs(options) : 0);
      arm();
    },
    async syncNow() {
      if (state.phase === 'closed') return { kind: 'closed' };
      const rest = state.notBefore - clock.now();
      if (state.running === null && rest > 0) return { kind: 'deferred', retryAfterMs: rest };
      return { kind: 'ran', outcome: await (state.running ?? execute('sync')) };
    },
    nextAttempt: () => (state.phase === 'started' && state.running === null ? state.nextAt : null),
    async close() {
      state.phase = 'closed';
      state.cancel();
      await state.running;
    },
  };
}

/** A poll at once on wake (delivery, What always holds), but not into a running `Retry-After`. */
function noticeJump(state: PollState<unknown>, drift: number, now: number): void {
  if (Math.abs(drift) <= JUMP_MS) return;
  // a clock that was set back must not stretch what the server asked for
  if (drift < 0) state.notBefore += drift;
  state.nextAt = Math.max(now, state.notBefore);
}

function plan<Outcome extends PollOutcome>(
  state: PollState<Outcome>,
  options: PollerOptions<Outcome>,
  outcome: Outcome,
  cause: PollCause,
): void {
  const now = options.clock.now();
  // what a person asks for in between must not push the clock's own runs ahead of itself
  const planned = cause === 'sync' && state.nextAt > now ? state.nextAt : Number.POSITIVE_INFINITY;
  if (outcome.kind === 'ok') {
    state.failures = 0;
    state.notBefore = 0;
    const intervalMs = options.intervalMs();
    // what a run brings is as old as its beginning: one that a suspend lay in is soon followed by another
    const begun = Math.min(state.begunAt, now);
    const regular = Math.max(begun + jittered(intervalMs, options.random), now + Math.min(intervalMs, LEAST_REST_MS));
    const followUp = now + (outcome.followUpMs ?? Number.POSITIVE_INFINITY);
    state.nextAt = Math.min(planned, regular, followUp);
    return;
  }
  if (cause === 'timer') state.failures += 1;
  const restMs = Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  // a failure alone holds nobody off, also after the clock was set back
  state.notBefore = restMs > 0 ? now + restMs : 0;
  state.nextAt = Math.max(Math.min(planned, now + retryMs(options, state.failures)), state.notBefore);
}

function retryMs(options: PollerOptions<PollOutcome>, failures: number): number {
  const { random } = options;
  const intervalMs = options.intervalMs();
  const capMs = Math.max(intervalMs, Math.min(MAX_BACKOFF_MS, intervalMs * 10));
  const baseMs = options.delivered() ? intervalMs : Math.min(intervalMs, FIRST_BACKOFF_MS);
  return backoffMs({ baseMs, capMs }, Math.max(1, failures), random);
}

/** The same part of the interval for this machine each time it starts. */
function splayMs({ hostId, intervalMs }: PollerOptions<PollOutcome>): number {
  const part = createHash('sha256').update(hostId).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(part * Math.min(intervalMs(), MAX_SPLAY_MS));
}

import type { Clock } from '../base/clock.ts';

export interface RegularOptions {
  readonly clock: Clock;
  /** At the latest so long after the last run that worked. */
  readonly everyMs: number;
  /** One run. May throw: it is told, and tried again before long. */
  readonly run: () => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

export interface Regular {
  /** Runs now, and from then on; or first when the time has passed, where somebody has just done it. */
  readonly start: (first?: 'now' | 'later') => void;
  /** Something changed: a run follows when nothing more has for a while, and before long in any case. */
  readonly changed: () => void;
  /** Waits for the run in progress; plans none. */
  readonly close: () => Promise<void>;
}

/** Several writes in a row become one revision. */
const SETTLE_MS = 2_000;
const SETTLE_MAX_MS = 10_000;
/** A longer timer would sleep through a suspend unnoticed. */
const SLICE_MS = 5_000;
const FIRST_RETRY_MS = 5_000;
const MOST_RETRY_MS = 300_000;

interface State {
  nextAt: number;
  firstChangeAt: number | null;
  failures: number;
  running: Promise<void> | null;
  cancel: () => void;
  closed: boolean;
}

/** Runs at least every so often, and soon after a change. */
export function createRegular(options: RegularOptions): Regular {
  const { clock, everyMs } = options;
  const state: State = {
    nextAt: 0,
    firstChangeAt: null,
    failures: 0,
    running: null,
    cancel: () => undefined,
    closed: false,
  };
  const arm = (): void => {
    state.cancel();
    if (state.closed || state.running !== null) return;
    const rest = Math.max(0, state.nextAt - clock.now());
    state.cancel = clock.after(Math.min(rest, SLICE_MS), () => {
      // a clock that was set back must not put off what is due
      state.nextAt = Math.min(state.nextAt, clock.now() + everyMs);
      if (clock.now() >= state.nextAt) execute();
      else arm();
    });
  };
  const execute = (): void => {
    state.cancel();
    state.firstChangeAt = null;
    state.running = options.run().then(
      () => settled(state, clock.now() + everyMs, 0),
      (error: unknown) => {
        options.onTrouble(error);
        const retry = Math.min(FIRST_RETRY_MS * 2 ** state.failures, MOST_RETRY_MS, everyMs);
        settled(state, clock.now() + retry, state.failures + 1);
      },
    );
    void state.running.then(arm);
  };
  return {
    start(first = 'now') {
      if (first === 'now') execute();
      else settled(state, clock.now() + everyMs, 0);
      arm();
    },
    changed() {
      if (state.closed) return;
      const now = clock.now();
      state.firstChangeAt ??= now;
      state.nextAt = Math.min(now + SETTLE_MS, state.firstChangeAt + SETTLE_MAX_MS);
      arm();
    },
    async close() {
      state.closed = true;
      state.cancel();
      await state.running;
    },
  };
}

/** What changed while it ran has its own time already. */
function settled(state: State, nextAt: number, failures: number): void {
  state.running = null;
  state.failures = failures;
  state.nextAt = state.firstChangeAt === null ? nextAt : Math.min(nextAt, state.nextAt);
}

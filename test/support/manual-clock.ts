import type { Clock } from '../../src/base/clock.ts';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** Runs every timer that comes due, each at its own time. */
  advance(ms: number): void;
  /** The same, and lets the real I/O that a timer started get on in between. */
  advanceSlowly(ms: number, settle: () => Promise<unknown>): Promise<void>;
  /** Suspend, or somebody setting the clock: the wall moves, what is left on the timers does not. */
  jump(ms: number): void;
  pending(): number;
}

export function manualClock(start = Date.parse('2026-06-01T12:00:00Z')): ManualClock {
  // timers count on a clock of their own, as the kernel's do
  let ticks = 0;
  let offset = start;
  const timers = new Set<Timer>();
  const due = (until: number): Timer | undefined =>
    [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
  const fire = (timer: Timer): void => {
    timers.delete(timer);
    ticks = Math.max(ticks, timer.at);
    timer.task();
  };
  return {
    now: () => offset + ticks,
    after(ms, task) {
      const timer = { at: ticks + ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = ticks + ms;
      for (let timer = due(until); timer !== undefined; timer = due(until)) fire(timer);
      ticks = until;
    },
    async advanceSlowly(ms, settle) {
      const until = ticks + ms;
      for (let timer = due(until); timer !== undefined; timer = due(until)) {
        fire(timer);
        await settle();
      }
      ticks = until;
    },
    jump(ms) {
      offset += ms;
    },
    pending: () => timers.size,
  };
}

/** The only source of time below the daemon; tests pass their own. Times are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Calls `task` once after `ms`; the returned function cancels. The timer never keeps the process alive. */
  after(ms: number, task: () => void): () => void;
}

/** The wall clock and real, unreferenced timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

import type { Clock } from '../../base/clock.ts';
import { Histogram } from '../../base/histogram.ts';

const PERIOD_MS = 1_000;
/** Seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export interface LoopLag {
  readonly histogram: Histogram;
  close(): void;
}

/**
 * How late the event loop comes to what is due: all answers come as late. One look a second, since a finer one would wake
 * a process that has nothing to do.
 */
export function watchLoopLag(clock: Clock): LoopLag {
  const histogram = new Histogram(BOUNDS);
  const arm = (): (() => void) => {
    // a wall clock that is set, or a suspend, is no lag
    const due = performance.now() + PERIOD_MS;
    return clock.after(PERIOD_MS, () => {
      histogram.observe(Math.max(0, performance.now() - due) / 1_000);
      cancel = arm();
    });
  };
  let cancel = arm();
  return { histogram, close: () => cancel() };
}

import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from '../base/clock.ts';

/** What is new has two halves of so much. Decisions and compiling are as fast with it as with any more. */
const HALF_MB = 4;
const WHOLE_BYTES = 2 * HALF_MB * 1_048_576;
const LOOK_MS = 1_000;

/**
 * Bounds the memory that what is new takes in each thread. V8 doubles it, up to 128 MB a thread, whenever enough has
 * survived since it did so last, however long ago that was: under a load that never ends every thread arrives there.
 * For the whole process, and for its life; to be called by its first thread, before there is another one.
 */
export function boundYoungMemory(clock: Clock): void {
  // only for threads that start later: of this one the bound is known already
  setFlagsFromString(`--max-semi-space-size=${HALF_MB}`);
  let grows = true;
  const look = (): void => {
    clock.after(LOOK_MS, look);
    // while nothing happens it shrinks, and may grow again
    const mayGrow = youngBytes() < WHOLE_BYTES;
    if (mayGrow === grows) return;
    grows = mayGrow;
    // of all threads: others stay as they are meanwhile
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  };
  look();
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../../base/clock.ts';

/** So much later everything that led to a policy has come to rest. */
const REST_MS = 1_000;
/** Where it never comes to rest, garbage is counted as use, and a heap grows for hours towards what it could take. */
const LATEST_MS = 60_000;
/** Less than this is not worth the tenth of a second that it takes. */
const WORTH_BYTES = 16_777_216;

/** Gives the memory back that making a policy took: V8 would keep it for a next time that may never come. */
export interface SpareMemory {
  /** Something large may have been done. */
  used(): void;
  close(): void;
}

/** For the thread that calls it; it stops for the time of a full collection. */
export function watchSpareMemory(clock: Clock, worthBytes = WORTH_BYTES): SpareMemory {
  let cancel = (): void => undefined;
  /** When it was used first since the last look; null = not at all. */
  let since: number | null = null;
  const look = (overdue: boolean): void => {
    since = null;
    const { heapTotal, heapUsed, arrayBuffers } = process.memoryUsage();
    // texts and compiled forms out of the database lie outside the heap, and V8 is in no hurry with so little in it
    if (overdue || heapTotal - heapUsed >= worthBytes || arrayBuffers >= worthBytes) collectGarbage();
  };
  return {
    used() {
      cancel();
      since ??= clock.now();
      const overdue = clock.now() - since >= LATEST_MS;
      cancel = clock.after(overdue ? 0 : REST_MS, () => look(overdue));
    },
    close: () => cancel(),
  };
}

/** Unlike a collection of V8's own choice, this one also shrinks the heap. */
function collectGarbage(): void {
  // contexts that are made from here on have `gc`; nothing else of this program makes one
  setFlagsFromString('--expose-gc');
  runInNewContext("gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })");
}

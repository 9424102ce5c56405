// A process in which more and more survives, first in its own thread and then in a later one. Prints how many megabytes
// what is new takes in each of them. `bound`: with the daemon's bound.
import { getHeapSpaceStatistics } from 'node:v8';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { boundYoungMemory } from '../../src/daemon/young-memory.ts';
import { manualClock } from './manual-clock.ts';

const SECONDS = 150;

function surviveEachSecond(afterwards: () => void): void {
  let held: object[] = [];
  for (let second = 0; second < SECONDS; second += 1) {
    for (let count = 0; count < 20_000; count += 1) held.push({ count, list: [count] });
    if (held.length > 100_000) held = held.slice(60_000);
    afterwards();
  }
}

function youngMegabytes(): number {
  const found = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return (found?.space_size ?? 0) / 1_048_576;
}

if (isMainThread) {
  const clock = manualClock();
  if (process.argv[2] === 'bound') boundYoungMemory(clock);
  surviveEachSecond(() => clock.advance(1_000));
  const first = youngMegabytes();
  const later = new Worker(new URL(import.meta.url));
  later.once('message', (size: number) => console.log(JSON.stringify({ first, later: size })));
} else {
  surviveEachSecond(() => undefined);
  parentPort?.postMessage(youngMegabytes());
}

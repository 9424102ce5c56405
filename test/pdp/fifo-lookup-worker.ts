import { closeSync, lstatSync, openSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { answerLookups, type LaneEnds } from '../../src/pdp/path-lane.ts';
import { lookAtPrefixes } from '../../src/pdp/path-prefixes.ts';
import { resolveLiteralPrefix } from '../../src/realpath/literal-prefix.ts';
import { walkPath } from '../../src/realpath/walk.ts';

// The resolver's thread, on a disk where a fifo hangs: opening it for reading is a system call that nothing can interrupt,
// and that returns once somebody opens it for writing. `crash` in a path breaks the thread down.
answerLookups(workerData as LaneEnds, (request) => {
  if (request.kind === 'path') return { kind: 'path', resolution: onThisDisk(walkPath)(request.path) };
  return lookAtPrefixes(request.paths, request.progress, onThisDisk(resolveLiteralPrefix));
});

function onThisDisk<T>(look: (path: string) => T): (path: string) => T {
  return (path) => {
    if (path.endsWith('/crash')) throw new Error('broken down');
    if (lstatSync(path, { throwIfNoEntry: false })?.isFIFO() === true) closeSync(openSync(path, 'r'));
    return look(path);
  };
}

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { AskingLane, laneMemory } from '../../src/pdp/path-lane.ts';
import type { LookupReply, LookupRequest } from '../../src/pdp/path-lookup.ts';
import { tempDirectory } from '../support/temp-tree.ts';

/** A lane to a thread that looks at this disk. Nothing here goes back to the event loop, so nothing is delivered. */
function laneFor(t: TestContext): AskingLane {
  const { port1: port, port2: theirs } = new MessageChannel();
  const memory = laneMemory();
  const workerData = { port: theirs, memory };
  const worker = new Worker(new URL('./fifo-lookup-worker.ts', import.meta.url), {
    workerData,
    transferList: [theirs],
  });
  t.after(async () => {
    await worker.terminate();
    port.close();
  });
  return new AskingLane({ port, memory });
}

/** What comes next, without the event loop. */
function waitFor(lane: AskingLane): LookupReply {
  const until = performance.now() + 20_000;
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  for (let reply = lane.next(); ; reply = lane.next()) {
    if (reply !== null) return reply;
    assert.ok(performance.now() < until, 'no answer');
    Atomics.wait(nobody, 0, 0, 1);
  }
}

function prefixesOf(paths: readonly string[]): LookupRequest {
  return { kind: 'prefixes', paths, progress: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}

test("an answer by the port is found behind the thread's greeting and behind bells that nobody has heard", (t) => {
  const root = tempDirectory(t);
  const lane = laneFor(t);
  const long = `${root}/${'long/'.repeat(600)}end`;
  lane.post(prefixesOf([root]));
  assert.deepEqual(waitFor(lane), { kind: 'prefixes', done: 1, leads: new Map() });
  for (let round = 0; round < 50; round += 1) {
    lane.post({ kind: 'path', path: `${root}/${round}` });
    assert.deepEqual(waitFor(lane), { kind: 'path', resolution: { kind: 'real', real: `${root}/${round}` } });
    lane.post({ kind: 'path', path: long });
    lane.post(prefixesOf([root, long]));
    assert.deepEqual(waitFor(lane), { kind: 'path', resolution: { kind: 'real', real: long } });
    assert.deepEqual(waitFor(lane), { kind: 'prefixes', done: 2, leads: new Map() });
  }
});

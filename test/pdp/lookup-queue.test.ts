import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lookup, LookupQueue, type NoReply } from '../../src/pdp/lookup-queue.ts';
import type { LookupReply } from '../../src/pdp/path-lookup.ts';

interface Asked {
  readonly lookup: Lookup;
  readonly settled: (LookupReply | NoReply)[];
}

function asked(uid: number | null, path: string, ms = 60_000): Asked {
  const settled: (LookupReply | NoReply)[] = [];
  const asker = { uid, until: performance.now() + ms };
  return { lookup: { request: { kind: 'path', path }, asker, settle: (reply) => settled.push(reply) }, settled };
}

/** Takes all out, each of which takes `costMs(path)`. */
function taken(queue: LookupQueue, costMs: (path: string) => number): readonly string[] {
  const paths: string[] = [];
  for (let next = queue.next(); next !== null; next = queue.next()) {
    const path = next.request.kind === 'path' ? next.request.path : '';
    paths.push(path);
    queue.charge(next.asker.uid, costMs(path));
  }
  return paths;
}

test('one user’s lookups come in their order', () => {
  const queue = new LookupQueue();
  for (const path of ['/a', '/b', '/c']) queue.push(asked(1, path).lookup);
  assert.deepEqual(
    taken(queue, () => 1),
    ['/a', '/b', '/c'],
  );
  assert.equal(queue.next(), null);
});

test('who has used the disk least comes next', () => {
  const queue = new LookupQueue();
  for (const path of ['/slow/1', '/slow/2', '/slow/3']) queue.push(asked(1, path).lookup);
  for (const path of ['/2a', '/2b', '/2c']) queue.push(asked(2, path).lookup);
  queue.push(asked(null, '/unknown').lookup);
  const order = taken(queue, (path) => (path.startsWith('/slow') ? 100 : 1));
  assert.deepEqual(order, ['/slow/1', '/2a', '/unknown', '/2b', '/2c', '/slow/2', '/slow/3']);
});

test('nobody saves up time, and nobody pays for what was used while nobody else asked', () => {
  const queue = new LookupQueue();
  queue.push(asked(1, '/1a').lookup);
  queue.push(asked(2, '/2a').lookup);
  taken(queue, () => 1);
  for (let round = 0; round < 5; round += 1) {
    queue.push(asked(2, '/2b').lookup);
    taken(queue, () => 100);
  }
  for (const path of ['/1b', '/1c', '/1d']) queue.push(asked(1, path).lookup);
  queue.push(asked(2, '/2c').lookup);
  assert.deepEqual(
    taken(queue, () => 100),
    ['/1b', '/1c', '/2c', '/1d'],
  );
});

test('what nobody waits for any more is dropped with an answer, without being taken out', () => {
  const queue = new LookupQueue();
  const late = asked(1, '/late', -1);
  queue.push(late.lookup);
  queue.push(asked(1, '/timely').lookup);
  assert.deepEqual(late.settled, [{ kind: 'none', reason: 'the disk was busy for too long' }]);
  assert.deepEqual(
    taken(queue, () => 1),
    ['/timely'],
  );
});

test('thousands of users leave no more than a thousand lines behind, and none of those who wait is forgotten', () => {
  const queue = new LookupQueue();
  const waiting = asked(7, '/waiting');
  queue.push(waiting.lookup);
  for (let uid = 10_000; uid < 13_000; uid += 1) queue.charge(uid, 1);
  assert.deepEqual(queue.flush(), [waiting.lookup]);
  assert.deepEqual(queue.flush(), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PREFIXES_SLICE_MS, type PrefixesReply } from '../../src/pdp/path-lookup.ts';
import { lookAtPrefixes, type PrefixLooks, resolveInChunks } from '../../src/pdp/path-prefixes.ts';
import type { ResolvedPrefix } from '../../src/policy/policy-set.ts';

const leads = (resolved: string): ResolvedPrefix => ({ resolved, trusted: false });

/** A disk on which some prefixes hang, at most so many times, and all others lead to themselves below `/real`. */
function disk(hanging: ReadonlyMap<string, number>, options: Partial<PrefixLooks> = {}) {
  const left = new Map(hanging);
  const asked: (readonly string[])[] = [];
  const looks: PrefixLooks = {
    mayLook: () => true,
    hangs: () => false,
    look: (paths) => {
      asked.push(paths);
      const at = paths.findIndex((path) => (left.get(path) ?? 0) > 0);
      if (at === -1) {
        const found = new Map(paths.map((path, position) => [position, leads(`/real${path}`)] as const));
        return Promise.resolve<PrefixesReply>({ kind: 'prefixes', done: paths.length, leads: found });
      }
      const path = paths[at] ?? '';
      left.set(path, (left.get(path) ?? 0) - 1);
      return Promise.resolve({ kind: 'failed', at });
    },
    ...options,
  };
  return { looks, asked };
}

const ALL = ['/a', '/b', '/c', '/d'];

test('one that hangs is left out, and the others are looked at, in their order', async () => {
  const { looks, asked } = disk(new Map([['/c', 1]]));
  const { links, stuck } = await resolveInChunks(ALL, new Map([['/c', leads('/known')]]), looks);
  assert.deepEqual(
    [...links].map(([prefix, { resolved }]) => [prefix, resolved]),
    [
      ['/a', '/real/a'],
      ['/b', '/real/b'],
      ['/c', '/known'],
      ['/d', '/real/d'],
    ],
  );
  assert.deepEqual(stuck, ['/c']);
  assert.deepEqual(asked, [ALL, ['/a', '/b'], ['/d']]);
});

test('what was looked at before one that hangs is not lost when nothing else may be looked at', async () => {
  let times = 1;
  const { looks } = disk(new Map([['/c', 1]]), { mayLook: () => (times -= 1) >= 0 });
  const { links, stuck } = await resolveInChunks(ALL, new Map(), looks);
  assert.deepEqual([...links.keys()], ['/a', '/b']);
  assert.deepEqual(stuck, ['/c', '/d']);
});

test('a disk that hangs a second time costs one thread more, and what is before keeps what was known', async () => {
  const { looks, asked } = disk(
    new Map([
      ['/b', 9],
      ['/c', 1],
    ]),
    {},
  );
  const calm = disk(new Map([['/c', 1]]));
  let round = 0;
  const look: PrefixLooks['look'] = (paths) => {
    round += 1;
    return round === 1 ? calm.looks.look(paths) : looks.look(paths);
  };
  const { links, stuck } = await resolveInChunks(ALL, new Map([['/a', leads('/known')]]), { ...looks, look });
  assert.deepEqual(stuck, ['/a', '/b', '/c']);
  assert.deepEqual([links.get('/a')?.resolved, links.get('/d')?.resolved], ['/known', '/real/d']);
  assert.deepEqual(asked, [['/a', '/b'], ['/d']]);
});

test('what hangs from before is not asked for, and nobody is asked when nobody may look', async () => {
  const before = disk(new Map(), { hangs: (prefix) => prefix === '/a' || prefix === '/c' });
  assert.deepEqual((await resolveInChunks(ALL, new Map(), before.looks)).stuck, ['/a', '/c']);
  assert.deepEqual(before.asked, [['/b'], ['/d']]);
  const nobody = disk(new Map(), { mayLook: () => false });
  assert.deepEqual((await resolveInChunks(ALL, new Map(), nobody.looks)).stuck, ALL);
  assert.deepEqual(nobody.asked, []);
});

test('a thread looks at one prefix at least, begins with no other once its time is up, and says which one it is at', () => {
  const progress = new Int32Array(1);
  const slow = lookAtPrefixes(ALL, progress, () => {
    const until = performance.now() + PREFIXES_SLICE_MS + 5;
    while (performance.now() < until);
    return leads('/real');
  });
  assert.deepEqual(slow, { kind: 'prefixes', done: 1, leads: new Map([[0, leads('/real')]]) });
  const seen: number[] = [];
  const { done } = lookAtPrefixes(ALL, progress, () => {
    seen.push(Atomics.load(progress, 0));
    return null;
  });
  assert.deepEqual(seen, [0, 1, 2, 3].slice(0, done));
});

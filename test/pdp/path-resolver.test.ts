import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PathResolver, type PathResolverOptions } from '../../src/pdp/path-resolver.ts';
import type { Resolution } from '../../src/realpath/walk.ts';
import { plant, tempDirectory } from '../support/temp-tree.ts';

const linuxOnly = { skip: process.platform === 'linux' ? false : 'needs a mount namespace' };
const FIFO_DISK = new URL('./fifo-lookup-worker.ts', import.meta.url);

function resolverFor(t: TestContext, options: PathResolverOptions = {}): PathResolver {
  const resolver = new PathResolver(options);
  t.after(() => resolver.close());
  return resolver;
}

/** A fifo on which lookups hang until it is released; released at the end in any case, or the process could not end. */
function hangingPath(t: TestContext): { path: string; release: () => void } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-')));
  const path = join(root, 'hung');
  execFileSync('mkfifo', [path]);
  const release = (): void => closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  t.after(() => {
    release();
    rmSync(root, { recursive: true });
  });
  return { path, release };
}

/** Lets every lookup return that hangs on the path: one that comes later would hang again. */
async function releaseUntilNoneLost(resolver: PathResolver, release: () => void): Promise<void> {
  for (let round = 0; resolver.lost > 0 && round < 200; round += 1) {
    release();
    await sleep(10);
  }
  assert.equal(resolver.lost, 0);
}

/** Answers come and are not delivered. */
function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function reasonOf(resolution: Resolution): string {
  assert.ok(resolution.kind === 'unresolvable', JSON.stringify(resolution));
  return resolution.reason;
}

test('a path is resolved by a walk in another thread, as it is now and not as it was', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'b/', 'l -> a']);
  const resolver = resolverFor(t);
  assert.deepEqual(await resolver.resolve(`${root}/l/x`), { kind: 'real', real: `${root}/a/x` });
  rmSync(`${root}/l`);
  symlinkSync('b', `${root}/l`);
  assert.deepEqual(await resolver.resolve(`${root}/l/x`), { kind: 'real', real: `${root}/b/x` });
  writeFileSync(`${root}/f`, '');
  assert.match(reasonOf(await resolver.resolve(`${root}/f/x`)), /is no directory/);
  assert.equal(resolver.lost, 0);
});

test('many lookups at once are each answered with their own path', async (t) => {
  const root = tempDirectory(t);
  const resolver = resolverFor(t);
  const paths = Array.from({ length: 500 }, (_, index) => `${root}/${index}`);
  const resolutions = await Promise.all(paths.map((path) => resolver.resolve(path)));
  assert.deepEqual(
    resolutions,
    paths.map((real) => ({ kind: 'real', real })),
  );
});

test('a caller that may be held has its answer at once where the disk is quick, and no other caller is', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a', 'f']);
  const resolver = resolverFor(t);
  await resolver.resolve(root);
  const until = performance.now() + 60_000;
  const paths = [`${root}/l/x`, root, `${root}/f/x`, `${root}/new`];
  const expected = await Promise.all(paths.map((path) => resolver.resolve(path)));
  let atOnce = 0;
  for (let round = 0; round < 2_000; round += 1) {
    const place = round % paths.length;
    const found = resolver.resolve(paths[place] ?? '', { uid: 1, until, mayHold: true });
    if (!(found instanceof Promise)) atOnce += 1;
    assert.deepEqual(await found, expected[place]);
  }
  assert.ok(atOnce > 0);
  assert.ok(resolver.resolve(root, { uid: 1, until }) instanceof Promise);
  const behind = [root, root].map((path) => resolver.resolve(path, { uid: 1, until, mayHold: true }));
  for (const found of behind) assert.ok(found instanceof Promise, 'nobody is overtaken');
});

test('a disk that hangs holds a caller for a moment only', async (t) => {
  const root = tempDirectory(t);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK, deadlineMs: 300 });
  await resolver.resolve(root);
  const started = performance.now();
  const hung = resolver.resolve(path, { uid: 1, until: started + 60_000, mayHold: true });
  assert.ok(performance.now() - started < 200);
  assert.ok(hung instanceof Promise);
  assert.match(reasonOf(await hung), /no answer from the disk within 300 ms/);
  assert.deepEqual(await resolver.resolve(root, { uid: 1, until: started + 60_000, mayHold: true }), {
    kind: 'real',
    real: root,
  });
  await releaseUntilNoneLost(resolver, release);
});

test('paths of every length and prefixes between them each have their own answer, whenever the main thread looks', async (t) => {
  const root = tempDirectory(t);
  const deep = 'd'.repeat(200);
  plant(root, [`${deep}/`, `l -> ${deep}`]);
  const resolver = resolverFor(t, { deadlineMs: 10_000 });
  const until = performance.now() + 60_000;
  const tails = ['x', '\ufeffé', '日本/語', '🙂', `${'long/'.repeat(600)}end`, `${'ü/'.repeat(900)}end`];
  const prefixes = [`${root}/l`, ...tails.map((tail) => `${root}/l/${tail}`)];
  for (let round = 0; round < 300; round += 1) {
    const [found, { links, stuck }] = await Promise.all([
      Promise.all(
        tails.map(async (tail, uid) => {
          const resolution = await resolver.resolve(`${root}/l/${tail}`, { uid, until, mayHold: true });
          stall((round % 10) / 10);
          return resolution;
        }),
      ),
      resolver.resolvePrefixes(prefixes, new Map()),
    ]);
    assert.deepEqual(
      found,
      tails.map((tail) => ({ kind: 'real', real: `${root}/${deep}/${tail}` })),
    );
    assert.deepEqual([[...links.keys()], stuck], [prefixes, []]);
  }
});

test('no answer waits for a deadline, whichever way it comes', async (t) => {
  const root = tempDirectory(t);
  const resolver = resolverFor(t, { deadlineMs: 10_000 });
  const long = `${root}/${'long/'.repeat(600)}end`;
  const started = performance.now();
  for (let round = 0; round < 200; round += 1) {
    assert.deepEqual(await resolver.resolve(long), { kind: 'real', real: long });
    assert.deepEqual((await resolver.resolvePrefixes([root, long], new Map())).stuck, []);
    assert.ok(performance.now() - started < 9_000);
  }
});

test('a lookup that hangs in a system call is given up at its deadline, and those behind it are answered', async (t) => {
  const root = tempDirectory(t);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK });
  await resolver.resolve(root);
  const started = performance.now();
  const [hung, behind] = await Promise.all([resolver.resolve(path), resolver.resolve(`${root}/x`)]);
  assert.match(reasonOf(hung), /no answer from the disk within 100 ms/);
  assert.deepEqual(behind, { kind: 'real', real: `${root}/x` });
  assert.ok(performance.now() - started < 3000);
  assert.equal(resolver.lost, 1);
  await releaseUntilNoneLost(resolver, release);
  assert.deepEqual(await resolver.resolve(root), { kind: 'real', real: root });
});

test('a user whose paths hang keeps another user waiting for one of them at most', async (t) => {
  const root = tempDirectory(t);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK, deadlineMs: 50 });
  await resolver.resolve(root);
  const until = performance.now() + 60_000;
  const flood = Array.from({ length: 7 }, () => resolver.resolve(path, { uid: 1001, until }));
  assert.deepEqual(await resolver.resolve(root, { uid: 1002, until }), { kind: 'real', real: root });
  assert.ok(resolver.lost <= 2, `${resolver.lost} of the other user's lookups came first`);
  await Promise.all(flood);
  await releaseUntilNoneLost(resolver, release);
});

test('what nobody waits for any more is not looked at', async (t) => {
  const root = tempDirectory(t);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK, deadlineMs: 100 });
  await resolver.resolve(root);
  const until = performance.now() + 50;
  const flood = Array.from({ length: 6 }, () => resolver.resolve(path, { uid: 1001, until }));
  const reasons = (await Promise.all(flood)).map(reasonOf);
  assert.equal(reasons.filter((reason) => /busy for too long/.test(reason)).length, 4);
  assert.equal(resolver.lost, 2);
  await releaseUntilNoneLost(resolver, release);
});

test('the prefixes of rules take a bounded time together; the others keep what was known of them', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a', 'm -> a']);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK, deadlineMs: 100, prefixesMs: 50 });
  await resolver.resolve(root);
  const known = new Map([[`${root}/m`, { resolved: `${root}/b`, trusted: false }]]);
  const { links, stuck } = await resolver.resolvePrefixes([`${root}/l`, path, `${root}/m`], known);
  assert.deepEqual(stuck, [path, `${root}/m`]);
  assert.deepEqual([links.get(`${root}/l`)?.resolved, links.get(`${root}/m`)?.resolved], [`${root}/a`, `${root}/b`]);
  await releaseUntilNoneLost(resolver, release);
});

test('after eight lost threads every lookup is refused at once, until one returns', async (t) => {
  const root = tempDirectory(t);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK, deadlineMs: 20 });
  for (let thread = 1; thread <= 8; thread += 1) {
    assert.match(reasonOf(await resolver.resolve(path)), /within 20 ms/);
    assert.equal(resolver.lost, thread);
  }
  const started = performance.now();
  assert.match(reasonOf(await resolver.resolve(root)), /8 lookups hang/);
  assert.ok(performance.now() - started < 200, 'refused without waiting');
  resolver.start();
  await releaseUntilNoneLost(resolver, release);
  assert.deepEqual(await resolver.resolve(root), { kind: 'real', real: root });
});

test('closing answers what is outstanding, refuses what comes later, and does not wait for a lost thread', async (t) => {
  const root = tempDirectory(t);
  const { path, release } = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK });
  await resolver.resolve(root);
  const outstanding = resolver.resolve(path);
  await sleep(20);
  const started = performance.now();
  await resolver.close();
  assert.ok(performance.now() - started < 1000);
  assert.match(reasonOf(await outstanding), /shutting down/);
  assert.match(reasonOf(await resolver.resolve(root)), /shutting down/);
  assert.equal(resolver.lost, 1);
  resolver.start();
  await resolver.close();
  await releaseUntilNoneLost(resolver, release);
});

test('a thread that rests is gone without being lost, one that is busy does not, and the next lookup has another', async (t) => {
  const resolver = resolverFor(t, { entry: FIFO_DISK });
  const { path, release } = hangingPath(t);
  resolver.rest();
  assert.deepEqual(await resolver.resolve('/a'), { kind: 'real', real: '/a' });
  resolver.rest();
  assert.deepEqual(await resolver.resolve('/b'), { kind: 'real', real: '/b' });
  const hanging = resolver.resolve(path);
  resolver.rest();
  await sleep(20);
  release();
  assert.equal((await hanging).kind, 'real');
  assert.equal(resolver.lost, 0);
});

test('closing a resolver that never looked, or that is idle, loses nothing', async (t) => {
  const unused = resolverFor(t);
  await unused.close();
  assert.equal(unused.lost, 0);
  const idle = resolverFor(t);
  await idle.resolve('/');
  await idle.close();
  assert.equal(idle.lost, 0);
});

test('a thread that breaks down refuses what it was asked, and the next lookup gets another one', async (t) => {
  const root = tempDirectory(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK });
  assert.match(reasonOf(await resolver.resolve(`${root}/crash`)), /broke down/);
  assert.deepEqual(await resolver.resolve(root), { kind: 'real', real: root });
  assert.equal(resolver.lost, 0);
});

test('a thread that does not load refuses what waits for it', async (t) => {
  const resolver = resolverFor(t, { entry: new URL('./silent-lookup-worker.ts', import.meta.url), startMs: 150 });
  const refused = await Promise.all([resolver.resolve('/'), resolver.resolve('/x')]);
  for (const resolution of refused) assert.match(reasonOf(resolution), /did not start/);
});

test('a stall of the main thread is no loss: the answer is there, only undelivered', async (t) => {
  const resolver = resolverFor(t, { deadlineMs: 30 });
  await resolver.resolve('/');
  // from this phase of the loop timers come before messages
  await setImmediate();
  const resolution = resolver.resolve('/');
  stall(120);
  assert.deepEqual(await resolution, { kind: 'real', real: '/' });
  assert.equal(resolver.lost, 0);
});

test('literal prefixes are resolved in the same thread, and one that hangs keeps what was known of it', async (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a', 'm -> a']);
  const { path, release } = hangingPath(t);
  const other = hangingPath(t);
  const resolver = resolverFor(t, { entry: FIFO_DISK });
  const known = new Map([[path, { resolved: '/known', trusted: false }]]);
  const prefixes = [`${root}/l`, path, `${root}/a`, other.path, `${root}/m/x`];
  const { links, stuck } = await resolver.resolvePrefixes(prefixes, known);
  assert.deepEqual([...links.keys()], [`${root}/l`, path, `${root}/m/x`]);
  assert.equal(links.get(`${root}/l`)?.resolved, `${root}/a`);
  assert.deepEqual(links.get(path), { resolved: '/known', trusted: false });
  assert.deepEqual(stuck, [path, other.path]);
  assert.equal(resolver.lost, 2);
  // what hangs already is not asked again
  assert.deepEqual((await resolver.resolvePrefixes(prefixes, known)).stuck, stuck);
  assert.equal(resolver.lost, 2);
  await releaseUntilNoneLost(resolver, () => {
    release();
    other.release();
  });
});

test('of many prefixes only those are stuck that hang or break the thread, wherever they stand in a chunk', async (t) => {
  const root = tempDirectory(t);
  const hung = [hangingPath(t), hangingPath(t)];
  plant(root, ['a/', ...Array.from({ length: 300 }, (_, index) => `l${index} -> a`)]);
  const resolver = resolverFor(t, { entry: FIFO_DISK });
  const prefixes = Array.from({ length: 9_000 }, (_, index) => `${root}/${index % 30 === 0 ? 'l' : 'n'}${index / 30}`);
  const bad = [...hung.map(({ path }) => path), `${root}/crash`];
  for (const [index, at] of [4_500, 70, 8_000].entries()) prefixes.splice(at, 0, bad[index] ?? '');
  const { links, stuck } = await resolver.resolvePrefixes(prefixes, new Map());
  assert.deepEqual(new Set(stuck), new Set(bad));
  assert.equal(links.size, 300);
  for (const [prefix, { resolved }] of links)
    assert.deepEqual([prefix.slice(0, -1).includes('/l'), resolved], [true, `${root}/a`]);
  assert.equal(resolver.lost, 2);
  await releaseUntilNoneLost(resolver, () => {
    for (const { release } of hung) release();
  });
});

test('prefixes take half of the threads at most: requests need the others', async (t) => {
  const root = tempDirectory(t);
  const hung = Array.from({ length: 4 }, () => hangingPath(t));
  const resolver = resolverFor(t, { entry: FIFO_DISK, deadlineMs: 100, maxLost: 4 });
  const { stuck } = await resolver.resolvePrefixes(
    hung.map(({ path }) => path),
    new Map(),
  );
  assert.equal(stuck.length, 4);
  assert.equal(resolver.lost, 2);
  assert.deepEqual(await resolver.resolve(root), { kind: 'real', real: root });
  await releaseUntilNoneLost(resolver, () => {
    for (const { release } of hung) release();
  });
});

test('a file system whose server never answers costs one thread and one denial', linuxOnly, async (t) => {
  const root = tempDirectory(t);
  const script = fileURLToPath(new URL('./fuse-hang.ts', import.meta.url));
  const run = promisify(execFile);
  const child = await run(
    'unshare',
    ['--user', '--map-root-user', '--mount', process.execPath, script, `${root}/mnt`],
    {
      timeout: 20_000,
      killSignal: 'SIGKILL',
    },
  ).catch((error: unknown) => ({ stdout: JSON.stringify({ skip: `no mount namespace: ${String(error)}` }) }));
  const outcome = JSON.parse(child.stdout) as Record<string, unknown>;
  if (typeof outcome['skip'] === 'string') {
    t.skip(outcome['skip']);
    return;
  }
  assert.deepEqual(outcome, {
    hung: { kind: 'unresolvable', reason: 'no answer from the disk within 100 ms' },
    behind: { kind: 'real', real: '/' },
    lost: 1,
    after: 0,
  });
});

test('places to avoid count from the next lookup on, in threads that run and in those that come, until they are taken back', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-')));
  t.after(() => rmSync(root, { recursive: true }));
  const resolver = resolverFor(t);
  const kinds = async (): Promise<string> => {
    const found = [await resolver.resolve(join(root, 'a/x')), await resolver.resolve(join(root, 'b/x'))];
    return found.map(({ kind }) => kind).join(' ');
  };
  resolver.avoid([join(root, 'a')]);
  assert.equal(await kinds(), 'unresolvable real');
  resolver.avoid([join(root, 'b')]);
  assert.equal(await kinds(), 'real unresolvable');
  resolver.rest();
  assert.equal(await kinds(), 'real unresolvable');
  resolver.avoid([]);
  assert.equal(await kinds(), 'real real');
});

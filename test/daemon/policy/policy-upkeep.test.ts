import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { sameLinks, startUpkeep, type UpkeepOptions } from '../../../src/daemon/policy/policy-upkeep.ts';
import { PathResolver } from '../../../src/pdp/path-resolver.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../../../src/pdp/snapshot-holder.ts';
import type { Compilation } from '../../../src/policy/compilation.ts';
import { compile } from '../../../src/policy/compile.ts';
import { decide } from '../../../src/policy/decide.ts';
import type { Staleness } from '../../../src/policy/policy-set.ts';
import { allow, connect, denyRead, NOW, policy, requestOf, rule, type SetChanges, setOf } from '../../policy/asking.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { tempDirectory } from '../../support/temp-tree.ts';

interface Kept {
  readonly clock: ManualClock;
  readonly holder: SnapshotHolder;
  /** Causes of the refreshes so far. */
  readonly refreshed: string[];
  readonly errors: unknown[];
  readonly upkeep: { close(): Promise<void> };
  /** Lets the clock go on, tick by tick. */
  readonly pass: (seconds: number) => Promise<void>;
  readonly code: (host?: string) => string;
}

interface Keeping
  extends Partial<Pick<UpkeepOptions, 'staleness' | 'foldingMounts' | 'resolveLinks' | 'refresh' | 'verifiedTime'>> {
  /** What a compile at this time is made from. */
  readonly set?: () => SetChanges;
}

/** Upkeep of a real snapshot, which a refresh compiles anew as of the clock. */
function kept(t: TestContext, options: Keeping = {}): Kept {
  const clock = manualClock(NOW);
  const holder = createSnapshotHolder(() => clock.now());
  const refreshed: string[] = [];
  const errors: unknown[] = [];
  let current: Compilation | null = null;
  const compileNow = (cause: string): void => {
    const staleness = options.staleness?.() ?? 'fresh';
    current = compile(setOf({ now: clock.now(), verifiedNow: clock.now(), staleness, ...options.set?.() }));
    holder.swap(current, cause);
  };
  const refresh = (cause: string): Promise<void> => {
    refreshed.push(cause);
    compileNow(cause);
    return Promise.resolve();
  };
  compileNow('start');
  const upkeep = startUpkeep({
    clock,
    now: () => clock.now(),
    keepTime: () => undefined,
    verifiedTime: () => null,
    current: () => current,
    staleness: () => 'fresh',
    foldingMounts: () => [],
    resolveLinks: () => Promise.resolve({ links: new Map(), stuck: [] }),
    refresh,
    onError: (error) => errors.push(error),
    ...options,
  });
  t.after(() => upkeep.close());
  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 4; turns += 1) await turn();
  };
  return {
    clock,
    holder,
    refreshed,
    errors,
    upkeep,
    pass: (seconds) => clock.advanceSlowly(seconds * 1_000, settle),
    code: (host = 'a.example') => {
      const snapshot = holder.current() ?? assert.fail('no snapshot');
      return decide(snapshot, requestOf(connect(host)), { uid: 1000 }).code;
    },
  };
}

const at = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString();

function failing(): never {
  throw new Error('disk I/O error');
}

describe('upkeep', () => {
  test('lets a policy begin and end at its times, to the second, and refreshes for nothing else', async (t) => {
    const window = { valid_from: at(5), valid_until: at(20) };
    const { pass, code, refreshed, holder } = kept(t, {
      set: () => ({ policies: [policy([allow('a.example')], window)] }),
    });
    await pass(4);
    assert.deepEqual([code(), refreshed.length], ['default_deny', 0]);
    await pass(1);
    assert.deepEqual([code(), refreshed], ['org_allow', ['time']]);
    await pass(14);
    assert.equal(code(), 'org_allow');
    await pass(1);
    assert.deepEqual([code(), refreshed], ['default_deny', ['time', 'time']]);
    const { generation } = holder.current() ?? assert.fail();
    await pass(30);
    assert.equal(holder.current()?.generation, generation, 'nothing changes any more');
  });

  test('notices a change that was slept through at the next tick', async (t) => {
    const { pass, code, clock } = kept(t, {
      set: () => ({ policies: [policy([allow('a.example')], { valid_until: at(3_600) })] }),
    });
    await pass(2);
    clock.jump(7_200_000);
    assert.equal(code(), 'org_allow');
    await pass(1);
    assert.equal(code(), 'default_deny');
  });

  test('opens again what a clock far ahead had ended, once the time has fallen back', async (t) => {
    const { pass, code, clock, refreshed } = kept(t, {
      set: () => ({ policies: [policy([allow('a.example')])], expiresAt: NOW + 3_600_000 }),
    });
    clock.jump(7_200_000);
    await pass(1);
    assert.equal(code(), 'policy_expired');
    clock.jump(-7_200_000);
    await pass(2);
    assert.deepEqual([code(), refreshed], ['org_allow', ['time', 'time']]);
  });

  test('ends a deny whose window is over once a verified time says so, and asks nothing before', async (t) => {
    let verified: number | null = null;
    const until = new Date(1_000).toISOString();
    const { clock, pass, refreshed } = kept(t, {
      set: () => ({
        policies: [policy([rule('deny', ['connect:tcp'], 'a.example')], { valid_until: until })],
        verifiedNow: verified,
      }),
      verifiedTime: () => verified,
    });
    await pass(3);
    assert.deepEqual(refreshed, []);
    verified = clock.now();
    await pass(3);
    assert.deepEqual(refreshed, ['verified time']);
  });

  test('compiles anew when the age reaches its next step', async (t) => {
    let state: Staleness = 'fresh';
    const { pass, refreshed } = kept(t, { staleness: () => state });
    await pass(3);
    assert.deepEqual(refreshed, []);
    state = 'restrict';
    await pass(3);
    assert.deepEqual(refreshed, ['staleness']);
  });

  test('finds where links lead after a minute, and compiles anew only if that changed', async (t) => {
    const root = tempDirectory(t);
    const link = join(root, 'link');
    symlinkSync('/srv/one', link);
    const resolver = new PathResolver();
    t.after(() => resolver.close());
    let links = (await resolver.resolvePrefixes([link], new Map())).links;
    let looks = 0;
    const { pass, refreshed } = kept(t, {
      set: () => ({ policies: [policy([denyRead(`${link}/**`)])], host: { links } }),
      resolveLinks: async (prefixes, known) => {
        looks += 1;
        const found = await resolver.resolvePrefixes(prefixes, known);
        links = found.links;
        return found;
      },
    });
    const settled = async (wanted: number): Promise<void> => {
      for (let tries = 0; tries < 500 && looks < wanted; tries += 1) await new Promise((done) => setTimeout(done, 2));
      // the resolver's thread answers in its own time
      await new Promise((done) => setTimeout(done, 30));
    };
    await pass(59);
    assert.equal(looks, 0);
    await pass(1);
    await settled(1);
    await pass(1);
    assert.deepEqual([looks, refreshed], [1, []]);
    rmSync(link);
    symlinkSync('/srv/two', link);
    await pass(60);
    await settled(2);
    await pass(1);
    assert.deepEqual([looks, refreshed], [2, ['links']]);
    assert.equal(links.get(link)?.resolved, '/srv/two');
    await pass(60);
    await settled(3);
    await pass(1);
    assert.deepEqual(refreshed, ['links']);
  });

  test('finds a mount that folds case', async (t) => {
    let mounts: string[] = [];
    const { pass, refreshed } = kept(t, {
      foldingMounts: () => mounts,
      set: () => ({ host: { foldingMounts: mounts } }),
    });
    await pass(61);
    mounts = ['/media/stick'];
    await pass(62);
    assert.deepEqual(refreshed, ['links']);
  });

  test('does not wait for a disk that hangs before it lets a policy end', async (t) => {
    let looks = 0;
    const { pass, code, upkeep } = kept(t, {
      set: () => ({ policies: [policy([allow('a.example')], { valid_until: at(65) })] }),
      resolveLinks: () => {
        looks += 1;
        return new Promise(() => undefined);
      },
    });
    await pass(64);
    assert.deepEqual([looks, code()], [1, 'org_allow']);
    await pass(1);
    assert.equal(code(), 'default_deny');
    await pass(120);
    assert.equal(looks, 1, 'one look at a time');
    await upkeep.close();
  });

  test('looks again after a clock that was set back', async (t) => {
    let looks = 0;
    const { pass, clock } = kept(t, {
      resolveLinks: () => {
        looks += 1;
        return Promise.resolve({ links: new Map(), stuck: [] });
      },
    });
    clock.jump(-24 * 3_600_000);
    await pass(62);
    assert.ok(looks >= 1);
  });

  test('outlives a disk that fails, and looks again a minute later', async (t) => {
    let broken = true;
    const { pass, code, errors } = kept(t, {
      set: () => ({ policies: [policy([allow('a.example')], { valid_until: at(200) })] }),
      foldingMounts: () => (broken ? failing() : []),
    });
    await pass(130);
    assert.equal(errors.length, 2);
    broken = false;
    await pass(70);
    assert.deepEqual([errors.length, code()], [2, 'default_deny']);
  });

  test('outlives a database that fails, and goes on ticking', async (t) => {
    let broken = false;
    let state: Staleness = 'fresh';
    const { pass, errors, refreshed } = kept(t, { staleness: () => (broken ? failing() : state) });
    broken = true;
    await pass(3);
    assert.equal(errors.length, 3);
    broken = false;
    state = 'block';
    await pass(1);
    assert.deepEqual([errors.length, refreshed], [3, ['staleness']]);
  });

  test('closes with what it is doing done, and does nothing afterwards', async (t) => {
    let finish = (): void => undefined;
    let done = false;
    const { pass, upkeep, clock } = kept(t, {
      set: () => ({ policies: [policy([allow('a.example')], { valid_until: at(2) })] }),
      refresh: async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        done = true;
      },
    });
    await pass(2);
    const closing = upkeep.close();
    finish();
    await closing;
    assert.equal(done, true);
    assert.equal(clock.pending(), 0);
  });
});

test('links are the same where every prefix leads to the same place with the same trust', () => {
  const links = new Map([['/a', { resolved: '/b', trusted: true }]]);
  assert.equal(sameLinks(links, new Map([['/a', { resolved: '/b', trusted: true }]])), true);
  assert.equal(sameLinks(links, new Map([['/a', { resolved: '/b', trusted: false }]])), false);
  assert.equal(sameLinks(links, new Map([['/a', { resolved: '/c', trusted: true }]])), false);
  assert.equal(sameLinks(links, new Map([['/x', { resolved: '/b', trusted: true }]])), false);
  assert.equal(sameLinks(links, new Map()), false);
  assert.equal(sameLinks(new Map(), links), false);
});

import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { createHomeDirectory, type HomeDirectory } from '../../src/daemon/home-directory.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import { compile } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import { allowRead, policy, reading, requestOf, setOf } from '../policy/asking.ts';

const { uid: OWN, homedir: HOME } = userInfo();
/** No account has it. */
const NOBODY_AT_ALL = 3_999_999_999;

interface Housed {
  readonly homes: HomeDirectory;
  readonly holder: SnapshotHolder;
  readonly refreshed: string[];
  readonly prepared: string[];
  readonly errors: unknown[];
  readonly compileNow: () => void;
}

/** The real name service; a refresh compiles with the homes that are known. */
function housed({ refreshes = true, failures = 0 } = {}): Housed {
  const holder = createSnapshotHolder(() => 0);
  const refreshed: string[] = [];
  const prepared: string[] = [];
  const errors: unknown[] = [];
  const compileNow = (): void => {
    const set = setOf({ policies: [policy([allowRead('~/work')])], host: { homes: new Map(homes.known()) } });
    holder.swap(compile(set), 'test');
  };
  const homes = createHomeDirectory({
    clock: systemClock,
    holder,
    prepare: (uid, home) => {
      prepared.push(`${uid} ${home}`);
      return prepared.length > failures ? Promise.resolve() : Promise.reject(new Error('disk I/O error'));
    },
    onError: (error) => errors.push(error),
    refresh: async (cause) => {
      refreshed.push(cause);
      await new Promise((resolve) => setImmediate(resolve));
      if (refreshes) compileNow();
    },
  });
  return { homes, holder, refreshed, prepared, errors, compileNow };
}

/** Nothing about `~` can be tried where this user has no home of its own. */
const skip = HOME === '/' || OWN === 65_534 ? 'this user has no home of its own' : false;

function workOf({ holder }: Housed): string {
  const snapshot = holder.current() ?? assert.fail('no snapshot');
  return decide(snapshot, requestOf(reading(`${HOME}/work`)), { uid: OWN }).code;
}

describe('what `~` means', { skip }, () => {
  test('counts for a uid once its home is compiled in', async () => {
    const house = housed();
    house.compileNow();
    assert.deepEqual([house.homes.isSettled(OWN), workOf(house)], [false, 'default_deny']);
    const settling = house.homes.settle(OWN);
    assert.equal(house.homes.isSettled(OWN), false);
    await settling;
    assert.deepEqual([house.homes.isSettled(OWN), workOf(house)], [true, 'org_allow']);
    assert.deepEqual([house.refreshed, house.prepared], [['homes'], [`${OWN} ${HOME}`]]);
    await house.homes.settle(OWN);
    assert.deepEqual(house.refreshed, ['homes'], 'nothing new, nothing compiled');
  });

  test('found before the first snapshot, it is part of that one', async () => {
    const house = housed();
    await house.homes.settle(OWN);
    assert.deepEqual([house.refreshed, house.homes.isSettled(OWN)], [[], false]);
    house.compileNow();
    assert.deepEqual([house.homes.isSettled(OWN), workOf(house)], [true, 'org_allow']);
  });

  test('is not settled while nothing could be compiled with it', async () => {
    const house = housed({ refreshes: false });
    house.compileNow();
    await house.homes.settle(OWN);
    assert.deepEqual([house.homes.isSettled(OWN), workOf(house)], [false, 'default_deny']);
  });

  test('does not count while what belongs to the home cannot be read, and is tried again', async () => {
    const house = housed({ failures: 1 });
    house.compileNow();
    await house.homes.settle(OWN);
    assert.deepEqual([house.homes.isSettled(OWN), house.homes.known().size, house.errors.length], [false, 0, 1]);
    await house.homes.settle(OWN);
    assert.deepEqual([house.homes.isSettled(OWN), workOf(house), house.errors.length], [true, 'org_allow', 1]);
  });

  test('is nothing for a uid without an entry, which needs no new snapshot', async () => {
    const house = housed();
    house.compileNow();
    await house.homes.settle(NOBODY_AT_ALL);
    assert.equal(house.homes.isSettled(NOBODY_AT_ALL), true);
    assert.equal(house.homes.isSettled(65_534), true, 'nobody in particular has no home');
    assert.deepEqual(house.refreshed, []);
  });
});

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
  readonly added: string[];
  readonly known: ReadonlyMap<number, string>;
  readonly errors: unknown[];
  readonly compileNow: () => void;
}

/** The real name service; adding compiles with the homes that are known. */
function housed({ refreshes = true, failures = 0 } = {}): Housed {
  const holder = createSnapshotHolder(() => 0);
  const added: string[] = [];
  const known = new Map<number, string>();
  const errors: unknown[] = [];
  const compileNow = (): void => {
    const set = setOf({ policies: [policy([allowRead('~/code')])], host: { homes: new Map(known) } });
    holder.swap(compile(set), 'test');
  };
  const homes = createHomeDirectory({
    clock: systemClock,
    holder,
    add: async (uid, home) => {
      added.push(`${uid} ${home}`);
      if (added.length <= failures) throw new Error('disk I/O error');
      known.set(uid, home);
      await new Promise((resolve) => setImmediate(resolve));
      if (refreshes && holder.current() !== null) compileNow();
    },
    forget: (uid) => known.delete(uid),
    onError: (error) => errors.push(error),
  });
  return { homes, holder, added, known, errors, compileNow };
}

/** Nothing about `~` can be tried where this user has no home of its own. */
const skip = HOME === '/' || OWN === 65_534 ? 'this user has no home of its own' : false;

function workOf({ holder }: Housed): string {
  const snapshot = holder.current() ?? assert.fail('no snapshot');
  return decide(snapshot, requestOf(reading(`${HOME}/code`)), { uid: OWN }).code;
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
    assert.deepEqual(house.added, [`${OWN} ${HOME}`]);
    await house.homes.settle(OWN);
    assert.deepEqual(house.added, [`${OWN} ${HOME}`], 'nothing new, nothing compiled');
  });

  test('found before the first snapshot, it is part of that one', async () => {
    const house = housed();
    await house.homes.settle(OWN);
    assert.deepEqual([house.added.length, house.homes.isSettled(OWN)], [1, false]);
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
    assert.deepEqual([house.homes.isSettled(OWN), house.known.size, house.errors.length], [false, 0, 1]);
    await house.homes.settle(OWN);
    assert.deepEqual([house.homes.isSettled(OWN), workOf(house), house.errors.length], [true, 'org_allow', 1]);
  });

  test('is nothing for a uid without an entry, which needs no new snapshot', async () => {
    const house = housed();
    house.compileNow();
    await house.homes.settle(NOBODY_AT_ALL);
    assert.equal(house.homes.isSettled(NOBODY_AT_ALL), true);
    assert.equal(house.homes.isSettled(65_534), true, 'nobody in particular has no home');
    assert.deepEqual(house.added, []);
  });
});

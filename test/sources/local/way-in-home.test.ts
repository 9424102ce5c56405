import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { SEEN_STEPS, stepOpener } from '../../../src/sources/local/home-step.ts';
import { type LocalState, openLocalFiles } from '../../../src/sources/local/local-files.ts';
import { type WayIn, wayInHome } from '../../../src/sources/local/way-in-home.ts';
import { tempDirectory } from '../../support/temp-tree.ts';
import { DENY_B, ME, memoryStore } from './local-directory.ts';

const OWN = '.config/reeve/local.d';
const STEPS = ['.config', '.config/reeve', OWN];
/** Where `step` leads, there the rest of the way is. */
const restOf = (step: string): string => OWN.slice(step.length);
const AS_ROOT = { skip: ME === 0 ? false : 'only root gives directories away' };

interface Place {
  readonly root: string;
  readonly home: string;
  /** A directory with one rule file in it. */
  readonly make: (path: string) => void;
  readonly link: (target: string, path: string) => void;
  readonly state: (uid?: number) => Promise<LocalState>;
}

function place(t: TestContext): Place {
  const root = tempDirectory(t);
  const home = join(root, 'home');
  mkdirSync(home, { mode: 0o700 });
  return {
    ...{ root, home },
    make(path) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      writeFileSync(join(path, 'x.yaml'), DENY_B, { mode: 0o600 });
    },
    link(target, path) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      symlinkSync(target, path);
    },
    async state(uid = ME) {
      const files = await openLocalFiles({
        directory: join(root, 'nothing'),
        trustedOwners: [ME],
        store: memoryStore(),
        clock: systemClock,
        onChange: () => undefined,
      });
      t.after(() => files.close());
      await files.addHome(uid, home);
      return files.current();
    },
  };
}

const read = ({ inputs, warnings }: LocalState): readonly unknown[] => [inputs.map(({ name }) => name), warnings];

describe('a link on the way to a user’s own directory', () => {
  for (const step of STEPS) {
    test(`that leads out of the home makes it an empty one, with a warning: ${step}`, async (t) => {
      const { root, home, make, link, state } = place(t);
      make(join(root, 'secret') + restOf(step));
      link(join(root, 'secret'), join(home, step));
      const { inputs, listing, warnings } = await state();
      assert.deepEqual([inputs, listing], [[], []]);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', /local\.d is not read: a link .* leads out of the home/);
      assert.doesNotMatch(warnings[0] ?? '', /secret/);
    });

    test(`that stays in the home is followed, relative or absolute: ${step}`, async (t) => {
      const { home, make, link, state } = place(t);
      make(join(home, 'dot files/reeve') + restOf(step));
      const up = step.split('/').map(() => '..');
      link(`${up.slice(1).join('/') || '.'}/dot files//reeve/`, join(home, step));
      assert.deepEqual(read(await state()), [['x.yaml'], []]);
      const second = place(t);
      second.make(join(second.home, 'dotfiles') + restOf(step));
      second.link(join(second.home, 'dotfiles'), join(second.home, step));
      assert.deepEqual(read(await second.state()), [['x.yaml'], []]);
    });
  }

  test('tells nothing of what is outside, also by a way that comes back into the home', async (t) => {
    const { root, home, make, link, state } = place(t);
    make(join(home, 'dotfiles/local.d'));
    mkdirSync(join(root, 'there'));
    link(`${root}/there/../home/dotfiles`, join(home, '.config/reeve'));
    const there = await state();
    const second = place(t);
    second.link('../../not-there/../home/dotfiles', join(second.home, '.config/reeve'));
    const absent = await second.state();
    const plain = ({ warnings }: LocalState): string[] => warnings.map((text) => text.replace(/^\S+/, ''));
    assert.deepEqual([plain(there), there.inputs], [plain(absent), absent.inputs]);
    assert.equal(there.warnings.length, 1);
  });

  test('of a home that is known by a link itself may name either', async (t) => {
    const { root, home, make, link } = place(t);
    make(join(home, 'dotfiles/local.d'));
    symlinkSync(home, join(root, 'known-as'));
    link(join(root, 'known-as/dotfiles'), join(home, '.config/reeve'));
    const way = await wayIn(t, join(root, 'known-as'));
    assert.equal(way.kind === 'open' && way.real, join(home, 'dotfiles/local.d'));
  });

  test('that leads nowhere in the home is a missing directory; one in a circle, or a long way, is not gone', async (t) => {
    const dangling = place(t);
    dangling.link('../dotfiles', join(dangling.home, '.config/reeve'));
    assert.deepEqual(read(await dangling.state()), [[], []]);
    const circle = place(t);
    circle.link('reeve', join(circle.home, '.config/reeve'));
    assert.match((await circle.state()).warnings[0] ?? '', /go too far/);
    const long = place(t);
    long.make(join(long.home, 'dotfiles/local.d'));
    long.link(`../${'dotfiles/../'.repeat(40)}dotfiles`, join(long.home, '.config/reeve'));
    assert.match((await long.state()).warnings[0] ?? '', /go too far/);
  });
});

/** The way through directories that belong to whoever runs this. */
async function wayIn(t: TestContext, home: string, opener = SEEN_STEPS): Promise<WayIn> {
  const way = await wayInHome({ home, directory: `${home}/${OWN}`, trustedOwners: [ME] }, opener);
  if (way.kind === 'open') t.after(() => way.close());
  return way;
}

describe('the way to a user’s own directory', () => {
  test('through a third user’s directory makes it an empty one, with a warning', AS_ROOT, async (t) => {
    for (const step of ['.', ...STEPS]) {
      const { home, make, state } = place(t);
      make(join(home, OWN));
      assert.deepEqual(read(await state(5_000)), [['x.yaml'], []], 'root’s directories are everybody’s');
      chownSync(join(home, step), 5_000, 5_000);
      assert.deepEqual(read(await state(5_000)), [['x.yaml'], []], 'so are that user’s own');
      chownSync(join(home, step), 4_000, 4_000);
      const { inputs, warnings } = await state(5_000);
      assert.deepEqual(inputs, [], step);
      assert.match(warnings.join(), /local\.d is not read: a directory .* belongs to uid 4000; /, step);
    }
  });

  test('that another user’s directories make is an empty one for whoever runs this, too', async (t) => {
    const { home, make, state } = place(t);
    make(join(home, OWN));
    // root’s own count for everybody
    assert.equal((await state(ME + 1_000)).inputs.length, ME === 0 ? 1 : 0);
  });

  test('is the one that was looked at, whatever is put there meanwhile', async (t) => {
    for (const opener of [await stepOpener(), SEEN_STEPS]) {
      const { root, home, make } = place(t);
      make(join(home, OWN));
      const way = await wayIn(t, home, opener);
      assert.ok(way.kind === 'open');
      assert.equal(await way.holds(), true);
      renameSync(join(home, '.config'), join(home, 'before'));
      make(join(root, 'secret/reeve/local.d'));
      symlinkSync(join(root, 'secret'), join(home, '.config'));
      // where it cannot be held, it is found out
      assert.equal(await way.holds(), opener !== SEEN_STEPS);
    }
  });

  test('that may be entered and not listed is one', async (t) => {
    const { home, make, state } = place(t);
    make(join(home, OWN));
    const barred = [home, join(home, '.config')];
    for (const path of barred) chmodSync(path, 0o100);
    try {
      assert.deepEqual(read(await state()), [['x.yaml'], []]);
    } finally {
      for (const path of barred) chmodSync(path, 0o700);
    }
  });

  test('that something else bars closes for that user, as ever', async (t) => {
    const { home, state } = place(t);
    writeFileSync(join(home, '.config'), '');
    const { inputs } = await state();
    assert.deepEqual([inputs[0]?.uid, inputs[0]?.rules], [ME, []]);
    assert.match(inputs[0]?.broken ?? '', /cannot be entered \(ENOTDIR\)/);
  });
});

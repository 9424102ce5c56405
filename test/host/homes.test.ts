import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { askNameService, Homes, homeInPasswdLine } from '../../src/host/homes.ts';

function handClock(): Clock & { time: number } {
  return {
    time: 0,
    now() {
      return this.time;
    },
    after: () => () => undefined,
  };
}

test('the real name service knows the home of this process and no home of an unused uid', async () => {
  const { uid, homedir } = userInfo();
  assert.equal(await askNameService(uid), homedir);
  assert.equal(await askNameService(3_999_999_999), null);
});

test('a home is asked for once at a time, cached, and asked for again when it is old', async () => {
  const clock = handClock();
  const asked: number[] = [];
  const found: string[] = [];
  const homes = new Homes({
    clock,
    lookup: (uid) => Promise.resolve(asked.push(uid) > 1 ? '/home/b' : '/home/a'),
    onFound: (uid, home) => found.push(`${uid} ${home}`),
  });
  assert.equal(homes.cached(1000), undefined);
  assert.deepEqual(await Promise.all([homes.find(1000), homes.find(1000)]), ['/home/a', '/home/a']);
  assert.equal(await homes.find(1000), '/home/a');
  assert.deepEqual(asked, [1000]);
  clock.time = 600_001;
  assert.equal(homes.cached(1000), '/home/a');
  assert.equal(await homes.find(1000), '/home/b');
  assert.deepEqual(found, ['1000 /home/a', '1000 /home/b']);
  assert.deepEqual([...homes.known()], [[1000, '/home/b']]);
});

test('an unknown uid is no home, and is asked about again sooner', async () => {
  const clock = handClock();
  let asked = 0;
  const homes = new Homes({ clock, lookup: () => Promise.resolve(++asked > 1 ? '/home/new' : null) });
  assert.equal(await homes.find(1001), null);
  assert.equal(homes.cached(1001), null);
  assert.equal(homes.known().size, 0);
  clock.time = 30_001;
  assert.equal(await homes.find(1001), '/home/new');
});

test('a name service that fails takes no known home away, and knows nobody new', async () => {
  const clock = handClock();
  let down = false;
  const homes = new Homes({
    clock,
    lookup: () => (down ? Promise.reject(new Error('down')) : Promise.resolve('/home/a')),
  });
  await homes.find(1000);
  down = true;
  clock.time = 600_001;
  assert.equal(await homes.find(1000), '/home/a');
  assert.equal(await homes.find(1002), null);
});

test('65534 is nobody, whatever the name service says', async () => {
  const homes = new Homes({ clock: handClock(), lookup: () => Promise.resolve('/nonexistent') });
  assert.equal(await homes.find(65_534), null);
  assert.equal(homes.cached(65_534), null);
});

test('the cache is bounded', async () => {
  const homes = new Homes({ clock: handClock(), lookup: (uid) => Promise.resolve(`/home/${uid}`) });
  for (let uid = 100_000; uid < 104_200; uid++) await homes.find(uid);
  assert.equal(homes.known().size, 4_096);
});

test('only an absolute, canonical home of that very uid is taken from a passwd line', () => {
  const line = (home: string): string => `a:x:1000:1000::${home}:/bin/sh\n`;
  assert.equal(homeInPasswdLine(line('/home/a'), 1000), '/home/a');
  assert.equal(homeInPasswdLine('a:*:501:20::0:0:A B:/Users/a:/bin/zsh\n', 501), '/Users/a');
  for (const home of ['', '/', 'home/a', '/home/../etc', '/home/./a', '/home//a', '/home/a/']) {
    assert.equal(homeInPasswdLine(line(home), 1000), null, home);
  }
  assert.equal(homeInPasswdLine(line('/home/a'), 1001), null);
  assert.equal(homeInPasswdLine('', 1000), null);
});

test('a new home is told only after what belongs to it has been read', async () => {
  const steps: string[] = [];
  const homes = new Homes({
    clock: handClock(),
    lookup: () => Promise.resolve('/home/a'),
    prepare: async () => {
      await Promise.resolve();
      steps.push(`prepare, known: ${homes.known().size}`);
    },
    onFound: () => steps.push('found'),
  });
  assert.equal(await homes.find(1000), '/home/a');
  await homes.find(1000);
  assert.deepEqual(steps, ['prepare, known: 0', 'found']);
});

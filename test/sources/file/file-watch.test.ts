import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { FileWatch } from '../../../src/sources/file/file-watch.ts';
import { tempDirectory } from '../../support/temp-tree.ts';

type Poll = (watch: FileWatch, count: number) => Promise<string> | string;

/** A watch over an empty directory whose polls do what `poll` says. */
function watching(t: TestContext, poll: Poll) {
  const path = join(tempDirectory(t), 'bundle.json');
  let polls = 0;
  const watch: FileWatch = new FileWatch({
    clock: systemClock,
    path,
    poll: async () => ({ kind: await poll(watch, (polls += 1)) }),
  });
  t.after(() => watch.close());
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  /** So many runs, and no more in a while. */
  const settled = async (count: number): Promise<void> => {
    const deadline = Date.now() + 5_000;
    while (polls < count && Date.now() < deadline) await sleep(10);
    await sleep(300);
    assert.equal(polls, count);
  };
  return { path, settled };
}

const read = async (watch: FileWatch): Promise<string> => {
  await watch.beforeReading();
  return 'ran';
};

test('a change is followed by one run, and so is the beginning', async (t) => {
  const { path, settled } = watching(t, read);
  // what changed before the watch began told nobody
  await settled(1);
  writeFileSync(path, '1');
  await settled(2);
});

test('a run that had read the file already is followed by another one', async (t) => {
  // the first run after the change is one that was in progress
  const { path, settled } = watching(t, (watch, count) => (count === 2 ? 'ran' : read(watch)));
  await settled(1);
  writeFileSync(path, '1');
  await settled(3);
});

test('a run that is not had ends it until the next change', async (t) => {
  const { path, settled } = watching(t, (watch, count) => (count === 2 ? 'closed' : read(watch)));
  await settled(1);
  writeFileSync(path, '1');
  await settled(2);
  writeFileSync(path, '2');
  await settled(3);
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createLogger, type DaemonLogger } from '../../src/daemon/logger.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const flushed = (log: DaemonLogger): Promise<void> => new Promise((resolve) => log.flush(() => resolve()));
const ROTATION = { maxBytes: 4_096, keep: 2 };

/** Numbered lines, each written before the next one. */
async function write(log: DaemonLogger, count: number, from = 0): Promise<void> {
  for (let number = from; number < from + count; number += 1) {
    log.info({ number }, 'x'.repeat(100));
    await flushed(log);
  }
}

function numbersIn(file: string): readonly number[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { number: number }).number);
}

function logIn(t: TestContext, name = 'reeve.log'): { readonly directory: string; readonly file: string } {
  const directory = tempDirectory(t);
  return { directory, file: join(directory, name) };
}

describe('a log file', () => {
  test('makes room for the next one before it is too large, keeps so many, and loses no line but the oldest', async (t) => {
    const { directory, file } = logIn(t);
    const log = createLogger({ level: 'info', file, rotation: ROTATION });
    await write(log, 100);
    assert.deepEqual(readdirSync(directory).sort(), ['reeve.log', 'reeve.log.1', 'reeve.log.2']);
    const all = [`${file}.2`, `${file}.1`, file].flatMap(numbersIn);
    assert.deepEqual(
      all,
      Array.from({ length: all.length }, (_, index) => 100 - all.length + index),
    );
    for (const name of readdirSync(directory)) {
      const { size, mode } = statSync(join(directory, name));
      assert.ok(size <= ROTATION.maxBytes, `${name} has ${size} bytes`);
      assert.equal(mode & 0o777, 0o600);
    }
  });

  test('that was large already makes room at once; a line larger than it is allowed to be is written all the same', async (t) => {
    const { file } = logIn(t);
    const first = createLogger({ level: 'info', file });
    await write(first, 60);
    const log = createLogger({ level: 'info', file, rotation: ROTATION });
    await write(log, 1, 60);
    assert.deepEqual([numbersIn(`${file}.1`).length, numbersIn(file)], [60, [60]]);
    log.info({ number: 61 }, 'y'.repeat(10_000));
    await flushed(log);
    assert.deepEqual(numbersIn(file), [61]);
  });

  test('that somebody else has put away is begun anew when it would make room', async (t) => {
    const { file } = logIn(t);
    const log = createLogger({ level: 'info', file, rotation: ROTATION });
    await write(log, 5);
    renameSync(file, `${file}.away`);
    await write(log, 40, 5);
    const all = [`${file}.away`, `${file}.1`, file].flatMap((name) => (existsSync(name) ? numbersIn(name) : []));
    assert.deepEqual(
      all,
      Array.from({ length: 45 }, (_, index) => index),
    );
  });

  test('is followed elsewhere, line by line, and a place that cannot be opened changes nothing', async (t) => {
    const { directory, file } = logIn(t);
    const log = createLogger({ level: 'info', file });
    await write(log, 1);
    await assert.rejects(log.prepare({ level: 'debug', file: join(directory, 'missing/log') }), {
      code: 'log_unusable',
    });
    const prepared = await log.prepare({ level: 'warn', file: join(directory, 'other.log') });
    await write(log, 1, 1);
    prepared.use();
    log.info({ number: 2 }, 'below the level');
    log.warn({ number: 3 }, 'above');
    await flushed(log);
    assert.deepEqual([numbersIn(file), numbersIn(join(directory, 'other.log'))], [[0, 1], [3]]);
    (await log.prepare({ level: 'info', file: join(directory, 'third.log') })).discard();
    await write(log, 1, 4);
    log.warn({ number: 5 }, 'still there');
    await flushed(log);
    assert.deepEqual(numbersIn(join(directory, 'other.log')), [3, 5]);
  });

  test('what is no regular file is never put aside', { skip: !existsSync('/dev/null') }, async () => {
    const log = createLogger({ level: 'info', file: '/dev/null', rotation: { maxBytes: 1, keep: 1 } });
    await write(log, 10);
    assert.equal(existsSync('/dev/null.1'), false);
    assert.equal(statSync('/dev/null').isCharacterDevice(), true);
  });

  test('that cannot be put aside goes on as it is, and loses nothing', async (t) => {
    const { file } = logIn(t);
    mkdirSync(`${file}.1`);
    const log = createLogger({ level: 'info', file, rotation: { maxBytes: 1_024, keep: 1 } });
    await write(log, 50);
    assert.equal(numbersIn(file).length, 50);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError } from '../../src/daemon/config/config-error.ts';
import { LogDestination } from '../../src/daemon/log-destination.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const flushed = (log: { flush(done: () => void): void }): Promise<void> => new Promise((resolve) => log.flush(resolve));

describe('the log', () => {
  test('is one JSON object a line, in a file that only its owner reads, added to what is there', async (t) => {
    const file = join(tempDirectory(t), 'reeve.log');
    for (const message of ['first', 'second']) {
      const log = createLogger({ level: 'info', file });
      log.debug({}, 'not at this level');
      log.info({ generation: 1 }, message);
      await flushed(log);
    }
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      entries.map(({ msg, name, generation }) => [msg, name, generation]),
      [
        ['first', 'reeve', 1],
        ['second', 'reeve', 1],
      ],
    );
    assert.match(String(entries[0]?.['time']), /^\d{4}-\d{2}-\d{2}T/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test('writes no secret that was put into it by mistake', async (t) => {
    const file = join(tempDirectory(t), 'reeve.log');
    const log = createLogger({ level: 'info', file });
    const secret = 'hunter2';
    for (const name of ['secret', 'password', 'token', 'access_token', 'authorization', 'credential']) {
      log.info({ [name]: secret }, 'at the top');
      log.info({ source: { [name]: secret } }, 'one below');
    }
    await flushed(log);
    const text = readFileSync(file, 'utf8');
    assert.ok(!text.includes(secret));
    assert.equal(text.split('[secret]').length - 1, 12);
  });

  test('that cannot be opened is a reason not to start', (t) => {
    const file = join(tempDirectory(t), 'missing', 'reeve.log');
    assert.throws(
      () => createLogger({ level: 'info', file }),
      (error) => error instanceof ConfigError && error.code === 'log_unusable' && error.message.includes(file),
    );
  });
});

describe('where the log goes', () => {
  test('a full disk costs the lines and nothing else', { skip: !existsSync('/dev/full') }, async (t) => {
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    const destination = new LogDestination({ kind: 'stream', fd: full });
    for (let line = 0; line < 100; line += 1) destination.write(`${line}\n`);
    await flushed(destination);
    destination.write('one more\n');
    await flushed(destination);
  });

  test('a reader that is slow gets whole lines in order, and what is over the bound is dropped', async (t) => {
    const pipe = join(tempDirectory(t), 'pipe');
    execFileSync('mkfifo', [pipe]);
    // a full pipe says EAGAIN, as standard error may
    const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    t.after(() => closeSync(fd));
    const destination = new LogDestination({ kind: 'stream', fd });
    const written = 40_000;
    for (let line = 0; line < written; line += 1) destination.write(`${String(line).padStart(99, '0')}\n`);
    const flush = { done: false };
    const done = flushed(destination).then(() => {
      flush.done = true;
    });
    let text = '';
    const take = (): void => {
      const chunk = Buffer.alloc(65_536);
      try {
        for (;;) text += chunk.toString('latin1', 0, readSync(fd, chunk));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      }
    };
    for (let tries = 0; !flush.done && tries < 500; tries += 1) {
      take();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await done;
    take();
    const lines = text.split('\n').slice(0, -1);
    assert.ok(lines.length > 5_000 && lines.length < written, `${lines.length} lines`);
    assert.ok(
      lines.every((line) => /^\d{99}$/.test(line)),
      'no line is cut',
    );
    const numbers = lines.map(Number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DecisionDaemon, startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, exchange, readToEnd } from '../support/raw-http.ts';

const ALLOWED = '{"action":"connect:tcp","host":"api.example.com","port":443}';
const DENIED = '{"action":"connect:udp","host":"api.example.com","port":443}';

interface Line {
  readonly decision?: string;
  readonly code?: string;
  readonly id?: string | number;
  readonly error?: { readonly code: string; readonly message: string };
}

async function ask({ decide }: DecisionDaemon, ...parts: readonly (string | Buffer)[]): Promise<Line[]> {
  return linesOf(await exchange(decide, ...parts));
}

function linesOf(bytes: Buffer): Line[] {
  const text = bytes.toString('utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

const withId = (id: string, line = ALLOWED): string => `${line.slice(0, -1)},"id":${id}}\n`;
const codesOf = (lines: readonly Line[]): unknown[] => lines.map((line) => line.decision ?? line.error?.code);

describe('newline-delimited JSON', () => {
  test('gives one answer a line, in order, however the bytes were cut', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const text = `${ALLOWED}\n${DENIED}\r\n${ALLOWED}\n`;
    assert.deepEqual(codesOf(await ask(daemon, text)), ['allow', 'deny', 'allow']);
    const socket = await connect(daemon.decide);
    const answer = readToEnd(socket);
    for (const char of text) {
      socket.write(char);
      await sleep(0);
    }
    socket.end();
    assert.deepEqual(codesOf(linesOf(await answer)), ['allow', 'deny', 'allow']);
  });

  test('echoes an id that is a string or a number, also on lines that are no request', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const ids = ['""', '"a\\u0000\\"é"', '0', '-1', '1.5', '9007199254740991', '-9007199254740991', '1e3'];
    const lines = await ask(daemon, ...ids.map((id) => withId(id)));
    assert.deepEqual(
      lines.map(({ id, decision }) => [id, decision]),
      ids.map((id) => [JSON.parse(id) as unknown, 'allow']),
    );
    const [error] = await ask(daemon, withId('"x"', '{"action":"fly"}'));
    assert.deepEqual([error?.id, error?.error?.code, error?.decision], ['x', 'invalid_request', undefined]);
  });

  test('answers an id of another kind with an error without id', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const ids = ['null', 'true', '[1]', '{"a":1}', '9007199254740992', '-9007199254740993', '1e400', '-1e400'];
    for (const id of ids) {
      const [line, next] = await ask(daemon, withId(id), `${ALLOWED}\n`);
      assert.equal(line?.error?.code, 'invalid_request', id);
      assert.deepEqual(['id' in line, 'decision' in line, next?.decision], [false, false, 'allow'], id);
    }
  });

  test('answers what is no request with an error line and goes on', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const bad = [
      '{',
      '[]',
      `[${ALLOWED}]`,
      '"x"',
      '7',
      'null',
      `${ALLOWED} ${ALLOWED}`,
      '{"action":"connect:tcp","host":"a","host":"api.example.com","port":443}',
      '{"action":"connect:tcp","host":"\\udc00","port":443}',
      `${'{"labels":'.repeat(20)}1${'}'.repeat(20)}`,
      '{"action":"connect:tcp","host":"api.example.com","port":443,"policy":"x"}',
      '\u00a0',
    ];
    const lines = await ask(daemon, `${ALLOWED}\n`, ...bad.map((line) => `${line}\n`), `${ALLOWED}\n`);
    assert.deepEqual(codesOf(lines), ['allow', ...bad.map(() => 'invalid_request'), 'allow']);
    const [, invalid] = await ask(daemon, `${ALLOWED}\n`, Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    assert.equal(invalid?.error?.code, 'invalid_request');
  });

  test('answers a value that means nothing with a denial', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const [line] = await ask(daemon, ALLOWED.replace('443', '0'), '\n');
    assert.deepEqual([line?.decision, line?.code], ['deny', 'invalid_request']);
  });

  test('ignores blank lines and drops a last line without an end', async (t) => {
    const daemon = await startDecisionDaemon(t);
    assert.deepEqual(codesOf(await ask(daemon, `${ALLOWED}\n\n \t\r\n${DENIED}\n${ALLOWED}`)), ['allow', 'deny']);
  });

  test('takes a line of 65,536 bytes and closes on a longer one, after what was answered', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const padded = (bytes: number): string => `${ALLOWED.padEnd(bytes, ' ')}\n`;
    assert.deepEqual(codesOf(await ask(daemon, padded(65_536), `${DENIED}\n`)), ['allow', 'deny']);
    assert.deepEqual(codesOf(await ask(daemon, `${DENIED}\n`, padded(65_537), `${ALLOWED}\n`)), ['deny']);
    const socket = await connect(daemon.decide);
    socket.write(`${DENIED}\n${'{'.repeat(65_537)}`);
    assert.deepEqual(codesOf(linesOf(await readToEnd(socket))), ['deny']);
  });

  test('closes without a word on a first byte of neither framing', async (t) => {
    const daemon = await startDecisionDaemon(t);
    for (const start of ['[', ' ', '\n', '"', 'g', '\0', '\x16\x03\x01', '\xef\xbb\xbf{']) {
      assert.equal((await exchange(daemon.decide, Buffer.from(`${start}${ALLOWED}\n`, 'latin1'))).length, 0, start);
    }
  });

  test('works on the admin socket too', async (t) => {
    const daemon = await startDecisionDaemon(t);
    assert.deepEqual(codesOf(linesOf(await exchange(daemon.admin, `${ALLOWED}\n`))), ['allow']);
  });

  test('keeps the order where some lines wait for the disk', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const path = '{"action":"read","path":"/srv/data/x"}';
    const lines = Array.from({ length: 600 }, (_, n) => withId(String(n), n % 3 === 0 ? path : ALLOWED));
    const answers = await ask(daemon, lines.join(''));
    assert.deepEqual(
      answers.map(({ id }) => id),
      lines.map((_, n) => n),
    );
    assert.deepEqual(new Set(codesOf(answers)), new Set(['allow']));
  });

  test('pipelines without limit while the client reads, and waits while it does not', async (t) => {
    const daemon = await startDecisionDaemon(t);
    const socket = await connect(daemon.decide);
    const count = 30_000;
    const block = Buffer.from(`${ALLOWED}\n`.repeat(1_000));
    socket.pause();
    for (let sent = 0; sent < count; sent += 1_000) socket.write(block);
    socket.end();
    let left = socket.writableLength;
    for (let still = 0; still < 4; ) {
      await sleep(100);
      still = socket.writableLength === left ? still + 1 : 0;
      left = socket.writableLength;
    }
    // it stands still: the answers fill the pipe long before all questions were taken
    assert.ok(left > 0, 'the server read on without being read');
    let answers = 0;
    socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) answers += 1;
    });
    socket.resume();
    await once(socket, 'end');
    assert.equal(answers, count);
  });

  test('answers with an error, never an allow, when deciding itself fails', async (t) => {
    const fail = (): never => {
      throw new Error('a fault');
    };
    const broken = {
      ask: fail,
      tell: fail,
      tellMany: () => ({ advance: () => [] }),
      explain: () => Promise.reject(new Error('a fault')),
    };
    const daemon = await startDecisionDaemon(t, { port: { decisionPoint: broken } });
    const [line] = await ask(daemon, withId('7'));
    assert.deepEqual([line?.error?.code, line?.id, line?.decision], ['internal', 7, undefined]);
    const late = { ...broken, tell: () => Promise.reject(new Error('a fault')) };
    const other = await startDecisionDaemon(t, { port: { decisionPoint: late } });
    const [lateLine, next] = await ask(other, withId('8'), withId('9'));
    assert.deepEqual([lateLine?.error?.code, lateLine?.id, next?.id], ['internal', 8, 9]);
    assert.equal(other.errors.length, 2);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, readToEnd } from '../support/raw-http.ts';

const LINE = '{"action":"connect:tcp","host":"api.example.com","port":443}\n';
const HTTP = `POST /v1/decide HTTP/1.1\r\nHost: a\r\nContent-Length: ${LINE.length}\r\n\r\n${LINE}`;

/** Bytes that begin like something we speak, with random damage. */
const hostile = fc
  .tuple(
    fc.constantFrom(
      LINE,
      HTTP,
      LINE + LINE,
      HTTP + HTTP,
      HTTP.replace('Content-Length: ', 'Transfer-Encoding: chunked\r\nX: '),
      '',
    ),
    fc.array(fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 3 }), fc.integer({ min: 0, max: 3 })), { maxLength: 4 }),
    fc.uint8Array({ maxLength: 20 }),
  )
  .map(([text, damage, tail]) => {
    let bytes = Buffer.from(text, 'latin1');
    for (const [at, insert, remove] of damage) {
      const cut = bytes.length === 0 ? 0 : at % bytes.length;
      bytes = Buffer.concat([bytes.subarray(0, cut), insert, bytes.subarray(cut + remove)]);
    }
    return Buffer.concat([bytes, tail]);
  });

describe('any bytes on the socket', () => {
  test('never stop the server, never make it fail, and get an end', async (t) => {
    const { decide, errors } = await startDecisionDaemon(t);
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(hostile, fc.integer({ min: 1, max: 200 }), async (bytes, chunk) => {
        const socket = await connect(decide);
        const answer = readToEnd(socket);
        for (let at = 0; at < bytes.length; at += chunk) socket.write(bytes.subarray(at, at + chunk));
        socket.end();
        if ((await answer).includes('"decision":"allow"')) allowed += 1;
      }),
      { numRuns: 1_500 },
    );
    assert.deepEqual(errors, []);
    assert.ok(allowed > 50, `the damage is too great: ${allowed} requests came through`);
    const socket = await connect(decide);
    const answer = readToEnd(socket);
    socket.end(LINE);
    assert.match((await answer).toString(), /"decision":"allow"/u);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestHead } from '../../src/localapi/http-head.ts';
import { ok, ResponseWriter, refusal } from '../../src/localapi/http-reply.ts';

const HEAD: RequestHead = { method: 'POST', path: '/', minor: 1, fields: [['host', 'a']] };
const NOON = Date.parse('2026-06-01T12:00:00Z');

function bytes(written: string | Buffer): Buffer {
  return Buffer.from(written);
}

describe('a response', () => {
  test('has its fields in order, and counts its body in bytes', () => {
    const writer = new ResponseWriter();
    const written = bytes(writer.write(ok('{"name":"é😀"}'), { close: false, head: HEAD, now: NOON }));
    const start = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
    const date = 'Date: Mon, 01 Jun 2026 12:00:00 GMT\r\n';
    assert.equal(written.toString(), `${start}Content-Length: 18\r\n${date}\r\n{"name":"é😀"}\n`);
    const refused = { ...refusal('not_ready', 'x'), json: '{}' };
    assert.equal(
      bytes(writer.write(refused, { close: true, head: null, now: NOON })).toString(),
      `${start.replace('200 OK', '503 Service Unavailable')}Content-Length: 3\r\n${date}Retry-After: 1\r\nConnection: close\r\n\r\n{}\n`,
    );
  });

  test('gives request ids back as Latin-1 beside a body in UTF-8', () => {
    const ids = ['\xff', 'é b'].map((value) => ['x-request-id', value] as const);
    const head = { ...HEAD, fields: [...HEAD.fields, ...ids] };
    const written = bytes(new ResponseWriter().write(ok('"é"'), { close: false, head, now: NOON }));
    assert.ok(written.toString('latin1').includes('\r\nX-Request-ID: \xff\r\nX-Request-ID: \xe9 b\r\n\r\n'));
    assert.ok(written.toString().endsWith('\r\n\r\n"é"\n'));
    assert.ok(written.toString().includes('\r\nContent-Length: 5\r\n'));
  });

  test('to HEAD is without its body, and says how long that is', () => {
    const writer = new ResponseWriter();
    const head = { ...HEAD, method: 'HEAD' };
    const written = bytes(writer.write(ok('{}'), { close: false, head, now: NOON })).toString();
    assert.ok(written.endsWith('\r\n\r\n') && written.includes('Content-Length: 3\r\n'), written);
  });

  test('is dated to the second, also where the clock goes back', () => {
    const writer = new ResponseWriter();
    for (const now of [NOON, NOON + 999, NOON + 1_000, NOON - 1, NOON]) {
      const written = bytes(writer.write(ok('1'), { close: false, head: HEAD, now })).toString();
      assert.ok(written.includes(`\r\nDate: ${new Date(now).toUTCString()}\r\n`), String(now));
    }
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, METHODS } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from '../../src/localapi/byte-queue.ts';
import { BodyReader, bodyFraming } from '../../src/localapi/http-body.ts';
import { HeadReader, type HeadReading, type WholeHead } from '../../src/localapi/http-head.ts';
import { exchangeHttp } from '../support/raw-http.ts';

function queueOf(text: string): ByteQueue {
  const queue = new ByteQueue();
  queue.push(Buffer.from(text, 'latin1'));
  return queue;
}

function readHead(text: string): HeadReading {
  return new HeadReader().read(queueOf(text));
}

function headOf(text: string): WholeHead {
  const reading = readHead(text);
  assert.ok(reading.kind === 'head', `${JSON.stringify(text)} is ${reading.kind}`);
  return reading;
}

describe('a request head', () => {
  test('gives method, path, version and fields, names in lower case and values trimmed', () => {
    assert.deepEqual(headOf('POST /v1/decide?x=/y HTTP/1.1\r\nHost: a\r\nX-Request-ID:\t \xe9 b \r\n\r\n').head, {
      method: 'POST',
      path: '/v1/decide',
      minor: 1,
      fields: [
        ['host', 'a'],
        ['x-request-id', '\xe9 b'],
      ],
    });
    assert.equal(headOf('GET / HTTP/1.0\r\n\r\n').head.minor, 0);
  });

  test('gives every Content-Length apart, and its text without empty lines before it', () => {
    const text = 'POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: a\r\ncontent-length:\t4 \r\n\r\n';
    const reading = headOf(`\r\n${text}`);
    assert.deepEqual([reading.lengths, reading.head.fields, reading.text], [['3', '4'], [['host', 'a']], text]);
  });

  test('in absolute form has the path alone, and other forms have none', () => {
    assert.equal(headOf('GET http://evil.example:1/healthz?a HTTP/1.1\r\n\r\n').head.path, '/healthz');
    assert.equal(headOf('GET HTTPS://reeve HTTP/1.1\r\n\r\n').head.path, '/');
    assert.equal(headOf('OPTIONS * HTTP/1.1\r\n\r\n').head.path, null);
    assert.equal(headOf('CONNECT a.example:443 HTTP/1.1\r\n\r\n').head.path, null);
    assert.equal(headOf('GET ftp://a/healthz HTTP/1.1\r\n\r\n').head.path, null);
    assert.equal(headOf('GET /v1/%64ecide HTTP/1.1\r\n\r\n').head.path, '/v1/%64ecide');
  });

  test('is malformed in every way that two servers could read differently', () => {
    const heads = [
      'GET /\r\n\r\n',
      'GET  / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1 \r\n\r\n',
      'GET / HTTP/2.0\r\n\r\n',
      'GET / http/1.1\r\n\r\n',
      'GET /#a HTTP/1.1\r\n\r\n',
      'GET /\xe9 HTTP/1.1\r\n\r\n',
      'G(T / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\nHost: a\n\n',
      'GET / HTTP/1.1\r\nHost: a\n\r\n',
      'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
      'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n',
      'GET / HTTP/1.1\r\nHost\r\n\r\n',
      'GET / HTTP/1.1\r\n: a\r\n\r\n',
      'GET / HTTP/1.1\r\nX: a\0b\r\n\r\n',
      'GET / HTTP/1.1\r\nX: a\rb\r\n\r\n',
      'GET / HTTP/1.1\r\nX: \x7f\r\n\r\n',
    ];
    for (const head of heads) assert.equal(readHead(head).kind, 'malformed', JSON.stringify(head));
  });

  test('may be 8 KiB and not a byte more, whole or in parts', () => {
    const head = (length: number): string => {
      const frame = 'GET / HTTP/1.1\r\nX: \r\n\r\n';
      return frame.replace('X: ', `X: ${'a'.repeat(length - frame.length)}`);
    };
    assert.equal(readHead(head(8_192)).kind, 'head');
    assert.equal(readHead(head(8_193)).kind, 'too_large');
    assert.equal(readHead('A'.repeat(8_193)).kind, 'too_large');
    const reader = new HeadReader();
    const queue = new ByteQueue();
    for (const char of head(8_192).slice(0, -1)) {
      queue.push(Buffer.from(char));
      assert.equal(reader.read(queue).kind, 'incomplete');
    }
    queue.push(Buffer.from('\n'));
    assert.equal(reader.read(queue).kind, 'head');
  });

  test('may follow empty lines, which count towards its size', () => {
    assert.equal(headOf('\r\n\r\nGET / HTTP/1.1\r\n\r\n').head.path, '/');
    assert.equal(readHead('\r\n'.repeat(4_097)).kind, 'too_large');
  });
});

function framingOf(fields: string, minor = 1): string {
  return bodyFraming(headOf(`POST / HTTP/1.${minor}\r\n${fields}\r\n`)).kind;
}

describe('the length of a body', () => {
  test('is said once, by one of the two fields', () => {
    assert.equal(framingOf(''), 'length');
    assert.equal(framingOf('Content-Length: 0\r\n'), 'length');
    assert.equal(framingOf('Transfer-Encoding: Chunked\r\n'), 'chunked');
  });

  test('is malformed wherever a proxy could have read another one', () => {
    const heads = [
      'Content-Length: 1\r\nContent-Length: 1\r\n',
      'Content-Length: 1, 1\r\n',
      'Content-Length: +1\r\n',
      'Content-Length: -1\r\n',
      'Content-Length: 0x1\r\n',
      'Content-Length: 1 1\r\n',
      'Content-Length:\r\n',
      'Content-Length: 9999999999999999\r\n',
      'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: gzip, chunked\r\n',
      'Transfer-Encoding: chunked, identity\r\n',
      'Transfer-Encoding: xchunked\r\n',
      'Transfer-Encoding:\r\n',
    ];
    for (const head of heads) assert.equal(framingOf(head), 'malformed', head);
    assert.equal(framingOf('Transfer-Encoding: chunked\r\n', 0), 'malformed');
  });
});

function readChunked(text: string, limit = 100): { progress: string; body: string; rest: number } {
  const body = new BodyReader({ kind: 'chunked' }, limit, true);
  const queue = new ByteQueue();
  let progress = 'incomplete';
  for (let at = 0; at < text.length && progress === 'incomplete'; at += 1) {
    queue.push(Buffer.from(text[at] ?? '', 'latin1'));
    progress = body.read(queue);
  }
  return { progress, body: body.bytes.toString('latin1'), rest: queue.length };
}

describe('a chunked body', () => {
  test('is put together from its chunks, extensions and trailers ignored', () => {
    const text = '5;a=b\r\nhello\r\n6 \r\n world\r\n0\r\nX-T: 1\r\n\r\n';
    assert.deepEqual(readChunked(text), { progress: 'complete', body: 'hello world', rest: 0 });
  });

  test('is malformed with any other line', () => {
    const bodies = [
      '\r\n',
      'x\r\n',
      '-1\r\n',
      '0x5\r\n',
      '5\nhello',
      '5\r\nhelloX\n',
      '5\r\nhello\n',
      '0\r\nbad trailer\r\n',
    ];
    bodies.push('123456789\r\n', `5;${'a'.repeat(300)}`, '0\r\n\n', ' 5\r\n', '5;\x01\r\n');
    for (const body of bodies) assert.equal(readChunked(body).progress, 'malformed', JSON.stringify(body));
  });

  test('is too large as soon as a chunk says so', () => {
    assert.equal(readChunked('65\r\n').progress, 'too_large');
    assert.equal(readChunked(`32\r\n${'a'.repeat(50)}\r\n33\r\n`).progress, 'too_large');
    assert.equal(readChunked(`32\r\n${'a'.repeat(50)}\r\n32\r\n${'a'.repeat(50)}\r\n0\r\n\r\n`).progress, 'complete');
  });
});

interface Read {
  readonly method: string;
  /** All but `Content-Length`. */
  readonly fields: readonly (readonly [string, string])[];
  readonly lengths: readonly string[];
  readonly body: string;
}

/** What ours reads from a text, or why it does not. */
function readWhole(text: string): Read | string {
  const queue = queueOf(text);
  const reading = new HeadReader().read(queue);
  if (reading.kind !== 'head') return reading.kind;
  const framing = bodyFraming(reading);
  if (framing.kind === 'malformed') return framing.kind;
  const body = new BodyReader(framing, 1_000, true);
  const progress = body.read(queue);
  if (progress !== 'complete') return progress;
  // what is behind it would be another request
  if (queue.length > 0) return 'rest';
  const { method, fields } = reading.head;
  return { method, fields, lengths: reading.lengths, body: body.bytes.toString('latin1') };
}

async function startNodeServer(t: TestContext): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-diff-'));
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
      const values = request.rawHeaders.filter((_, index) => index % 2 === 1);
      const all = names.map((name, index) => [name, values[index] ?? ''] as const);
      const fields = all.filter(([name]) => name !== 'content-length');
      const lengths = all.filter(([name]) => name === 'content-length').map(([, value]) => value);
      const body = Buffer.concat(chunks).toString('latin1');
      const text = JSON.stringify({ method: request.method, fields, lengths, body });
      response.writeHead(200, { 'content-length': Buffer.byteLength(text), connection: 'close' }).end(text);
    });
  });
  server.on('clientError', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'));
  const path = join(directory, 's');
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return path;
}

/** Mostly the first, so that most texts have one fault at most. */
function mostly(usual: string, ...others: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const pieces = {
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  target: mostly('/a?b=c', '/', '*', 'http://h/x', '/a#b', '/\x80', '/ b'),
  version: mostly(' HTTP/1.1', ' HTTP/1.0', ' HTTP/1.2', 'HTTP/1.1', ' http/1.1'),
  eol: mostly('\r\n', '\n', '\r', '\r\r\n'),
  field: fc.constantFrom(
    'Host: a',
    'X-Request-ID: \xff b',
    'X: \t y \t',
    'X:',
    'X : y',
    ' folded',
    ': y',
    'X\0: y',
    'X: a\x01b',
    'Content-Length: 3',
    'Content-Length: 5',
    'Content-Length: 03',
    'Content-Length: +3',
    'Content-Length: 3,3',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: Chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: chunked, chunked',
    'Connection: close',
  ),
  body: fc.constantFrom(
    '',
    'abc',
    'abcde',
    '3\r\nabc\r\n0\r\n\r\n',
    '3;x\r\nabc\r\n0\r\n\r\n',
    '3\nabc\n0\n\n',
    '0\r\n\r\n',
    '0\r\nT: 1\r\n\r\n',
  ),
};

describe('our reading of HTTP against node:http', () => {
  test('nothing is accepted that node refuses, and what is accepted reads the same', async (t) => {
    const path = await startNodeServer(t);
    let accepted = 0;
    const sample = fc.record({ ...pieces, fields: fc.array(fc.tuple(pieces.field, pieces.eol), { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(sample, async ({ method, target, version, eol, fields, body }) => {
        const lines = fields.map(([field, end]) => field + end).join('');
        const text = `${method} ${target}${version}${eol}${lines}\r\n${body}`;
        const ours = readWhole(text);
        if (typeof ours === 'string') return;
        accepted += 1;
        assert.ok(METHODS.includes(ours.method));
        const [response] = await exchangeHttp(path, Buffer.from(text, 'latin1'));
        assert.equal(response?.status, 200, JSON.stringify(text));
        assert.deepEqual(response.json, ours, JSON.stringify(text));
      }),
      { numRuns: 6_000 },
    );
    assert.ok(accepted > 200, `only ${accepted} requests were accepted`);
  });
});

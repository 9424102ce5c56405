import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from '../../src/localapi/byte-queue.ts';
import { bodyFraming, type KnownFraming } from '../../src/localapi/http-body.ts';
import { HeadReader, type RequestHead } from '../../src/localapi/http-head.ts';
import { KnownHead } from '../../src/localapi/http-known-head.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, exchange, parseResponses, type RawResponse, readToEnd } from '../support/raw-http.ts';

const HEAD = 'POST /v1/decide HTTP/1.1\r\nHost: a\r\nContent-Length: 61\r\nUser-Agent: \xe9\r\n\r\n';

function queueOf(text: string): ByteQueue {
  const queue = new ByteQueue();
  queue.push(Buffer.from(text, 'latin1'));
  return queue;
}

interface Read {
  readonly head: RequestHead;
  readonly framing: KnownFraming;
  readonly known: KnownHead | null;
  /** How many bytes stand behind it. */
  readonly rest: number;
}

/** The long way; null for what is refused or not whole. */
function readAnew(text: string): Read | null {
  const queue = queueOf(text);
  const reading = new HeadReader().read(queue);
  if (reading.kind !== 'head') return null;
  const framing = bodyFraming(reading);
  if (framing.kind === 'malformed') return null;
  return { head: reading.head, framing, known: KnownHead.of(reading, framing), rest: queue.length };
}

function knownHead(text: string): KnownHead {
  const known = readAnew(text)?.known ?? null;
  assert.ok(known !== null, JSON.stringify(text));
  return known;
}

describe('a head that is known', () => {
  test('is taken again with another length, and nothing behind it', () => {
    const known = knownHead(HEAD);
    for (const [digits, length] of [
      ['61', 61],
      ['0', 0],
      ['007', 7],
      ['999999999999999', 999_999_999_999_999],
    ] as const) {
      const queue = queueOf(`${HEAD.replace('61', digits)}body`);
      assert.deepEqual(known.take(queue), { kind: 'length', length });
      assert.equal(queue.take(queue.length).toString(), 'body');
    }
    for (const fields of ['', 'Transfer-Encoding: chunked\r\n']) {
      const text = `GET /healthz HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
      assert.deepEqual(knownHead(text).take(queueOf(text)), readAnew(text)?.framing);
    }
  });

  test('is another one with one byte changed, wherever that is, and as long as one byte is missing', () => {
    const known = knownHead(HEAD);
    const digits = HEAD.indexOf('61');
    for (let at = 0; at < HEAD.length; at += 1) {
      for (const byte of ['\0', '\n', ' ', 'x', '\xff']) {
        if (HEAD[at] === byte) continue;
        const queue = queueOf(`${HEAD.slice(0, at)}${byte}${HEAD.slice(at + 1)}`);
        assert.equal(known.take(queue), null, `${at}`);
        assert.equal(queue.length, HEAD.length);
      }
      assert.equal(known.take(queueOf(HEAD.slice(0, at))), null, `the first ${at} bytes`);
      const inserted = queueOf(`${HEAD.slice(0, at)}1${HEAD.slice(at)}`);
      assert.equal(known.take(inserted) !== null, at >= digits && at <= digits + 2, `an insertion at ${at}`);
    }
    for (const value of ['', '-1', '+1', '1 ', '1,1', '0x1', '1'.repeat(16)]) {
      assert.equal(known.take(queueOf(HEAD.replace('61', value))), null, value);
    }
  });

  test('is not remembered beyond a kilobyte or 32 fields', () => {
    const padded = (length: number): string => HEAD.replace('\xe9', 'a'.repeat(length - HEAD.length + 1));
    assert.ok(readAnew(padded(1_024))?.known != null);
    assert.equal(readAnew(padded(1_025))?.known, null);
    const many = (count: number): string => `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(count)}\r\n`;
    assert.ok(readAnew(many(32))?.known != null);
    assert.equal(readAnew(many(33))?.known, null);
  });

  const field = fc.constantFrom(
    'Host: a\r\n',
    'X:\t \xff \r\n',
    'content-length:\t 0012 \t\r\n',
    'Content-Length:61\r\n',
    'Transfer-Encoding: chunked\r\n',
    'X-Content-Length: 5\r\n',
    'Connection: close\r\n',
  );
  const text = fc
    .tuple(fc.constantFrom('GET /healthz', 'POST /v1/decide?content-length:5'), fc.uniqueArray(field, { maxLength: 5 }))
    .map(([start, fields]) => `${start} HTTP/1.1\r\n${fields.join('')}\r\n`);
  const inserted = fc.constantFrom('', '\r\n', '\n', '0', '9', ' ', ':', 'x', 'Content-Length: 1\r\n', '\r\n\r\n');
  const edits = fc.array(fc.tuple(fc.nat(), inserted, fc.integer({ min: 0, max: 2 })), { maxLength: 2 });

  test('reads as it would the long way, however a later head differs', () => {
    let taken = 0;
    fc.assert(
      fc.property(text, edits, (first, changes) => {
        const known = readAnew(first)?.known ?? null;
        if (known === null) return;
        let next = `${first}behind`;
        for (const [place, insert, remove] of changes) {
          const at = place % next.length;
          next = next.slice(0, at) + insert + next.slice(at + remove);
        }
        const queue = queueOf(next);
        const framing = known.take(queue);
        if (framing === null) {
          assert.equal(queue.length, next.length);
          return;
        }
        taken += 1;
        const anew = readAnew(next);
        assert.deepEqual(
          { head: readAnew(first)?.head, framing, rest: queue.length },
          { head: anew?.head, framing: anew?.framing, rest: anew?.rest },
        );
      }),
      { numRuns: 5_000 },
    );
    assert.ok(taken > 500, `only ${taken} heads were taken`);
  });
});

const BODY = '{"action":"connect:tcp","host":"api.example.com","port":443}';
const OTHER = '{"action":"connect:udp","host":"api.example.com","port":8443}';
const EVALUATION = JSON.stringify({
  subject: { type: 'agent', id: 'a' },
  action: { name: 'connect:tcp' },
  resource: { type: 'network', id: 'api.example.com:443' },
});

function post(path: string, body: string, fields = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const JSON_TYPE = 'Content-Type: application/json\r\n';
const WHOLE = post('/v1/decide', BODY);
/** Whole requests, most of them alike; of those that fail, some end the connection. */
const REQUESTS = [
  WHOLE,
  post('/v1/decide', OTHER),
  post('/v1/decide', `[${BODY},${OTHER}]`),
  post('/v1/decide', `[${BODY}]`.padStart(70_000)),
  post('/v1/decide', BODY.padStart(70_000)),
  post('/v1/decide', ''),
  post('/v1/decide', BODY, 'X-Request-ID: 1\r\n'),
  post('/v1/decide', BODY, 'X-Request-ID: \xff2\r\nx-request-id: 3\r\n'),
  post('/v1/decide', BODY, 'Expect: 100-continue\r\n'),
  post('/v1/decide', OTHER, 'Expect: 100-continue\r\n'),
  post('/v1/decide', BODY, 'Connection: close\r\n'),
  post('/v1/decide', BODY, 'Origin: null\r\n'),
  post('/v1/decide', BODY, 'Content-Encoding: gzip\r\n'),
  post('/v1/decidf', BODY),
  post('/v1/explain', BODY),
  post('/v1/explain', BODY.padStart(70_000)),
  post('/v1/sync', ''),
  post('/access/v1/evaluation', EVALUATION, JSON_TYPE),
  post('/access/v1/evaluation', EVALUATION.replace('443', '80'), JSON_TYPE),
  post('/access/v1/evaluation', EVALUATION),
  'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /readyz HTTP/1.0\r\n\r\n',
  'GET /healthz HTTP/1.1\r\n\r\n',
  WHOLE.replace(/Content-Length: (\d+)/, 'Content-Length:  $1 '),
  WHOLE.replace(/Content-Length: (\d+)/, 'Content-Length: 00$1'),
  WHOLE.replace(/Content-Length: (\d+)/, 'Content-Length: $1, $1'),
  WHOLE.replace(/(Content-Length: \d+\r\n)/, '$1$1'),
  WHOLE.replace(/Content-Length: (\d+)/, 'Content-Length: 1048577'),
  WHOLE.replace(/Content-Length: (\d+)/, 'Content-Length: 1000000000000000'),
  WHOLE.replace('Host: a\r\n', 'Host: a\nX'),
  WHOLE.replace(/\r\n\r\n.*/, `\r\nX: ${'a'.repeat(8_192)}\r\n\r\n`),
  WHOLE.replace(/Content-Length.*/s, 'Transfer-Encoding: chunked\r\n\r\n3c;x\r\n') + `${BODY}\r\n0\r\n\r\n`,
  WHOLE.replace(/Content-Length.*/s, 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'),
  `${WHOLE}\r\n`,
] as const;

/** What came back, but for the time of day. */
function timeless(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/\r\nDate: [^\r]*/g, '');
}

async function inParts(path: string, parts: readonly string[]): Promise<Buffer> {
  const socket = await connect(path);
  const answer = readToEnd(socket);
  for (const part of parts) {
    socket.write(Buffer.from(part, 'latin1'));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  socket.end();
  return answer;
}

function cut(text: string, cuts: readonly number[]): readonly string[] {
  const places = [0, ...cuts.map((place) => place % text.length).toSorted((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => text.slice(places[index], end));
}

describe('many requests on one connection', () => {
  test('are answered byte for byte as each is on a connection of its own', async (t) => {
    const { decide, errors } = await startDecisionDaemon(t);
    const alone = new Map<string, string>();
    for (const request of REQUESTS)
      alone.set(request, timeless(await exchange(decide, Buffer.from(request, 'latin1'))));
    const expected = (requests: readonly string[]): string => {
      let all = '';
      for (const request of requests) {
        const answer = alone.get(request) ?? '';
        all += answer;
        if (answer.includes('\r\nConnection: close\r\n')) break;
      }
      return all;
    };
    const often = fc.constantFrom(...REQUESTS.slice(0, 3));
    const request = fc.oneof(often, fc.constantFrom(...REQUESTS));
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), cuts, async (requests, places) => {
        const answer = await inParts(decide, cut(requests.join(''), places));
        assert.equal(timeless(answer), expected(requests));
      }),
      { numRuns: 400 },
    );
    assert.deepEqual(errors, []);
  });

  test('get their own request id, or none', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const ids = ['', 'X-Request-ID: 1\r\n', 'X-Request-ID: 2\r\n', 'X-Request-ID: 2\r\n', '', ''];
    const sent = ids.map((fields) => post('/v1/decide', BODY, fields)).join('');
    const answered = parseResponses(await exchange(decide, sent));
    const idOf = ({ fields }: RawResponse): string =>
      fields.flatMap(([name, value]) => (name === 'x-request-id' ? [`X-Request-ID: ${value}\r\n`] : [])).join('');
    assert.deepEqual(answered.map(idOf), ids);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { httpRequest, parseResponses, type RawResponse } from '../support/raw-http.ts';
import { assertSound, type Sent, send, sentBytes, startServed } from './socket.ts';
import { fuzzTarget } from './target.ts';
import { REQUESTS } from './words.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const EVALUATION = {
  subject: { type: 'agent', id: 'a' },
  action: { name: 'connect:tcp' },
  resource: { type: 'network', id: 'api.example.com:443' },
};

function chunked(target: string, body: string): string {
  const [front, back] = [body.slice(0, 7), body.slice(7)];
  const chunks = [front, back].map((part) => `${part.length.toString(16)};x=y\r\n${part}\r\n`).join('');
  return `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\nTrailer: x\r\n\r\n`;
}

// paths come with `real`: what a disk says, and when, is no question of framing
const BODIES = REQUESTS.map((request) => JSON.stringify(request)).map((text) => text.replace('"resolved":false', ''));
const POSTS = BODIES.map((body) => httpRequest('POST', '/v1/decide', { body }).toString('latin1'));
const SEEDS = [
  ...POSTS,
  POSTS.slice(0, 3).join(''),
  chunked('/v1/decide', BODIES[0] ?? ''),
  httpRequest('POST', '/v1/decide', { body: `[${BODIES.join(',')}]` }).toString('latin1'),
  httpRequest('POST', '/access/v1/evaluation', { headers: JSON_TYPE, body: JSON.stringify(EVALUATION) }).toString(
    'latin1',
  ),
  httpRequest('POST', '/v1/explain', { body: BODIES[0] ?? '' }).toString('latin1'),
  httpRequest('GET', '/readyz', { headers: { 'X-Request-ID': 'id-1' } }).toString('latin1'),
  `GET http://any.example/healthz?x#y HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${POSTS[0] ?? ''}`,
  `POST /v1/decide HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}`,
];
const WORDS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  'GET ',
  'PUT ',
  'OPTIONS * HTTP/1.1\r\n\r\n',
  '/v1/decide',
  '/v1/nothing',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'Content-Length: 0\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: 1, 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  '0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '1;a=b\r\n',
  'Origin: http://a\r\n',
  'Upgrade: websocket\r\n',
  'Connection: close\r\n',
  'Content-Encoding: gzip\r\n',
  'Expect: 100-continue\r\n',
  'X: \u00ff\r\n',
  ' folded: x\r\n',
  `X-Long: ${'x'.repeat(9_000)}\r\n`,
  '{}',
  '{"a":1,"a":2}',
  ...POSTS.slice(0, 2),
];

const STATUSES = [200, 400, 403, 404, 405, 413, 415, 417, 431, 501, 503, 505];

function assertResponse({ status, fields, text, json }: RawResponse): void {
  assert.ok(STATUSES.includes(status), `${status}`);
  assert.ok(
    fields.some(([name]) => name === 'content-length'),
    'a length',
  );
  assert.ok(text.endsWith('\n') && parseStrictJsonText(text).kind === 'value', text);
  // nothing but 200 may be read as allow
  if (status !== 200) assert.ok(!text.includes('"decision"'), text);
  if (status !== 200) assert.ok(typeof json === 'object' && json !== null && ('error' in json || status === 503), text);
}

/** The same but for what tells the time. */
function gist(responses: readonly RawResponse[]): readonly unknown[] {
  return responses.map(({ status, fields, text }) => ({
    status,
    fields: fields.filter(([name]) => name !== 'date'),
    text: text.replaceAll(/"(?:ttl_ms|age)":\d+/g, ''),
  }));
}

/** HTTP on a real socket: every byte sequence gets whole responses and an end, however it is cut into writes. */
export const HTTP = fuzzTarget<Sent>('http', 'HTTP', async (scope) => {
  const daemon = await startServed(scope);
  const ask = async (sent: Sent): Promise<readonly RawResponse[]> => {
    const responses = parseResponses(Buffer.from(await send(daemon.decide, sent), 'latin1'));
    responses.forEach(assertResponse);
    assertSound(daemon);
    return responses;
  };
  const differs = async (sent: Sent): Promise<readonly [unknown, unknown] | null> => {
    const [cut, whole] = [gist(await ask(sent)), gist(await ask({ ...sent, cuts: [] }))];
    return JSON.stringify(cut) === JSON.stringify(whole) ? null : [cut, whole];
  };
  return {
    inputs: sentBytes(SEEDS, WORDS, 40_000).filter(({ bytes }) => /^[A-Z]/.test(bytes)),
    async check(sent) {
      let difference = await differs(sent);
      // a disk that was slow once is no difference in framing
      for (let again = 0; difference !== null && again < 3; again += 1) difference = await differs(sent);
      if (difference !== null) assert.deepEqual(difference[0], difference[1], 'cutting the bytes changes the answers');
    },
  };
});

/** First bytes that begin neither framing: closed without a word. */
export const FIRST_BYTE = fuzzTarget<Sent>('first-byte', 'FIRST_BYTE', async (scope) => {
  const daemon = await startServed(scope);
  return {
    inputs: fc
      .tuple(sentBytes([...SEEDS, `${BODIES[0] ?? ''}\n`], WORDS, 2_000), fc.integer({ min: 0, max: 255 }))
      .map(([sent, first]) => ({ ...sent, bytes: String.fromCharCode(first) + sent.bytes }))
      .filter(({ bytes }) => !/^[A-Z{]/.test(bytes)),
    async check(sent) {
      assert.equal(await send(daemon.decide, sent), '');
      assertSound(daemon);
    },
  };
});

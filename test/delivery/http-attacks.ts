import {
  brokenOff,
  bytes,
  drip,
  type Evil,
  endless,
  gzipBomb,
  instead,
  lyingLength,
  rawAnswer,
  rewritten,
  silence,
} from '../support/misbehaving-server.ts';
import type { Sweep } from './attack.ts';

const HTML = '<!doctype html><title>Log in</title><form action="/login"><input name="password"></form>';
const CHUNKED = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
const ELSEWHERE = 'https://login.captive.example/?back=';
const json = { 'content-type': 'application/json' };

/** What any server, proxy or network between can do to any answer, whatever it carries. */
export const HTTP_EVILS = {
  empty200: instead(200, json),
  empty204: instead(204),
  notModified: instead(304),
  notModifiedWithEtag: instead(304, { etag: '"nobody-holds-this"' }),
  html: instead(200, { 'content-type': 'text/html' }, HTML),
  htmlAsJson: instead(200, json, HTML),
  redirectLogin: instead(302, { location: ELSEWHERE }),
  redirectMoved: instead(301, { location: ELSEWHERE }),
  redirectKept: instead(308, { location: ELSEWHERE }),
  truncated: rewritten((body) => body.subarray(0, body.length >> 1)),
  lengthTooLong: lyingLength(1_000),
  lengthTooShort: lyingLength(-20),
  gzipBomb: gzipBomb(256),
  endlessBody: endless(CHUNKED, chunk(' '.repeat(65_536))),
  endlessHead: endless('HTTP/1.1 200 OK\r\n', Buffer.from(`x-filler: ${'x'.repeat(4_000)}\r\n`)),
  endlessHints: endless('', Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n')),
  dripBody: drip((answer) => answer.indexOf('\r\n\r\n') + 4),
  dripHead: drip(() => 0),
  silence,
  resets: sweep('reset'),
  ends: sweep('end'),
  unauthorised: instead(401, json, '{}'),
  forbidden: instead(403, json, '{}'),
  notFound: instead(404, json, '{}'),
  broken: instead(500, { 'content-type': 'text/html' }, HTML),
  emptyObject: instead(200, json, '{}'),
  nothing: instead(200, json, 'null'),
  list: instead(200, json, '[]'),
  duplicateKeys: rewritten((body) =>
    body.toString('utf8').replace('{', '{"data":[],"id":"x","access_token":"y","signed":{},'),
  ),
  invalidUtf8: rewritten((body) =>
    Buffer.concat([body.subarray(0, -1), Buffer.from([0x2c, 0x22, 0xc3, 0x28, 0x22, 0x7d])]),
  ),
  deep: instead(200, json, '['.repeat(20_000)),
  chunkedGarbage: bytes(`${CHUNKED}zzzz\r\n{"data":`),
  notHttp: bytes('SSH-2.0-OpenSSH_9.9\r\n'),
} as const satisfies Record<string, Evil | Sweep>;

/** A server that wants to be left alone says so in one of these ways. */
export function askingForRest(status: 429 | 503, header: string, value: (now: number) => string): Evil {
  return (exchange) => {
    const now = Date.now();
    const headers = { ...json, date: new Date(now).toUTCString(), [header]: value(now) };
    return instead(status, headers, '{}')(exchange);
  };
}

/** The connection ends after each of the answer's bytes in turn. */
function sweep(how: 'reset' | 'end'): Sweep {
  return {
    kind: 'sweep',
    begin() {
      let [offset, length] = [0, 1];
      return {
        evil: (exchange) => {
          length = rawAnswer(exchange.good).length;
          const evil = brokenOff(offset, how);
          offset += 1;
          return evil(exchange);
        },
        over: () => offset >= length,
      };
    },
  };
}

function chunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

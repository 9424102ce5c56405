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
import type { Attack, Sweep } from './attack.ts';
import type { Certificates } from './certificates.ts';

const HTML = '<!doctype html><title>Log in</title><form action="/login"><input name="password"></form>';
const CHUNKED = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
const ELSEWHERE = 'https://login.captive.example/?back=';
/** Of every object that a source of ours knows, one that it has already. */
const DUPLICATES = '"data":[],"id":"x","access_token":"y","signed":{}';
const NO_UTF8 = Buffer.from([0x2c, 0x22, 0xc3, 0x28, 0x22]);
const json = { 'content-type': 'application/json' };

type HttpAttack = Pick<Attack, 'title' | 'kind' | 'does' | 'slow'>;

/** What any server, proxy or network between can do to any answer, whatever it carries. */
export const HTTP_EVILS = {
  'empty-200': { title: '200 without a body', kind: 'acceptance', does: instead(200, json) },
  'empty-204': { title: '204', kind: 'acceptance', does: instead(204) },
  'not-modified': { title: '304 to a question without an ETag', kind: 'acceptance', does: instead(304) },
  'foreign-etag': {
    title: '304 with an ETag that nobody holds',
    kind: 'acceptance',
    does: instead(304, { etag: '"nobody-holds-this"' }),
  },
  html: {
    title: 'a captive portal: 200 with a page',
    kind: 'acceptance',
    does: instead(200, { 'content-type': 'text/html' }, HTML),
  },
  'html-as-json': { title: 'the same, called JSON', kind: 'acceptance', does: instead(200, json, HTML) },
  'redirect-login': { title: '302 to a login page elsewhere', kind: 'C', does: instead(302, { location: ELSEWHERE }) },
  'redirect-moved': { title: '301 elsewhere', kind: 'C', does: instead(301, { location: ELSEWHERE }) },
  'redirect-kept': { title: '308 elsewhere', kind: 'C', does: instead(308, { location: ELSEWHERE }) },
  truncated: {
    title: 'half of the answer',
    kind: 'acceptance',
    does: rewritten((body) => body.subarray(0, body.length >> 1)),
  },
  'length-too-long': {
    title: 'a Content-Length that is too large',
    kind: 'C',
    does: lyingLength(1_000),
    slow: true,
  },
  'length-too-short': { title: 'a Content-Length that is too small', kind: 'C', does: lyingLength(-20) },
  'gzip-bomb': { title: 'a gzip bomb of 256 MiB', kind: 'E', does: gzipBomb(256) },
  'endless-body': { title: 'a body without an end', kind: 'E', does: endless(CHUNKED, chunk(' '.repeat(65_536))) },
  'endless-head': {
    title: 'a head without an end',
    kind: 'E',
    does: endless('HTTP/1.1 200 OK\r\n', Buffer.from(`x-filler: ${'x'.repeat(4_000)}\r\n`)),
  },
  'endless-hints': {
    title: 'early hints without an end',
    kind: 'E',
    does: endless('', Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n')),
    slow: true,
  },
  'drip-body': {
    title: 'a body of 1 B/s',
    kind: 'E',
    does: drip((answer) => answer.indexOf('\r\n\r\n') + 4),
    slow: true,
  },
  'drip-head': { title: 'a head of 1 B/s', kind: 'E', does: drip(() => 0), slow: true },
  silence: { title: 'no answer at all', kind: 'E', does: silence, slow: true },
  resets: { title: 'a reset after each byte of the answer in turn', kind: 'C', does: sweep('reset') },
  ends: { title: 'the end after each byte of the answer in turn', kind: 'C', does: sweep('end') },
  unauthorised: { title: '401 for ever', kind: 'acceptance', does: instead(401, json, '{}') },
  forbidden: { title: '403', kind: 'C', does: instead(403, json, '{}') },
  'not-found': { title: '404 for everything', kind: 'C', does: instead(404, json, '{}') },
  broken: { title: '500', kind: 'C', does: instead(500, { 'content-type': 'text/html' }, HTML) },
  'empty-object': { title: '`{}`', kind: 'C', does: instead(200, json, '{}') },
  null: { title: '`null`', kind: 'C', does: instead(200, json, 'null') },
  'empty-list': { title: '`[]`', kind: 'C', does: instead(200, json, '[]') },
  'duplicate-keys': {
    title: 'a key that comes twice',
    kind: 'A',
    does: rewritten((body) => body.toString('utf8').replace('{', `{${DUPLICATES},`)),
  },
  'invalid-utf8': {
    title: 'bytes that are not UTF-8',
    kind: 'A',
    does: rewritten((body) => Buffer.concat([body.subarray(0, -1), NO_UTF8, Buffer.from('}')])),
  },
  deep: { title: '20,000 lists in one another', kind: 'E', does: instead(200, json, '['.repeat(20_000)) },
  'chunked-garbage': {
    title: 'chunks whose length is no number',
    kind: 'C',
    does: bytes(`${CHUNKED}zzzz\r\n{"data":`),
  },
  'not-http': { title: 'another protocol', kind: 'C', does: bytes('SSH-2.0-OpenSSH_9.9\r\n') },
} as const satisfies Record<string, HttpAttack>;

/** What a kind of source makes of one of these. */
type Made = Pick<Attack, 'says' | 'places' | 'saysFirst'>;

/** All of them, on one kind of source; what has no place there is left out. */
export function httpAttacks(made: Readonly<Record<keyof typeof HTTP_EVILS, Made>>): readonly Attack[] {
  const ids = Object.keys(HTTP_EVILS) as (keyof typeof HTTP_EVILS)[];
  return ids
    .filter((id) => made[id].places?.length !== 0)
    .map((id) => ({ id, ...(HTTP_EVILS[id] satisfies HttpAttack), ...made[id] }));
}

/** A server that wants to be left alone for half a minute says so in one of these ways. */
export function restAttacks(made: (status: 429 | 503) => Made): readonly Attack[] {
  const in30s = (now: number): string => `${Math.round(now / 1_000) + 30}`;
  const forms: readonly (readonly [string, string, string, (now: number) => string])[] = [
    ['seconds', 'seconds', 'Retry-After', () => '30'],
    ['date', 'date', 'Retry-After', (now) => new Date(now + 30_000).toUTCString()],
    ['epoch', 'epoch', 'Retry-After', in30s],
    ['x-retry-after', 'epoch', 'X-Retry-After', in30s],
  ];
  return ([429, 503] as const).flatMap((status) =>
    forms.map(([id, form, header, value]) => ({
      id: `rest-${status}-${id}`,
      title: `${status} with \`${header}\` (${form})`,
      kind: 'C',
      does: askingForRest(status, header, value),
      restSeconds: 30,
      ...made(status),
    })),
  );
}

/** Another certificate than the right one. */
export function tlsAttacks(made: Made): readonly Attack[] {
  const cases = [
    ['stranger', 'the certificate of an authority that nobody trusts', (all: Certificates) => all.stranger],
    ['other-name', 'the certificate of another host', (all: Certificates) => all.otherName],
    ['expired-certificate', 'a certificate that has expired', (all: Certificates) => all.expired],
  ] as const;
  return cases.map(([id, title, choose]) => ({
    ...{ id, title, kind: 'F', does: { kind: 'presenting', choose } },
    ...made,
  }));
}

function askingForRest(status: 429 | 503, header: string, value: (now: number) => string): Evil {
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

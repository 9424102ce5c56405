import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { signToken, verifyToken } from '../../../src/control-plane/auth/access-token.ts';

const KEY = randomBytes(32);
const NOW = Date.parse('2026-04-22T10:00:00.900Z');
const SUBJECT = { credential: 'cred_1', org: 'acme' };
const TOKEN = signToken(KEY, SUBJECT, NOW);
const [HEADER = '', PAYLOAD = '', MAC = ''] = TOKEN.split('.');

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** A token that is signed with the right key, whatever it says. */
function signed(header: unknown, payload: unknown, hash = 'sha256', key: Uint8Array = KEY): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${createHmac(hash, key).update(text).digest('base64url')}`;
}

const CLAIMS = JSON.parse(Buffer.from(PAYLOAD, 'base64url').toString()) as Readonly<Record<string, unknown>>;
const GOOD_HEADER = { alg: 'HS256', typ: 'JWT' };

test('a token names its credential and org for ten minutes, and not a second longer', () => {
  assert.deepEqual(verifyToken(KEY, TOKEN, NOW), SUBJECT);
  const expiry = Math.floor(NOW / 1_000) * 1_000 + 600_000;
  assert.deepEqual(verifyToken(KEY, TOKEN, expiry - 1), SUBJECT);
  assert.equal(verifyToken(KEY, TOKEN, expiry), null);
});

test('a clock set back a minute is forgiven, more is not', () => {
  assert.deepEqual(verifyToken(KEY, TOKEN, NOW - 60_000), SUBJECT);
  assert.equal(verifyToken(KEY, TOKEN, NOW - 62_000), null);
});

test('the test can forge: what it signs with the right key and claims is accepted', () => {
  assert.deepEqual(verifyToken(KEY, signed(GOOD_HEADER, CLAIMS), NOW), SUBJECT);
});

const FORGERIES: readonly [what: string, token: string][] = [
  ['alg none, without a signature', `${encode({ alg: 'none', typ: 'JWT' })}.${PAYLOAD}.`],
  ['alg none, with our signature', `${encode({ alg: 'none', typ: 'JWT' })}.${PAYLOAD}.${MAC}`],
  ['alg None, signed', signed({ alg: 'None', typ: 'JWT' }, CLAIMS)],
  ['HS512', signed({ alg: 'HS512', typ: 'JWT' }, CLAIMS, 'sha512')],
  ['RS256 signed as an HMAC', signed({ alg: 'RS256', typ: 'JWT' }, CLAIMS)],
  ['another order of the header', signed({ typ: 'JWT', alg: 'HS256' }, CLAIMS)],
  ['a key id', signed({ alg: 'HS256', typ: 'JWT', kid: '../../dev/null' }, CLAIMS)],
  ['another key', signed(GOOD_HEADER, CLAIMS, 'sha256', randomBytes(32))],
  ['an empty key', signed(GOOD_HEADER, CLAIMS, 'sha256', new Uint8Array())],
  ['other claims under our signature', `${HEADER}.${encode({ ...CLAIMS, org: 'other' })}.${MAC}`],
  ['no signature', `${HEADER}.${PAYLOAD}.`],
  ['a shortened signature', `${HEADER}.${PAYLOAD}.${MAC.slice(0, -1)}`],
  ['a padded signature', `${TOKEN}=`],
  ['a fourth part', `${TOKEN}.x`],
  ['two parts', `${HEADER}.${PAYLOAD}`],
  ['nothing', ''],
  ['another audience', signed(GOOD_HEADER, { ...CLAIMS, aud: 'registry' })],
  ['another issuer', signed(GOOD_HEADER, { ...CLAIMS, iss: 'hub' })],
  ['no expiry', signed(GOOD_HEADER, { ...CLAIMS, exp: undefined })],
  ['an expiry that is a text', signed(GOOD_HEADER, { ...CLAIMS, exp: '9999999999' })],
  ['an org that is no text', signed(GOOD_HEADER, { ...CLAIMS, org: ['acme'] })],
  ['an oversized token', signed(GOOD_HEADER, { ...CLAIMS, pad: 'x'.repeat(1_000) })],
];
for (const [what, token] of FORGERIES) {
  test(`refuses ${what}`, () => {
    assert.equal(verifyToken(KEY, token, NOW), null);
  });
}

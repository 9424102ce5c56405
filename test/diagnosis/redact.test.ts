import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedactor } from '../../src/diagnosis/bugreport/redact.ts';

const none = { secrets: [], names: new Map<string, string>() };

test('a secret goes wherever it stands, escaped or not', () => {
  const { redact } = createRedactor({ ...none, secrets: ['pa"ss\\word', 'xy'] });
  assert.equal(redact('a pa"ss\\word b'), 'a <redacted> b');
  assert.equal(redact(JSON.stringify({ key: 'xpa"ss\\wordx' })), '{"key":"x<redacted>x"}');
  assert.equal(redact('xy, foxy'), '<redacted>, foxy', 'a short one only by itself');
});

test('what looks like a secret goes, and what it was stays', () => {
  const { redact } = createRedactor(none);
  const cases: readonly (readonly [string, string])[] = [
    ['https://user:pa55@proxy.example:3128/x', 'https://<redacted>@proxy.example:3128/x'],
    ['{"secret": "a b\\"c", "org":"x"}', '{"secret": "<redacted>", "org":"x"}'],
    ['{"m":"{\\"token\\":\\"abc\\"}"}', '{"m":"{\\"token\\":\\"<redacted>\\"}"}'],
    ["password: 'hunter2'", "password: '<redacted>'"],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer <redacted>'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtIn0.c2ln', '<redacted>'],
    ['reeve_machine_06h0fjb2a40jyfkz', 'reeve_machine_<redacted>'],
    ['-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\nrest', '<PRIVATE KEY: <redacted>>\nrest'],
    ['-----BEGIN PRIVATE KEY-----\nMC4C cut off', '<PRIVATE KEY: <redacted>>'],
  ];
  for (const [text, expected] of cases) assert.equal(redact(text), expected);
  const revision = `revision sha256:${'ab'.repeat(32)}, generation 7 at 2026-01-01T00:00:00Z`;
  assert.equal(redact(revision), revision);
});

test('names are replaced as words, the longest first, in any case', () => {
  const names = new Map([
    ['acme', '<org>'],
    ['policy.acme.example', '<source>'],
    ['/home/ann', '~'],
    ['ann', '<user>'],
  ]);
  const redactor = createRedactor({ secrets: [], names });
  assert.equal(
    redactor.redact('Acme at https://policy.acme.example/v2, /home/ann/x, annual, ANN'),
    '<org> at https://<source>/v2, ~/x, annual, <user>',
  );
  assert.equal(redactor.count, 4);
  const odd = new Map([
    ['www-data', '<user>'],
    ['a.b+c(d)/e', '<org>'],
    ['\\^$*[x]{2}|', '<team>'],
  ]);
  assert.equal(
    createRedactor({ secrets: [], names: odd }).redact('www-data at a.b+c(d)/e in \\^$*[x]{2}|'),
    '<user> at <org> in <team>',
  );
});

test('whose home it is stays here, whoever runs this, unless names are kept', () => {
  const text = '"/home/ann.b/.config/reeve/reeve.yaml" /Users/Bob/x /srv/home /home/';
  const hidden = '"/home/<user>/.config/reeve/reeve.yaml" /Users/<user>/x /srv/home /home/';
  const names = new Map([['machine-7', '<machine>']]);
  assert.equal(createRedactor({ secrets: [], names }).redact(text), hidden);
  assert.equal(createRedactor({ secrets: [], names: new Map() }).redact(text), text);
});

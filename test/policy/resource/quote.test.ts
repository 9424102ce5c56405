import assert from 'node:assert/strict';
import { it } from 'node:test';
import { quote } from '../../../src/policy/resource/quote.ts';

it('puts user input into one short line', () => {
  assert.equal(quote('example.com'), '`example.com`');
  assert.equal(quote('a\nb\0\x1b[31m\u2028'), '`a\\u000ab\\u0000\\u001b[31m\\u2028`');
  assert.equal(quote('a\ud800'), '`a\ufffd`');
  assert.equal(quote('x'.repeat(500)).length, 83);
});

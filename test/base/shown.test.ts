import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shown } from '../../src/base/shown.ts';

test('input stands in backticks as it is', () => {
  assert.equal(shown('/srv/café x'), '`/srv/café x`');
});

test('what would break the line, the quotes or the direction of a message is spelled out', () => {
  assert.equal(shown('a\nb\u2028c\u001b[31m`d\u202e'), '`a\\u{a}b\\u{2028}c\\u{1b}[31m\\u{60}d\\u{202e}`');
});

test('a long input is cut', () => {
  assert.equal(shown('x'.repeat(5000)), `\`${'x'.repeat(120)}…\``);
});

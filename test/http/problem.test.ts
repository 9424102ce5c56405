import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, problem, quoted } from '../../src/http/problem.ts';

test('the envelope holds a code and a message', () => {
  assert.deepEqual(problem('not_found', 'policy not found'), {
    error: { code: 'not_found', message: 'policy not found' },
  });
});

test('a quote is printable, on one line, short, and cannot end its own backticks', () => {
  assert.equal(quoted('*.example.com'), '`*.example.com`');
  assert.equal(quoted('a`b\\c'), '`a\\`b\\\\c`');
  assert.equal(quoted('\u001b[31m\n\u202e\u2028\u200b'), '`\\u{1b}[31m\\u{a}\\u{202e}\\u{2028}\\u{200b}`');
  assert.equal(quoted('x'.repeat(1_000)), `\`${'x'.repeat(120)}…\``);
});

test('half a character, cut off or sent, is escaped', () => {
  assert.ok(quoted(`${'x'.repeat(119)}🔒`).isWellFormed());
  assert.equal(printable('\ud800'), '\\u{d800}');
});

test('what is printable already stays as it is', () => {
  assert.equal(printable('Sécurité — `a\\b` 安全 🔒'), 'Sécurité — `a\\b` 安全 🔒');
});

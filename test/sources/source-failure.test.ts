import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutboundError } from '../../src/http/outbound-error.ts';
import { failureOf, SourceError } from '../../src/sources/source-failure.ts';

test('a failure is one bounded line without anything that a terminal obeys, whoever wrote the message', () => {
  const said = `got '\u001b[2Jtext\u0000\u202e'\r\n  and ${'x'.repeat(40_000)}`;
  const errors = [
    new Error(said),
    new SourceError('verify', 'invalid_bundle', said),
    new OutboundError('tls_failed', said),
  ];
  for (const error of errors) {
    const { message } = failureOf(error, 'fetch');
    assert.match(message, /^got '\\u\{1b\}\[2Jtext\\u\{0\}\\u\{202e\}' and x+$/);
    assert.ok(message.length < 1_100, String(message.length));
  }
});

test('stage and code are those of the error, and otherwise of the place where it happened', () => {
  const outcomes = [
    new SourceError('store', 'rollback', 'm'),
    new OutboundError('timeout', 'm'),
    new Error('m'),
    'm',
  ].map((error) => failureOf(error, 'compile'));
  assert.deepEqual(
    outcomes.map(({ stage, code, message }) => [stage, code, message]),
    [
      ['store', 'rollback', 'm'],
      [new OutboundError('timeout', 'm').stage, 'timeout', 'm'],
      ['compile', 'internal', 'm'],
      ['compile', 'internal', 'm'],
    ],
  );
});

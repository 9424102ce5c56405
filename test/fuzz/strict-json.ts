import assert from 'node:assert/strict';
import { parseStrictJson, parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { assertMessage } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { REQUESTS, RULES } from './words.ts';

const TEXTS = [
  ...[...REQUESTS, ...RULES].map((value) => JSON.stringify(value)),
  '{"a":{"a":[{"a":1},{"a":1}]},"\\u0061b":"\\ud83d\\ude00",":":"::"}',
  `${'['.repeat(16)}0${']'.repeat(16)}`,
  ' {"a" : -1.5e3 , "b":"\\\\", "c":"\\"" }\n',
];

const WORDS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '\\',
  '\\"',
  '\\\\',
  '\\u0061',
  '\\ud83d',
  '\\udc00',
  '"a":1,',
  '"\\u0061":1,',
  '"action":"read",',
  '"__proto__":{},',
  'null',
  '1e999',
  '-0',
  '01',
  '[[',
  ']]',
  ' ',
  '\n',
  '/*a*/',
];

/** Strict JSON from bytes and from text: both read alike, nothing that JSON.parse refuses, and a value as itself. */
export const STRICT_JSON = fuzzTarget<string>('strict-json', 'STRICT_JSON', () => ({
  inputs: mutatedText(TEXTS, WORDS, 20_000),
  check(text) {
    const reading = parseStrictJsonText(text);
    // bytes cannot hold half a surrogate pair: what stands there instead is a text of its own
    if (text.isWellFormed()) assert.deepEqual(parseStrictJson(Buffer.from(text)), reading);
    else assert.equal(reading.kind, 'error');
    parseStrictJson(Buffer.from(text, 'latin1'));
    if (reading.kind === 'error') {
      assertMessage(reading.message);
      return;
    }
    const written = JSON.stringify(reading.value);
    assert.equal(written, JSON.stringify(JSON.parse(text)));
    const again = parseStrictJsonText(written);
    assert.ok(again.kind === 'value', written);
    assert.equal(JSON.stringify(again.value), written);
  },
}));

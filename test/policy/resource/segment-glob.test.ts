import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  matchesEverySegment,
  matchesSegment,
  readSegmentGlob,
  segmentGlobText,
} from '../../../src/policy/resource/segment-glob.ts';
import { inputs, trying, withinLimit } from '../../support/inputs.ts';

const matches = (pattern: string, text: string): boolean => matchesSegment(readSegmentGlob(pattern), text);

/** The definition, letter by letter. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
  return text.startsWith(pattern.charAt(0)) && naive(pattern.slice(1), text.slice(1));
}

test('a star stands for any characters, none included', () => {
  for (const text of ['a', '.hidden', 'a\nb', '\u2028', '*', '💩', ' ']) assert.ok(matches('*', text));
  assert.ok(matches('*.txt', '.txt'));
  assert.ok(matches('a*', 'a'));
  assert.ok(matches('a*c*e', 'abcde'));
  assert.ok(!matches('*.txt', 'x.txt2'));
  assert.ok(!matches('a*', 'ba'));
  assert.ok(!matches('a*c*e', 'abde'));
});

test('the first and the last part never share a character', () => {
  assert.ok(!matches('ab*ba', 'aba'));
  assert.ok(matches('ab*ba', 'abba'));
  assert.ok(!matches('a*b*b', 'ab'));
});

test('everything but the star is literal', () => {
  assert.ok(matches('[ab]*', '[ab]c'));
  assert.ok(!matches('[ab]*', 'ac'));
  assert.ok(!matches('?*', 'ab'));
  assert.ok(!matches('{a,b}*', 'a'));
  assert.ok(matches('\\*', '\\x'));
});

test('several stars in a row are one', () => {
  assert.deepEqual(readSegmentGlob('a***b'), readSegmentGlob('a*b'));
  assert.equal(segmentGlobText(readSegmentGlob('**a***b*')), '*a*b*');
  assert.ok(matchesEverySegment(readSegmentGlob('***')));
  assert.ok(!matchesEverySegment(readSegmentGlob('*a*')));
});

test('matching agrees with the definition, letter by letter', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 10 });
  const pattern = fc
    .string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 8 })
    .filter((text) => text.includes('*'));
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(pattern, word, (glob, text) => {
      const expected = naive(glob, text);
      seen[expected ? 'yes' : 'no'] += 1;
      assert.equal(matches(glob, text), expected);
    }),
    trying(10_000),
  );
  assert.ok(seen.yes > inputs(1000) && seen.no > inputs(1000), JSON.stringify(seen));
});

test('parts too long for a plain search are found in the same places', () => {
  const long = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 17, maxLength: 40 });
  fc.assert(
    fc.property(
      long,
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 60 }),
      fc.boolean(),
      (part, noise, planted) => {
        const text = planted ? `${noise}${part}${noise}` : noise;
        assert.equal(matches(`*${part}*`, text), text.includes(part));
        assert.equal(
          matches(`*${part}*${part}*`, `${text}${text}`),
          new RegExp(`${part}.*${part}`).test(`${text}${text}`),
        );
      },
    ),
    trying(10_000),
  );
});

test('a hostile pattern takes no longer than a harmless one', () => {
  const started = performance.now();
  for (let round = 0; round < 100; round += 1) {
    assert.ok(matches('*a'.repeat(30), 'a'.repeat(60)));
    assert.ok(!matches(`${'*a'.repeat(30)}b`, 'a'.repeat(4000)));
    assert.ok(!matches(`*${'a'.repeat(1000)}b${'a'.repeat(1000)}*`, 'a'.repeat(4000)));
  }
  assert.ok(withinLimit(performance.now() - started, 2000));
});

test('a long part that begins to match and does not is found where it does', () => {
  const words = ['a', 'b', 'ab', 'ba', 'aab', 'aba', 'abb', 'abaab', 'aabaaab', 'abcabd', 'aabaabaaa'];
  for (const word of words) {
    const part = word.repeat(17).slice(0, 17 + word.length);
    const flipped = `${part.slice(0, -1)}${part.endsWith('a') ? 'b' : 'a'}`;
    for (const one of [part, flipped, `${part}c`]) {
      for (let cut = 0; cut <= one.length; cut += 1) {
        for (const text of [
          `${one.slice(0, cut)}${one}`,
          `${one.slice(0, cut)}${flipped}`,
          `${one.slice(0, cut)}c${part}`,
        ]) {
          assert.equal(matches(`*${one}*`, text), text.includes(one), `*${one}* ${text}`);
        }
      }
    }
  }
});

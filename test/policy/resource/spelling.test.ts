import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spellingProblem } from '../../../src/policy/resource/spelling.ts';
import { inputs, trying } from '../../support/inputs.ts';

/** Everything that no resource may hold, one look each. */
const REFUSED = [
  /^$/,
  /[\p{Cs}\p{Cc}\p{White_Space}\u2028\u2029\ufeff]/u,
  /^[a-z][a-z0-9+.-]*:\/\//i,
  /[,@\\%^{}()|]/,
  /\[:[a-z]+:\]/i,
];

/** The library's own takes longer to set up than thousands of texts take. */
const anyCharacter = fc.nat({ max: 0x10_ffff }).map((code) => String.fromCodePoint(code));

test('a text of ordinary characters is refused no more and no less than any other', () => {
  const ordinary = fc.constantFrom(...Array.from('azAZ09_-.:*/'));
  const piece = fc.oneof(
    { weight: 20, arbitrary: ordinary },
    {
      weight: 2,
      arbitrary: fc.constantFrom('/24', '://', 'http', '[:', ':]', '[!^', '^', '\n', ',', '\ud800', 'é', '?'),
    },
    { weight: 1, arbitrary: fc.string({ unit: anyCharacter, maxLength: 2 }) },
  );
  let refused = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const expected = REFUSED.some((pattern) => pattern.test(text));
      if (expected) refused += 1;
      assert.equal(spellingProblem(text) !== null, expected, JSON.stringify(text));
    }),
    trying(10_000),
  );
  assert.ok(refused > inputs(1_000) && refused < inputs(9_000), `${refused} of 10,000 were refused`);
});

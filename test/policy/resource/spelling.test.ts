import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spellingProblem } from '../../../src/policy/resource/spelling.ts';

/** Everything that no resource may hold, one look each. */
const REFUSED = [
  /^$/,
  /[\p{Cs}\p{Cc}\p{White_Space}\u2028\u2029\ufeff]/u,
  /^[a-z][a-z0-9+.-]*:\/\//i,
  /[,@\\%^{}()|]/,
  /\[:[a-z]+:\]/i,
];

test('a text of ordinary characters is refused no more and no less than any other', () => {
  const ordinary = fc.constantFrom(...Array.from('azAZ09_-.:*/'));
  const piece = fc.oneof(
    { weight: 20, arbitrary: ordinary },
    {
      weight: 2,
      arbitrary: fc.constantFrom('/24', '://', 'http', '[:', ':]', '[!^', '^', '\n', ',', '\ud800', 'é', '?'),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 2 }) },
  );
  let refused = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const expected = REFUSED.some((pattern) => pattern.test(text));
      if (expected) refused += 1;
      assert.equal(spellingProblem(text) !== null, expected, JSON.stringify(text));
    }),
    { numRuns: 10_000 },
  );
  assert.ok(refused > 1_000 && refused < 9_000, `${refused} of 10,000 were refused`);
});

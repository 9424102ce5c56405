import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { filesystemCase, networkCase } from './arbitraries.ts';
import { difference, evaluate, RUNS } from './subject.ts';

/** Semantics, 7, 5. A failure prints its seed, and the smallest case found. */
describe('the compiled policy and the naive reference agree on decision, code and determining rule', () => {
  test('for network requests', () => {
    fc.assert(
      fc.property(networkCase, (input) => assert.equal(difference(input, evaluate(input)), null)),
      { numRuns: RUNS },
    );
  });

  test('for filesystem requests', () => {
    fc.assert(
      fc.property(filesystemCase, (input) => assert.equal(difference(input, evaluate(input)), null)),
      { numRuns: RUNS },
    );
  });
});

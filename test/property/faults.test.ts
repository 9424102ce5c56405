import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { filesystemCase, networkCase } from './arbitraries.ts';
import { FAULTS } from './faults.ts';
import { difference, evaluate, RUNS } from './subject.ts';

describe('planted faults are found by comparing with the reference', () => {
  test('there are at least ten of them', () => {
    assert.ok(FAULTS.length >= 10);
  });

  for (const { name, domain, plant } of FAULTS) {
    test(`found: ${name}`, (t) => {
      const faulty = plant(evaluate);
      const cases = domain === 'network' ? networkCase : filesystemCase;
      const outcome = fc.check(
        fc.property(cases, (input) => {
          // a case on which the right evaluator is at fault proves nothing about the planted fault
          if (difference(input, faulty(input)) !== null) assert.notEqual(difference(input, evaluate(input)), null);
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      t.diagnostic(`after ${outcome.numRuns} cases`);
      assert.ok(outcome.failed, `no case of ${RUNS} told the fault from the truth (seed ${outcome.seed})`);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TARGETS } from './targets.ts';

const SECONDS = 0.7;

describe(`${SECONDS} s of fuzzing each`, () => {
  for (const { name, fuzz } of TARGETS) {
    test(`${name} holds whatever it is given`, async (t) => {
      const { runs, seed, slowestMs, failure } = await fuzz({ seconds: SECONDS });
      t.diagnostic(`${runs} inputs, the slowest took ${slowestMs.toFixed(1)} ms, seed ${seed}`);
      assert.equal(failure, null);
      assert.ok(runs > 5, `only ${runs} inputs`);
    });
  }
});

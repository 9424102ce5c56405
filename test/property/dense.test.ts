import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { inputs, trying } from '../support/inputs.ts';
import { disagreement, newTally, shareOf } from './agreement.ts';
import { denseFilesystemCase, denseNetworkCase, REQUESTS } from './dense.ts';

const PAIRS = 25_000;

/** Semantics, 7, 5, where rules are many; `npm run prove` does the same for as long as one likes. */
describe('the compiled policy and the naive reference agree on crowded rule sets', () => {
  for (const [domain, cases] of [
    ['network', denseNetworkCase],
    ['filesystem', denseFilesystemCase],
  ] as const) {
    test(`in the ${domain} domain`, (t) => {
      const tally = newTally();
      fc.assert(
        fc.property(cases, (dense) => assert.equal(disagreement(dense, tally), null)),
        trying(Math.ceil(PAIRS / REQUESTS)),
      );
      const allowed = shareOf(tally, (code) => code.endsWith('_allow'));
      const denied = shareOf(tally, (code) => code === 'org_deny' || code === 'local_deny');
      t.diagnostic(
        `${tally.pairs} pairs, allow ${(allowed * 100).toFixed(1)} %, deny by rule ${(denied * 100).toFixed(1)} %`,
      );
      assert.ok(
        tally.pairs >= inputs(PAIRS) && allowed >= 0.2 && denied >= 0.2,
        `${allowed} allowed, ${denied} denied`,
      );
    });
  }
});

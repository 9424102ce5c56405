import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { subtreeCase } from './arbitraries.ts';
import type { Raw } from './reference-rules.ts';
import { evaluate, RUNS } from './subject.ts';

type Json = Readonly<Record<string, unknown>>;

function below(path: unknown, segments: readonly string[]): string {
  const base = String(path);
  return [base === '/' ? '' : base, ...segments].join('/') || '/';
}

/** The same question about something inside the subtree, which has no links of its own. */
function inside(input: Raw, answer: Raw, segments: readonly string[], recursive: boolean): Raw {
  const { action } = input['request'] as Json;
  const { path, real } = answer['request'] as Json;
  return { ...input, request: { action, path: below(path, segments), real: below(real, segments), recursive } };
}

test('7: a subtree that is allowed holds nothing that is denied', (t) => {
  let allowed = 0;
  fc.assert(
    fc.property(subtreeCase, fc.boolean(), ([input, segments], recursive) => {
      const answer = evaluate(input);
      if (answer['decision'] !== 'allow') return;
      allowed += 1;
      const within = evaluate(inside(input, answer, segments, recursive));
      assert.equal(within['decision'], 'allow', JSON.stringify(within));
    }),
    { numRuns: RUNS },
  );
  t.diagnostic(`${allowed} subtrees were allowed`);
  assert.ok(allowed > RUNS / 10, `only ${allowed} subtrees were allowed`);
});

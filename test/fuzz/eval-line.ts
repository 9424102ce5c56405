import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createEvaluator, evaluateLine } from '../../src/eval/eval-line.ts';
import { anyCase } from '../property/arbitraries.ts';
import { mutatedText, mutatedValue } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { REQUEST_KEYS, REQUEST_VALUES, RULE_KEYS, RULE_VALUES } from './words.ts';

const CASES: readonly unknown[] = fc.sample(anyCase, { numRuns: 40, seed: 3 });
const KEYS = [
  ...REQUEST_KEYS,
  ...RULE_KEYS,
  ...'governed delegated org policies teams local preset home now request scope status enabled'.split(' '),
];
const VALUES = [...REQUEST_VALUES, ...RULE_VALUES, 'open', 'balanced', '2026-02-30T00:00:00Z', '/home/ana'];
const LINES = CASES.map((value) => JSON.stringify(value));
const WORDS = ['"', '{', '}', '[', ']', ',', ':', '\\u0000', 'null', '1e999', '"org":[],', '"request":{}', '\\ud800'];

/** The lines of `reeve eval`: one line in, one line out, an answer or an error; alone as among others. */
export const EVAL_LINE = fuzzTarget<string>('eval-line', 'EVAL_LINE', () => {
  const among = createEvaluator({ strict: false, fs: false });
  return {
    inputs: fc.oneof(
      { weight: 4, arbitrary: mutatedValue(CASES, KEYS, VALUES).map((value) => JSON.stringify(value)) },
      { weight: 1, arbitrary: mutatedText(LINES, WORDS, 16_000) },
    ),
    check(line) {
      // without `now` the clock answers too
      const timeless = !/"now":"2/.test(line);
      const alone = evaluateLine(line, { strict: false, fs: false });
      assertLine(alone);
      if (!timeless) assert.equal(among(line), alone);
      assertLine(evaluateLine(line, { strict: true, fs: false }));
    },
  };
});

function assertLine(line: string): void {
  assert.ok(!line.includes('\n'), 'one line');
  const answer = JSON.parse(line) as Readonly<Record<string, unknown>>;
  if ('error' in answer) assert.ok(!('decision' in answer));
  else assert.ok(answer['decision'] === 'allow' || answer['decision'] === 'deny');
}

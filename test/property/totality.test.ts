import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createEvaluator, evaluateLine } from '../../src/eval/eval-line.ts';
import { anyCase } from './arbitraries.ts';
import { isRaw, type Raw } from './reference-rules.ts';
import { RUNS } from './subject.ts';

/** Names and values that trip code which trusts its input. */
const JUNK = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    '',
    '\0',
    '\ud800',
    '__proto__',
    'constructor',
    -1,
    1e308,
    0.5,
    [],
    {},
    [[]],
    [null],
    '~',
    '%',
    '$HOME',
  ),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '*'.repeat(300),
    '[',
    '[!]',
    '[a-',
    'a'.repeat(5000),
    '::ffff:',
    '1.2.3.4/',
    '/'.repeat(5000),
    '../'.repeat(200),
  ),
);

/** Replaces one member somewhere inside. */
function spoil(value: unknown, route: readonly number[], junk: unknown): unknown {
  const [step, ...rest] = route;
  if (step === undefined || typeof value !== 'object' || value === null) return junk;
  if (Array.isArray(value)) {
    const index = value.length === 0 ? 0 : step % value.length;
    return value.map((item: unknown, at) => (at === index ? spoil(item, rest, junk) : item));
  }
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return junk;
  return { ...value, [key]: spoil((value as Raw)[key], rest, junk) };
}

const spoiltCase = fc
  .tuple(anyCase, fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 6 }), JUNK)
  .map(([input, route, junk]) => spoil(input, route, junk));

/** One line of JSON that is either an answer or an error, never both. */
function assertOneAnswer(line: string): void {
  assert.ok(!line.includes('\n'), 'one line');
  const answer = JSON.parse(line) as unknown;
  assert.ok(isRaw(answer));
  if (isRaw(answer['error'])) {
    assert.equal(answer['decision'], undefined);
    assert.ok(typeof answer['error']['code'] === 'string' && typeof answer['error']['message'] === 'string');
  } else {
    assert.ok(answer['decision'] === 'allow' || answer['decision'] === 'deny');
    assert.ok(typeof answer['code'] === 'string' && typeof answer['reason'] === 'string');
    assert.equal(answer['generation'], 1);
  }
}

describe('6: no input makes the evaluator throw', () => {
  test('not a case with anything at all in any place', () => {
    fc.assert(
      fc.property(spoiltCase, fc.boolean(), (input, strict) =>
        assertOneAnswer(evaluateLine(JSON.stringify(input), { strict, fs: false })),
      ),
      { numRuns: RUNS },
    );
  });

  test('not any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (line) => assertOneAnswer(evaluateLine(line, { strict: false, fs: false }))),
      { numRuns: RUNS },
    );
  });

  test('not any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) =>
        assertOneAnswer(evaluateLine(line, { strict: false, fs: false })),
      ),
      { numRuns: RUNS },
    );
  });
});

describe('8: one snapshot answers alike', () => {
  test('lines that share a policy set, or change it, get the answers that each gets alone, of one generation', () => {
    fc.assert(
      fc.property(anyCase, anyCase, ({ request, ...policy }, other) => {
        const lines = [{ ...policy, request }, { ...policy, request: other['request'] }, other];
        const ask = createEvaluator({ strict: false, fs: false });
        for (const [index, line] of lines.map((input) => JSON.stringify(input)).entries()) {
          const answer = ask(line);
          if (index > 0) assert.equal(answer, evaluateLine(line, { strict: false, fs: false }));
          assertOneAnswer(answer);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

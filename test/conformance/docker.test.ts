import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTarget } from '../../src/cli/check-target.ts';
import { evaluateLine } from '../../src/eval/eval-line.ts';
import { assertAnswer, assertRefused, isNoAllow, mayNeverAllow } from './grading.ts';
import { type JsonObject, readDifferences, readVectors, type Vector } from './vector.ts';

const VECTORS = readVectors();
const NUMBERS = Array.from({ length: 160 }, (_, index) => index + 1);

function ask(question: JsonObject, strict: boolean): JsonObject {
  return JSON.parse(evaluateLine(JSON.stringify(question), { strict, fs: false })) as JsonObject;
}

/** The case of a `check` vector, its target read by the command line's own reader. */
function withTarget(vector: Vector, target: string): JsonObject {
  const reading = parseTarget(target);
  assert.equal(reading.kind, 'target');
  assert.deepEqual({ host: reading.host, port: reading.port }, vector.target);
  return { ...vector.case, request: { ...vector.case?.request, host: reading.host, port: reading.port } };
}

function run(vector: Vector): void {
  if (vector.write !== undefined) {
    assertRefused(ask(vector.write, true), ask(vector.write, false), vector.expect);
    return;
  }
  assert.ok(vector.case !== undefined, 'a vector is a case or a write');
  const question = vector.check === undefined ? vector.case : withTarget(vector, vector.check);
  const answer = ask(question, false);
  assertAnswer(answer, vector.expect);
  if (mayNeverAllow(question)) assert.ok(isNoAllow(answer), 'what reeve does not support yet may never be allowed');
}

describe('the 160 conformance cases', () => {
  for (const number of NUMBERS) {
    const lines = VECTORS.filter((vector) => vector.number === number);
    test(`case ${number}: ${lines[0]?.note ?? 'missing'}`, () => {
      assert.ok(lines.length > 0, 'no vector has this number');
      for (const line of lines) run(line);
    });
  }

  test('cover exactly the numbers 1 to 160', () => {
    const numbers = [...new Set(VECTORS.map((vector) => vector.number))].sort((a, b) => a - b);
    assert.deepEqual(numbers, NUMBERS);
  });

  test('ask about unsupported subjects without ever expecting an allow', () => {
    const asked = VECTORS.filter((vector) => mayNeverAllow(vector.case ?? vector.write));
    assert.ok(asked.length >= 20, 'the subjects are recognised by their members');
    assert.deepEqual(
      asked.filter((vector) => vector.expect.decision === 'allow'),
      [],
    );
  });

  test('ask cases 86 to 117 about the path alone, and 117 about its subtree too', () => {
    const paths = VECTORS.filter((vector) => vector.number >= 86 && vector.number <= 117 && vector.case !== undefined);
    const subtrees = paths.filter((vector) => vector.case?.request['recursive'] !== false);
    assert.deepEqual([...new Set(subtrees.map((vector) => vector.number))], [117]);
    assert.ok(subtrees.every((vector) => vector.expect.decision === 'deny'));
  });

  test('list every difference from Docker once, with what each does and why', () => {
    const differences = readDifferences();
    const numbers = differences.map((difference) => difference.number);
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    for (const { number, docker, reeve, reason } of differences) {
      assert.ok(NUMBERS.includes(number), `case ${number}`);
      assert.ok(docker !== '' && reeve !== '' && reason !== '', `case ${number}`);
    }
  });
});

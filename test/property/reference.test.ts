import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAnswer } from '../conformance/grading.ts';
import { type JsonObject, readVectors } from '../conformance/vector.ts';
import { evaluateReference } from './reference.ts';
import { embeddedIn, readRefAddress } from './reference-address.ts';

function answerOf(question: JsonObject): JsonObject {
  const { decision, code, rule, resolvedPath, ipChecked } = evaluateReference(question);
  return {
    decision,
    code,
    rule,
    ...(resolvedPath === null ? {} : { resolved_path: resolvedPath }),
    ip_checked: ipChecked,
  };
}

describe('the reference evaluator', () => {
  test('answers the conformance vectors as they expect', () => {
    const decided = readVectors().filter((vector) => vector.case !== undefined && vector.expect.decision !== undefined);
    assert.ok(decided.length >= 140, `only ${decided.length} vectors are decided`);
    for (const { number, target, expect, ...vector } of decided) {
      const question = { ...vector.case, request: { ...vector.case?.request, ...target } };
      assert.doesNotThrow(() => assertAnswer(answerOf(question), expect), `case ${number}`);
    }
  });

  test('finds an IPv4 address in every form that hides one', () => {
    const hidden: readonly string[] = [
      '64:ff9b::a01:203',
      '64:ff9b:1:a01:2:300::',
      '64:ff9b:1::a01:203',
      '2002:a01:203::1',
      '2001:0:4136:e378:8000:63bf:f5fe:fdfc',
      'fe80::5efe:10.1.2.3',
      'fe80::200:5efe:a01:203',
      '::ffff:0:10.1.2.3',
      '::10.1.2.3',
    ];
    for (const text of hidden) {
      const address = readRefAddress(text);
      assert.ok(address !== null, text);
      assert.ok(
        embeddedIn(address).some((four) => four.value === 0x0a010203n),
        text,
      );
    }
    assert.deepEqual(readRefAddress('::ffff:10.1.2.3'), { family: 4, value: 0x0a010203n });
    for (const text of ['::', '::1', '2001:db8::1', '10.1.2.3']) {
      const address = readRefAddress(text);
      assert.ok(address !== null && embeddedIn(address).length === 0, text);
    }
  });
});

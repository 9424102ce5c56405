import assert from 'node:assert/strict';
import type { Expectation, JsonObject } from './vector.ts';

/** Members about which only "never allow" is promised until reeve supports them. */
const UNSUPPORTED_SUBJECTS = ['"kit":', '"request:', '"approval_required":', '"sandbox":', '"orgs":'];

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True if nobody could read the answer as an allow. */
export function isNoAllow(answer: JsonObject): boolean {
  return answer['decision'] === undefined ? isObject(answer['error']) : answer['decision'] === 'deny';
}

export function mayNeverAllow(question: unknown): boolean {
  const text = JSON.stringify(question);
  return UNSUPPORTED_SUBJECTS.some((subject) => text.includes(subject));
}

/** Compares the answer of a `case` with what its vector expects. */
export function assertAnswer(answer: JsonObject, expected: Expectation): void {
  const shown = JSON.stringify(answer);
  if (expected.unsupported === true) {
    assert.ok(isNoAllow(answer), `must be refused or denied: ${shown}`);
    return;
  }
  if (expected.error === true) {
    assert.ok(isObject(answer['error']), `must be an error: ${shown}`);
    assert.equal(answer['decision'], undefined, shown);
    return;
  }
  assert.ok(expected.decision !== undefined && expected.code !== undefined, 'a case expects a decision and a code');
  assert.equal(answer['decision'], expected.decision, shown);
  assert.equal(answer['code'], expected.code, shown);
  if (expected.resolved_path !== undefined) assert.equal(answer['resolved_path'], expected.resolved_path, shown);
  if (expected.ip_checked !== undefined) assert.equal(answer['ip_checked'], expected.ip_checked, shown);
  if (expected.decision === 'deny') assert.equal(answer['resolved_path'], undefined, shown);
  for (const [member, value] of Object.entries(expected.rule ?? {})) {
    const rule = answer['rule'];
    assert.ok(isObject(rule), `must name a rule: ${shown}`);
    assert.equal(rule[member], value, shown);
  }
}

/** Compares the two answers, strict and lenient, about a rule that must be refused when it is written. */
export function assertRefused(strict: JsonObject, lenient: JsonObject, expected: Expectation): void {
  const error = strict['error'];
  assert.ok(isObject(error), `must be refused: ${JSON.stringify(strict)}`);
  assert.equal(error['code'], 'invalid_rule', JSON.stringify(strict));
  assert.equal(strict['decision'], undefined, JSON.stringify(strict));
  assert.ok(isNoAllow(lenient), `must not allow: ${JSON.stringify(lenient)}`);
  if (expected.suggests === undefined) return;
  const message = String(error['message']);
  assert.ok(message.includes(expected.suggests), `\`${message}\` should say to write \`${expected.suggests}\``);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filesystemCase, networkCase } from './arbitraries.ts';
import type { Raw } from './reference-rules.ts';
import { evaluate } from './subject.ts';

const SAMPLE = 3000;

const DENIED_BY_RULE = ['org_deny', 'local_deny'];
const EVERY_NETWORK_CODE = [
  'org_allow',
  'local_allow',
  'preset_allow',
  'org_deny',
  'local_deny',
  'address_guard',
  'approval_required',
  'default_deny',
  'policy_invalid',
  'invalid_request',
];
const EVERY_FILESYSTEM_CODE = [
  ...EVERY_NETWORK_CODE.filter((code) => code !== 'address_guard'),
  'unresolvable_path',
  'builtin_deny',
];

function sample(cases: fc.Arbitrary<Raw>): readonly Raw[] {
  return fc.sample(cases, { numRuns: SAMPLE, seed: 20_260_601 });
}

function share<T>(values: readonly T[], test: (value: T) => boolean): number {
  return values.filter(test).length / values.length;
}

for (const [domain, cases, codes] of [
  ['network', networkCase, EVERY_NETWORK_CODE],
  ['filesystem', filesystemCase, EVERY_FILESYSTEM_CODE],
] as const) {
  test(`generated ${domain} cases are allowed, and denied by a rule, often enough to mean something`, (t) => {
    const answers = sample(cases).map((input) => evaluate(input));
    const allowed = share(answers, (answer) => answer['decision'] === 'allow');
    const denied = share(answers, (answer) => DENIED_BY_RULE.includes(String(answer['code'])));
    t.diagnostic(`allow ${(allowed * 100).toFixed(1)} %, deny by rule ${(denied * 100).toFixed(1)} %`);
    assert.ok(allowed >= 0.2, `only ${allowed} allowed`);
    assert.ok(denied >= 0.2, `only ${denied} denied by a rule`);
    const seen = new Set(answers.map((answer) => answer['code']));
    assert.deepEqual(
      codes.filter((code) => !seen.has(code)),
      [],
      'every code comes up',
    );
  });
}

test('generated paths lead through links in at least a tenth of the cases', (t) => {
  const linked = share(sample(filesystemCase), (input) => {
    const { path, real } = input['request'] as { path?: unknown; real?: unknown };
    return real !== undefined && real !== path;
  });
  t.diagnostic(`through links ${(linked * 100).toFixed(1)} %`);
  assert.ok(linked >= 0.1, `only ${linked}`);
});

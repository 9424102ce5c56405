/** The invariants of semantics, 7, that concern the pure core; 5 (the reference) has a file of its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { askerOf, policySetOf, readEvalCase } from '../../src/eval/eval-case.ts';
import { compile, decide, explain, readRequest, ttlAt, withReal } from '../../src/policy/index.ts';
import { anyCase, caseAndRule } from './arbitraries.ts';
import { isRaw, type Raw } from './reference-rules.ts';
import { evaluate, RUNS } from './subject.ts';

type Json = Readonly<Record<string, unknown>>;

const BOTH_GOVERNED = { network: true, filesystem: true };

function isAllowed(input: Raw): boolean {
  return evaluate(input)['decision'] === 'allow';
}

/** What an answer says, without the numbers that count answers. */
function gist(answer: Raw): Json {
  const { decision, code, rule, request, resolved_path, ip_checked } = answer;
  return { decision, code, rule, request, resolved_path, ip_checked };
}

function withRule(input: Raw, layer: 'org' | 'local', rule: Json, decision: string): Raw {
  const rules = input[layer] as readonly unknown[];
  return { ...input, [layer]: [...rules, { id: 'added', ...rule, decision }] };
}

/** Compiles a case and asks `decide` and `explain` side by side; null where the request is none. */
function decideAndExplain(input: Raw) {
  const reading = readEvalCase(input);
  assert.ok(reading.kind === 'case');
  const policy = compile(policySetOf(reading.case, { links: new Map(), foldingMounts: [] }));
  const snapshot = { policy, generation: 1, ttlMs: ttlAt(policy, reading.case.now) };
  const asked = readRequest(reading.case.request);
  if (asked.kind !== 'request') return null;
  const { request } = asked;
  const pending = request.kind === 'filesystem' && request.real.kind === 'pending';
  const ready = pending ? withReal(request, { kind: 'real', real: request.lexical }) : request;
  const asker = { uid: askerOf(reading.case) };
  return { answer: decide(snapshot, ready, asker), explanation: explain(snapshot, ready, asker) };
}

describe('invariants of the decision', () => {
  test('1: an explanation says what the decision says, and its rules bear it out', () => {
    fc.assert(
      fc.property(anyCase, (input) => {
        const both = decideAndExplain(input);
        if (both === null) return;
        const { answer, explanation } = both;
        assert.deepEqual(explanation.answer, answer);
        const counted = explanation.rules.filter((rule) => rule.counts);
        const denies = counted.filter((rule) => rule.decision === 'deny');
        if (answer.code === 'org_deny' || answer.code === 'local_deny') {
          assert.ok(denies.some((rule) => rule.id === answer.rule?.id && rule.resource === answer.rule.resource));
        }
        if (answer.code === 'default_deny') assert.deepEqual(denies, []);
        if (answer.decision !== 'allow') return;
        assert.deepEqual(denies, []);
        assert.ok(counted.some((rule) => rule.id === answer.rule?.id && rule.resource === answer.rule.resource));
      }),
      { numRuns: RUNS },
    );
  });

  test('2: adding a deny never turns a deny into an allow', () => {
    fc.assert(
      fc.property(caseAndRule, fc.constantFrom('org', 'local'), ([input, rule], layer) => {
        if (isAllowed(withRule(input, layer, rule, 'deny'))) assert.ok(isAllowed(input));
      }),
      { numRuns: RUNS },
    );
  });

  test('3: in a governed domain that is not delegated no local file turns a deny into an allow', () => {
    fc.assert(
      fc.property(caseAndRule, ([input, rule]) => {
        const governed = { ...input, governed: BOTH_GOVERNED, delegated: {} };
        if (isAllowed(withRule(governed, 'local', rule, 'allow'))) assert.ok(isAllowed({ ...governed, local: [] }));
      }),
      { numRuns: RUNS },
    );
  });

  test('4: a request and its canonical form get the same answer', () => {
    fc.assert(
      fc.property(anyCase, (input) => {
        const first = evaluate(input);
        const { path } = input['request'] as Json;
        if (!isRaw(first['request']) || (typeof path === 'string' && path.includes('..'))) return;
        assert.deepEqual(gist(evaluate({ ...input, request: first['request'] })), gist(first));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('invariants of taking something away', () => {
  test('9: a governed domain without its policies allows nothing, whatever is local', () => {
    fc.assert(
      fc.property(caseAndRule, ([input, rule]) => {
        const bare = { ...input, governed: BOTH_GOVERNED, delegated: {}, org: [], policies: [] };
        assert.equal(evaluate(withRule(bare, 'local', rule, 'allow'))['decision'] === 'allow', false);
      }),
      { numRuns: RUNS },
    );
  });

  test('9: removing a local allow never adds an allow in a governed domain', () => {
    fc.assert(
      fc.property(caseAndRule, fc.boolean(), ([input, rule], delegated) => {
        const without = { ...input, governed: BOTH_GOVERNED, ...(delegated ? { delegated: BOTH_GOVERNED } : {}) };
        if (isAllowed(without)) assert.ok(isAllowed(withRule(without, 'local', rule, 'allow')));
      }),
      { numRuns: RUNS },
    );
  });

  test('9: a local deny either decides or leaves the answer exactly as it is without it', () => {
    fc.assert(
      fc.property(caseAndRule, ([input, rule]) => {
        const without = evaluate(input);
        const answer = evaluate(withRule(input, 'local', rule, 'deny'));
        const decides = isRaw(answer['rule']) && answer['rule']['id'] === 'added';
        if (decides) assert.equal(answer['code'], 'local_deny');
        else assert.deepEqual(gist(answer), gist(without));
      }),
      { numRuns: RUNS },
    );
  });
});

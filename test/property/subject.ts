/** The evaluator under test, reached as everybody reaches it: a line in, a line out. */
import { askerOf, policySetOf, readEvalCase } from '../../src/eval/eval-case.ts';
import { evaluateLine } from '../../src/eval/eval-line.ts';
import { compile, decide, readRequest, ttlAt, withReal } from '../../src/policy/index.ts';
import { evaluateReference, namesBuiltin, type ReferenceAnswer } from './reference.ts';
import { isRaw, type Raw } from './reference-rules.ts';

export type Evaluate = (input: Raw) => Raw;

/** The core below that, for many requests to one case: compiled once. Throws where a request is none. */
export function prepareSubject(input: Raw): (request: Raw) => Raw {
  const reading = readEvalCase({ ...input, request: {} });
  if (reading.kind !== 'case') throw new Error(reading.message);
  const policy = compile(policySetOf(reading.case, { links: new Map(), foldingMounts: [] }));
  const snapshot = { policy, generation: 1, ttlMs: ttlAt(policy, reading.case.now) };
  const asker = { uid: askerOf(reading.case) };
  return (value) => {
    const asked = readRequest(value);
    if (asked.kind !== 'request') throw new Error(asked.message);
    const { request } = asked;
    const pending = request.kind === 'filesystem' && request.real.kind === 'pending';
    return {
      ...decide(snapshot, pending ? withReal(request, { kind: 'real', real: request.lexical }) : request, asker),
    };
  };
}

export const evaluate: Evaluate = (input) =>
  JSON.parse(evaluateLine(JSON.stringify(input), { strict: false, fs: false })) as Raw;

/** How many cases each property tries. */
export const RUNS = Math.max(10_000, Number(process.env['REEVE_RUNS'] ?? 0) || 0);

/** Codes whose determining rule both sides must name alike. */
const NAMED = ['org_allow', 'local_allow', 'preset_allow', 'org_deny', 'local_deny', 'approval_required'];

function sameRule(answer: Raw, expected: ReferenceAnswer): boolean {
  const rule = answer['rule'];
  if (!NAMED.includes(expected.code)) return true;
  if (!isRaw(rule) || expected.rule === null) return false;
  const { id, policy, origin, resource } = expected.rule;
  return rule['id'] === id && rule['policy'] === policy && rule['origin'] === origin && rule['resource'] === resource;
}

function asksAboutNothing(input: Raw): boolean {
  const request = input['request'];
  return isRaw(request) && (request['host'] ?? request['ip']) === undefined && request['path'] === undefined;
}

/** What is wrong with an answer by the reference's lights; null = nothing. */
export function difference(input: Raw, answer: Raw, expected = evaluateReference(input)): string | null {
  const { decision, code, resolvedPath, ipChecked } = expected;
  if (isRaw(answer['error'])) return asksAboutNothing(input) ? null : `an error where ${code} was expected`;
  if (answer['code'] === 'builtin_deny' && code !== 'builtin_deny') {
    // which of its own files an installation protects is its own affair; that they are in the way is not
    return namesBuiltin(input, answer['rule']) ? null : 'a builtin deny that does not meet the path';
  }
  if (answer['decision'] !== decision || answer['code'] !== code) {
    return `${String(answer['code'])} where ${code} was expected`;
  }
  if (!sameRule(answer, expected)) return `another determining rule than ${JSON.stringify(expected.rule)}`;
  if ((answer['resolved_path'] ?? null) !== resolvedPath) return `another path than ${String(resolvedPath)}`;
  if (code !== 'invalid_request' && (answer['ip_checked'] === false) === ipChecked) return 'another ip_checked';
  return null;
}

import { compile } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import { literalPrefixes } from '../policy/literal-prefixes.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { FilesystemRequest, Request, RequestReading } from '../policy/request.ts';
import { readRequest, withReal } from '../policy/request.ts';
import { readRule } from '../policy/rule.ts';
import { isObject, type RuleAuthor } from '../policy/rule-shape.ts';
import { type Snapshot, ttlAt } from '../policy/snapshot.ts';
import { resolveLiteralPrefixes } from '../realpath/literal-prefix.ts';
import { readFoldingMounts } from '../realpath/mounts.ts';
import { walkPath } from '../realpath/walk.ts';
import { parseStrictJsonText } from '../schema/strict-json.ts';
import { askerOf, type DiskFacts, type EvalCase, policySetOf, readEvalCase } from './eval-case.ts';

export interface EvalOptions {
  /** A rule that would be refused when written makes the line an error. */
  readonly strict: boolean;
  /** Resolve paths and rule prefixes on this machine's disk, as the daemon does; otherwise the disk is not touched. */
  readonly fs: boolean;
}

/** What would have been refused when written; `resource` is absent where the whole rule is meant. */
export interface EvalWarning {
  readonly rule: string;
  readonly resource?: string;
  readonly message: string;
}

interface Judged {
  readonly refused: boolean;
  readonly warning: EvalWarning;
}

interface Prepared {
  readonly key: string;
  readonly snapshot: Snapshot;
  readonly warnings: readonly EvalWarning[];
  readonly refused: boolean;
}

/** Judges lines one after the other; a policy set that repeats from line to line is compiled once. */
export function createEvaluator(options: EvalOptions): (line: string) => string {
  let last: Prepared | null = null;
  return (line) => {
    const parsed = parseStrictJsonText(line);
    if (parsed.kind === 'error') return failure({}, 'invalid_case', parsed.message);
    const reading = readEvalCase(parsed.value);
    if (reading.kind === 'no_case') return failure(echoOf(reading.id), 'invalid_case', reading.message);
    const key = options.fs ? '' : keyOf(parsed.value);
    const prepared: Prepared =
      last !== null && !options.fs && last.key === key ? last : prepare(reading.case, key, options);
    last = prepared;
    return answerLine(reading.case, prepared, options);
  };
}

/** One line in, one line out, without the memory of other lines. */
export function evaluateLine(line: string, options: EvalOptions): string {
  return createEvaluator(options)(line);
}

function answerLine(value: EvalCase, prepared: Prepared, options: EvalOptions): string {
  const echo = echoOf(value.id);
  if (options.strict && prepared.refused) {
    const [first] = prepared.warnings;
    const place = first?.resource === undefined ? '' : ` resource \`${first.resource}\`:`;
    return failure(echo, 'invalid_rule', `rule \`${first?.rule ?? ''}\`:${place} ${first?.message ?? ''}`);
  }
  const reading = readRequest(value.request);
  if (reading.kind === 'not_a_request') return failure(echo, 'invalid_request', reading.message);
  const answer = decide(prepared.snapshot, resolved(reading, options), { uid: askerOf(value) });
  const warnings = prepared.warnings.length === 0 ? {} : { warnings: prepared.warnings };
  return JSON.stringify({ ...echo, ...answer, ...warnings });
}

function resolved({ request }: RequestReading & { kind: 'request' }, options: EvalOptions): Request {
  if (request.kind !== 'filesystem' || request.real.kind !== 'pending') return request;
  return withReal(request, options.fs ? walkPath(request.sent) : lexically(request));
}

/** Without the disk a path counts as resolved. */
function lexically(request: FilesystemRequest): { kind: 'real'; real: string } {
  return { kind: 'real', real: request.lexical };
}

function prepare(value: EvalCase, key: string, options: EvalOptions): Prepared {
  const bare = policySetOf(value, { links: new Map(), foldingMounts: [] });
  const set = options.fs ? policySetOf(value, diskFactsFor(bare)) : bare;
  const policy = compile(set);
  const warnings = [
    ...issuesOf(value.org, 'org'),
    ...value.policies.flatMap(policyIssues),
    ...issuesOf(value.local, 'local'),
  ];
  return {
    key,
    snapshot: { policy, generation: 1, ttlMs: ttlAt(policy, value.now) },
    warnings: warnings.map(({ warning }) => warning),
    refused: warnings.some(({ refused }) => refused),
  };
}

function diskFactsFor(set: PolicySet): DiskFacts {
  return { links: resolveLiteralPrefixes(literalPrefixes(set)), foldingMounts: readFoldingMounts() };
}

function policyIssues(policy: unknown): Judged[] {
  const allowlist = isObject(policy) ? policy['allowlist_v0'] : undefined;
  const rules: unknown = isObject(allowlist) ? allowlist['rules'] : undefined;
  return Array.isArray(rules) ? issuesOf(rules, 'org') : [];
}

function issuesOf(rules: readonly unknown[], author: RuleAuthor): Judged[] {
  return rules.flatMap((raw, position) => {
    const reading = readRule(raw, author, position);
    return reading.issues.map(({ refused, ...issue }) => ({ refused, warning: { rule: reading.head.id, ...issue } }));
  });
}

/** Everything of a line but its id and its request. */
function keyOf(line: unknown): string {
  return isObject(line) ? JSON.stringify({ ...line, id: undefined, request: undefined }) : '';
}

function echoOf(id: string | number | undefined): { id?: string | number } {
  return id === undefined ? {} : { id };
}

function failure(echo: { id?: string | number }, code: string, message: string): string {
  return JSON.stringify({ ...echo, error: { code, message } });
}

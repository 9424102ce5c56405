import type { Compilation } from '../policy/compilation.ts';
import { compile, type Reuse } from '../policy/compile.ts';
import { decide } from '../policy/decide.ts';
import type { FilesystemRequest, Request, RequestReading } from '../policy/request.ts';
import { readRequest, withReal } from '../policy/request.ts';
import { isObject } from '../policy/rule-shape.ts';
import { type Section } from '../policy/section.ts';
import { type PlacedIssue, type Snapshot, ttlAt } from '../policy/snapshot.ts';
import { resolveLiteralPrefixes } from '../realpath/literal-prefix.ts';
import { readFoldingMounts } from '../realpath/mounts.ts';
import { walkPath } from '../realpath/walk.ts';
import { parseStrictJsonText } from '../schema/strict-json.ts';
import { askerOf, type EvalCase, policySetOf, readEvalCase } from './eval-case.ts';

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

interface Prepared {
  /** Equal keys mean equal policy sets; null = can stand for no other line. */
  readonly key: string | null;
  /** The time at which it was judged what takes part. */
  readonly now: number;
  readonly snapshot: Omit<Snapshot, 'ttlMs'>;
  readonly warnings: readonly EvalWarning[];
  /** The first that would be refused when written. */
  readonly refused: EvalWarning | null;
}

/** Judges lines one after the other; a policy set that repeats from line to line is compiled once. */
export function createEvaluator(options: EvalOptions): (line: string) => string {
  let last: Prepared | null = null;
  const reuse = createReuse();
  return (line) => {
    const parsed = parseStrictJsonText(line);
    if (parsed.kind === 'error') return failure({}, 'invalid_case', parsed.message);
    const reading = readEvalCase(parsed.value);
    if (reading.kind === 'no_case') return failure(echoOf(reading.id), 'invalid_case', reading.message);
    const key = options.fs ? null : keyOf(parsed.value);
    const prepared = stillHolds(last, key, reading.case.now) ? last : prepare(reading.case, key, options, reuse);
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
  if (options.strict && prepared.refused !== null) {
    const { rule, resource, message } = prepared.refused;
    const place = resource === undefined ? '' : ` resource \`${resource}\`:`;
    return failure(echo, 'invalid_rule', `rule \`${rule}\`:${place} ${message}`);
  }
  const reading = readRequest(value.request);
  if (reading.kind === 'not_a_request') return failure(echo, 'invalid_request', reading.message);
  const snapshot = { ...prepared.snapshot, ttlMs: ttlAt(prepared.snapshot.policy, value.now) };
  const answer = decide(snapshot, resolved(reading, options), { uid: askerOf(value) });
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

function prepare(value: EvalCase, key: string | null, options: EvalOptions, reuse: Reuse): Prepared {
  const policy = compiled(value, options, reuse);
  const refused = policy.issues.find((issue) => issue.refused);
  return {
    key,
    now: value.now,
    snapshot: { policy, generation: 1 },
    warnings: policy.issues.map(warningOf),
    refused: refused === undefined ? null : warningOf(refused),
  };
}

function compiled(value: EvalCase, options: EvalOptions, reuse: Reuse): Compilation {
  const policy = compile(policySetOf(value, { links: new Map(), foldingMounts: [] }), { reuse, unlisted: true });
  if (!options.fs) return policy;
  const links = resolveLiteralPrefixes(policy.literalPrefixes);
  return compile(policySetOf(value, { links, foldingMounts: readFoldingMounts() }), { reuse, unlisted: true });
}

function warningOf({ rule, resource, message }: PlacedIssue): EvalWarning {
  return { rule, ...(resource === undefined ? {} : { resource }), message };
}

/** Keeps the sections that repeat from line to line; a stream that makes too many of them starts anew. */
function createReuse(): Reuse {
  const kept = new Map<string, Section>();
  return (key, make) => {
    const found = kept.get(key);
    if (found !== undefined) return found;
    const section = make();
    if (kept.size >= MAX_KEPT_SECTIONS) kept.clear();
    kept.set(key, section);
    return section;
  };
}

const MAX_KEPT_SECTIONS = 64;

/** A line without `now` is judged by the clock, and a stream of lines may outlive a policy's validity. */
function stillHolds(last: Prepared | null, key: string | null, now: number): last is Prepared {
  if (last === null || key === null || last.key !== key) return false;
  const { nextChange } = last.snapshot.policy;
  return nextChange === null || (last.now <= now && now < nextChange);
}

/** Everything of a line but its id and its request. */
function keyOf(line: unknown): string | null {
  if (!isObject(line)) return null;
  const key = JSON.stringify({ ...line, id: undefined, request: undefined });
  // a number too large for a double is written as `null`, and does not mean what `null` means
  return key.includes('null') && holdsInfinity(line) ? null : key;
}

function holdsInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsInfinity);
}

function echoOf(id: string | number | undefined): { id?: string | number } {
  return id === undefined ? {} : { id };
}

function failure(echo: { id?: string | number }, code: string, message: string): string {
  return JSON.stringify({ ...echo, error: { code, message } });
}

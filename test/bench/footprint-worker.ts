import { publicationOf } from '../../src/daemon/policy/policy-report.ts';
import { withSharedArrays } from '../../src/pdp/shared-arrays.ts';
import { compile } from '../../src/policy/compile.ts';
import { decideText } from '../../src/policy/decide.ts';
import { readRequest } from '../../src/policy/request.ts';
import type { CompiledPolicy, Snapshot } from '../../src/policy/snapshot.ts';
import { emptySet } from '../support/policy-sets.ts';
import { type GeneratedRule, generateQuestions, generateRules, policiesOf } from './policy-generator.ts';

export interface IndexSize {
  readonly rules: number;
  /** The memory behind all typed arrays, whole, whether threads share it or not. */
  readonly arrayBytes: number;
  /** Everything else that came across. */
  readonly heapBytes: number;
  /** What answering keeps besides, once more rules have answered than are kept. */
  readonly keptBytes: number;
  /** Ids, names and resources of the rules, in UTF-8. */
  readonly textBytes: number;
}

// Needs --expose-gc. What is weighed is what crosses to the thread that answers: a clone that shares the arrays.
const collect = (globalThis as { gc?: () => void }).gc;

function heap(): number {
  collect?.();
  collect?.();
  return process.memoryUsage().heapUsed;
}

function published(rules: readonly GeneratedRule[]): CompiledPolicy {
  const compilation = withSharedArrays(compile(emptySet({ policies: policiesOf(rules, 'bench') })));
  return publicationOf(compilation, 'bench').policy;
}

function memoryOf(value: unknown, found = new Set<ArrayBufferLike>()): ReadonlySet<ArrayBufferLike> {
  if (typeof value !== 'object' || value === null) return found;
  if (ArrayBuffer.isView(value)) return found.add(value.buffer);
  const parts: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  for (const part of parts) memoryOf(part, found);
  return found;
}

function answerMuch(policy: CompiledPolicy, rules: readonly GeneratedRule[]): void {
  const snapshot: Snapshot = { policy, generation: 1, ttlMs: 5_000 };
  for (const { request } of generateQuestions(rules, 4 * 8_192)) {
    const reading = readRequest(request);
    if (reading.kind === 'request') decideText(snapshot, reading.request, { uid: null });
  }
}

function weigh(count: number): IndexSize {
  const rules = generateRules(count);
  const original = published(rules);
  const before = heap();
  const policy = structuredClone(original);
  const heapBytes = heap() - before;
  const arrayBytes = [...memoryOf(policy)].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const quiet = heap();
  answerMuch(policy, rules);
  const keptBytes = heap() - quiet;
  const textBytes = rules
    .flatMap(({ id, name, resources }) => [id, name, ...resources])
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { rules: count, arrayBytes, heapBytes, keptBytes, textBytes };
}

process.on('message', () => {
  weigh(100);
  process.send?.(weigh(Number(process.argv[2])));
});

/** Runs one target for a time, and watches what no single check can see: CPU time and memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { openScope, type Scope } from '../support/scope.ts';
import type { Harness } from './harness.ts';

export interface FuzzOptions {
  readonly seconds: number;
  /** Random where absent. */
  readonly seed?: number;
}

export interface FuzzReport {
  readonly name: string;
  readonly runs: number;
  readonly seed: number;
  /** CPU time of the slowest call, in milliseconds. */
  readonly slowestMs: number;
  /** What the second half of the runs left behind, in bytes. */
  readonly heapGrowth: number;
  /** What went wrong, with a test line to keep; null = nothing. */
  readonly failure: string | null;
}

interface Fuzzed<Input> {
  readonly name: string;
  readonly constant: string;
  readonly open: (scope: Scope) => Harness<Input> | Promise<Harness<Input>>;
}

/** Issue 3, 4: no call may take longer, on any input. */
const CPU_LIMIT_MS = 50;
const WORTH_MEASURING_MS = 1;
/** A measurement that was disturbed is taken again; the shortest counts. */
const CPU_ATTEMPTS = 6;
/** What compiled code, caches and the collector's own mood come to; a leak passes it in a long run. */
const HEAP_SLACK_BYTES = 2 * 1024 * 1024;
/** More than this nobody reads. */
const LONGEST_LINE = 4_000;
const UNBOUNDED = 2 ** 31 - 1;

export async function fuzz<Input>(target: Fuzzed<Input>, options: FuzzOptions): Promise<FuzzReport> {
  const seed = options.seed ?? Math.trunc(Math.random() * 2 ** 31);
  const scope = openScope();
  try {
    return await observe(target, await target.open(scope), { ...options, seed });
  } finally {
    await scope.close();
  }
}

async function observe<Input>(
  target: Fuzzed<Input>,
  harness: Harness<Input>,
  { seconds, seed }: Required<FuzzOptions>,
): Promise<FuzzReport> {
  const watch = { slowestMs: 0 };
  const half = { ms: seconds * 500, runs: UNBOUNDED };
  const first = await search(harness, watch, { ...half, seed });
  const report = { name: target.name, seed, runs: first.numRuns, heapGrowth: 0 };
  if (first.failed) return { ...report, slowestMs: watch.slowestMs, failure: describeFailure(target, first) };
  const repeat = { ms: seconds * 2_000, runs: Math.max(1, first.numRuns) };
  let before = await heapAfterCollection();
  // growth counts only when it goes on: caches fill once, a leak never ends
  for (let attempt = 1; ; attempt += 1) {
    const next = await search(harness, watch, { ...repeat, seed: seed + attempt });
    const runs = report.runs + next.numRuns;
    if (next.failed) return { ...report, runs, slowestMs: watch.slowestMs, failure: describeFailure(target, next) };
    const after = await heapAfterCollection();
    const heapGrowth = after - before;
    const result = { ...report, runs, heapGrowth, slowestMs: watch.slowestMs };
    if (heapGrowth <= HEAP_SLACK_BYTES) return { ...result, failure: null };
    if (attempt === 4) {
      return { ...result, failure: `${target.name}: ${heapGrowth} bytes stay behind for each ${next.numRuns} runs` };
    }
    before = after;
  }
}

interface Bounds {
  readonly ms: number;
  readonly runs: number;
  readonly seed: number;
}

async function search<Input>(
  { inputs, check }: Harness<Input>,
  watch: { slowestMs: number },
  { ms, runs, seed }: Bounds,
): Promise<fc.RunDetails<[Input]>> {
  const property = fc.asyncProperty(inputs, async (input) => {
    const started = performance.now();
    await check(input);
    // thread time never exceeds the time that passed, so only what took long has to be measured again
    if (performance.now() - started > Math.max(WORTH_MEASURING_MS, watch.slowestMs)) {
      watch.slowestMs = Math.max(watch.slowestMs, await cpuTime(check, input, watch.slowestMs));
      if (watch.slowestMs > CPU_LIMIT_MS) throw new Error(`one call took ${watch.slowestMs.toFixed(1)} ms of CPU`);
    }
  });
  return fc.check(property, {
    seed,
    numRuns: runs,
    interruptAfterTimeLimit: ms,
    markInterruptAsFailure: false,
    endOnFailure: false,
  });
}

/** The least CPU time of several calls; stops as soon as one is not above `enough`. */
async function cpuTime<Input>(check: Harness<Input>['check'], input: Input, enough: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < CPU_ATTEMPTS && least > enough; attempt += 1) {
    const before = process.threadCpuUsage();
    await check(input);
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

let collect: (() => void) | null = null;

async function heapAfterCollection(): Promise<number> {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  // what is closing finishes first
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function describeFailure<Input>(
  { name, constant }: Fuzzed<Input>,
  { counterexample, errorInstance, seed, counterexamplePath }: fc.RunDetails<[Input]>,
): string {
  const input = JSON.stringify(counterexample ?? []).slice(1, -1);
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return [
    `${name}: ${why}`,
    `seed ${seed}, path ${counterexamplePath ?? ''}; to keep it, add to test/fuzz/found.test.ts:`,
    input.length > LONGEST_LINE
      ? `  (${input.length} characters of input: see it with --seed ${seed})`
      : `  test('${name}: found by a fuzzer', (t) => holds(t, ${constant}, ${input}));`,
  ].join('\n');
}

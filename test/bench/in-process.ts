import type { Bench } from './bench.ts';
import type { EngineLoaded, EngineRequest, EngineSlice } from './engine-protocol.ts';
import { atLeast, atMost, type Row } from './goals.ts';
import { startWorker, type Worker } from './processes.ts';
import { median, medianRatio } from './quantiles.ts';

const SIZES = [100, 1_000, 10_000, 100_000] as const;
export type Size = (typeof SIZES)[number];

/** Against the scan: the recommended goal, and issue 3's. */
const SCAN_BARS: Readonly<Record<Size, readonly [number, number]>> = {
  100: [8, 10],
  1_000: [100, 120],
  10_000: [3_000, 4_000],
  100_000: [40_000, 50_000],
};

/** The scan takes milliseconds for each at many rules. */
const CHECKS: Readonly<Record<Size, number>> = { 100: 4_096, 1_000: 2_048, 10_000: 512, 100_000: 32 };

export interface Lane {
  readonly name: string;
  readonly worker: Worker;
  /** Nanoseconds a decision, one entry a round. */
  readonly rounds: number[];
}

/** G1 and G2: our engine at all sizes and the scan, each in its own process, in turns. */
export async function inProcess(bench: Bench): Promise<readonly Row[]> {
  const lanes: Lane[] = [];
  try {
    for (const size of SIZES) {
      const scanned = isScanned(bench, size);
      bench.progress(`engine and scan at ${size} rules: load, and compare what they answer`);
      const checks = scanned ? CHECKS[size] : 0;
      lanes.push(await openLane({ name: 'ours', file: 'engine-worker.ts', args: [], checks }, size));
      if (scanned)
        lanes.push(await openLane({ name: 'scan', file: 'peers/scan-worker.ts', args: [], checks: 0 }, size));
    }
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.progress(`engine and scan, round ${round + 1}`);
      await measureRound(lanes, bench.quick ? 2 : 4);
    }
  } finally {
    await Promise.all(lanes.map(({ worker }) => worker.stop()));
  }
  const rounds: Rounds = (name, size) => roundsOf(lanes, name, size);
  const scanned = SIZES.filter((size) => isScanned(bench, size));
  return [flatness(rounds), ...scanned.map((size) => againstScan(rounds, size))];
}

/** Ten seconds only to load it. */
function isScanned({ quick }: Bench, size: Size): boolean {
  return !quick || size < 100_000;
}

export function roundsOf(lanes: readonly Lane[], name: string, size: Size): readonly number[] {
  return lanes.find((lane) => lane.name === `${name} ${size}`)?.rounds ?? [];
}

type Rounds = (name: string, size: Size) => readonly number[];

function flatness(rounds: Rounds): Row {
  return {
    kind: 'measured',
    goal: 'G1',
    what: 'read and decide, mixed: 100,000 rules against 100',
    ours: time(median(rounds('ours', 100_000))),
    against: `ours at 100: ${time(median(rounds('ours', 100)))}`,
    figure: medianRatio(rounds('ours', 100_000), rounds('ours', 100)),
    goalBar: atMost(3),
    beatBar: atMost(2.5),
  };
}

function againstScan(rounds: Rounds, size: Size): Row {
  const [goal, beat] = SCAN_BARS[size];
  return {
    kind: 'measured',
    goal: 'G2',
    what: `times faster than a scan, ${size.toLocaleString('en')} rules`,
    ours: time(median(rounds('ours', size))),
    against: `picomatch + ipaddr.js: ${time(median(rounds('scan', size)))}`,
    figure: medianRatio(rounds('scan', size), rounds('ours', size)),
    goalBar: atLeast(goal),
    beatBar: atLeast(beat),
  };
}

export interface EngineFile {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** How many answers are compared with the scan's. */
  readonly checks: number;
}

/** A process with a loaded and warm engine. Throws where it answers otherwise than the scan. */
export async function openLane({ name, file, args, checks }: EngineFile, size: Size): Promise<Lane> {
  const worker = startWorker(file, args);
  try {
    const loaded = await worker.ask<EngineLoaded>({ kind: 'load', rules: size, checks } satisfies EngineRequest);
    if (loaded.failed !== undefined) throw new Error(`${name} at ${size} rules: ${loaded.failed}`);
    if (loaded.wrong.length > 0) {
      const examples = loaded.wrong.slice(0, 3).join('; ');
      throw new Error(`${name} and the scan disagree on ${loaded.wrong.length} of ${checks} questions: ${examples}`);
    }
    await warmUp(worker);
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return { name: `${name} ${size}`, worker, rounds: [] };
}

/** Milliseconds from the rules to the first answer in a process that has done nothing before. */
export async function loadTime(file: string, args: readonly string[], size: Size): Promise<number> {
  const worker = startWorker(file, args);
  try {
    const loaded = await worker.ask<EngineLoaded>({ kind: 'load', rules: size, checks: 0 } satisfies EngineRequest);
    if (loaded.failed !== undefined) throw new Error(loaded.failed);
    return loaded.loadMs;
  } finally {
    await worker.stop();
  }
}

/** Until the compiler has seen enough of it, or enough time has passed. */
async function warmUp(worker: Worker): Promise<void> {
  let decisions = 0;
  for (let slice = 0; slice < 5 && decisions < 300_000; slice += 1) {
    decisions += (await worker.ask<EngineSlice>({ kind: 'slice', ms: 200 } satisfies EngineRequest)).decisions;
  }
}

export async function measureRound(lanes: readonly Lane[], slices: number): Promise<void> {
  const sums = lanes.map(() => ({ decisions: 0, ms: 0 }));
  for (let slice = 0; slice < slices; slice += 1) {
    const order = [...lanes.entries()];
    for (const [index, lane] of slice % 2 === 0 ? order : order.toReversed()) {
      const { decisions, ms } = await lane.worker.ask<EngineSlice>({ kind: 'slice', ms: 60 } satisfies EngineRequest);
      const sum = sums[index];
      if (sum === undefined) continue;
      sum.decisions += decisions;
      sum.ms += ms;
    }
  }
  for (const [index, { decisions, ms }] of sums.entries()) lanes[index]?.rounds.push((ms * 1e6) / decisions);
}

export function time(ns: number): string {
  if (ns < 1_000) return `${ns.toFixed(0)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} us`;
  return `${(ns / 1e6).toFixed(1)} ms`;
}

import type { Bench } from './bench.ts';
import type { EngineLoaded, EngineRequest, EngineSlice } from './engine-protocol.ts';
import { atLeast, atMost, type Row } from './goals.ts';
import { startWorker, type Worker } from './processes.ts';
import { median, medianRatio } from './quantiles.ts';

export const SIZES = [100, 1_000, 10_000, 100_000] as const;
type Size = (typeof SIZES)[number];

/** Against the scan: the recommended goal, and issue 3's. */
const SCAN_BARS: Readonly<Record<Size, readonly [number, number]>> = {
  100: [8, 10],
  1_000: [100, 120],
  10_000: [3_000, 4_000],
  100_000: [40_000, 50_000],
};

/** The scan takes milliseconds for each at many rules. */
const CHECKS: Readonly<Record<Size, number>> = { 100: 4_096, 1_000: 2_048, 10_000: 512, 100_000: 32 };

interface Lane {
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
      bench.progress(`engine and scan at ${size} rules: load, and compare what they answer`);
      lanes.push(await openLane('ours', 'engine-worker.ts', size));
      lanes.push(await openLane('scan', 'peers/scan-worker.ts', size));
    }
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.progress(`engine and scan, round ${round + 1}`);
      await measureRound(lanes, bench.quick ? 2 : 4);
    }
  } finally {
    await Promise.all(lanes.map(({ worker }) => worker.stop()));
  }
  const rounds = (name: string, size: Size): readonly number[] =>
    lanes.find((lane) => lane.name === `${name} ${size}`)?.rounds ?? [];
  return [flatness(rounds), ...SIZES.map((size) => againstScan(rounds, size))];
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
    gateBar: atMost(6),
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

async function openLane(engine: string, file: string, size: Size): Promise<Lane> {
  const worker = startWorker(file);
  const checks = engine === 'ours' ? CHECKS[size] : 0;
  const loaded = await worker.ask<EngineLoaded>({ kind: 'load', rules: size, checks } satisfies EngineRequest);
  if (loaded.failed !== undefined) throw new Error(`${engine} at ${size} rules: ${loaded.failed}`);
  if (loaded.wrong.length > 0) {
    throw new Error(`${engine} and the scan disagree at ${size} rules: ${loaded.wrong.slice(0, 3).join('; ')}`);
  }
  await warmUp(worker);
  return { name: `${engine} ${size}`, worker, rounds: [] };
}

/** Until the compiler has seen enough of it, or enough time has passed. */
async function warmUp(worker: Worker): Promise<void> {
  let decisions = 0;
  for (let slice = 0; slice < 10 && decisions < 300_000; slice += 1) {
    decisions += (await worker.ask<EngineSlice>({ kind: 'slice', ms: 200 } satisfies EngineRequest)).decisions;
  }
}

async function measureRound(lanes: readonly Lane[], slices: number): Promise<void> {
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

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import type { IndexSize } from './footprint-worker.ts';
import { atMost, type Row } from './goals.ts';
import { bareNode, prepareMachine, startDaemon } from './machine.ts';
import { generateRules } from './policy-generator.ts';
import { startServer, startWorker } from './processes.ts';
import { median } from './quantiles.ts';

const RSS_BARS: Readonly<Record<number, number>> = { 10_000: 30, 100_000: 110 };

/** G13: what the daemon keeps in memory. */
export async function footprint(bench: Bench): Promise<readonly Row[]> {
  bench.progress('memory');
  return [await indexSize(), ...(await residents(bench))];
}

async function indexSize(): Promise<Row> {
  const worker = startWorker('footprint-worker.ts', ['100000'], { execArgv: ['--expose-gc'] });
  try {
    const { bytes, textBytes, rules } = await worker.ask<IndexSize>({});
    return {
      kind: 'measured',
      goal: 'G13',
      what: 'compiled policy without its texts, a rule, of 100,000',
      ours: `${(bytes / 1e6).toFixed(1)} MB in all`,
      against: `texts: ${(textBytes / 1e6).toFixed(1)} MB`,
      figure: (bytes - textBytes) / rules,
      goalBar: atMost(200, 'B'),
      beatBar: atMost(200, 'B'),
    };
  } finally {
    await worker.stop();
  }
}

async function residents(bench: Bench): Promise<readonly Row[]> {
  if (process.platform !== 'linux') {
    return [{ kind: 'skipped', goal: 'G13', what: 'resident memory', reason: 'read from /proc, which is not here' }];
  }
  const found = new Map<string, number[]>();
  const keep = (name: string, value: number): void => void found.set(name, [...(found.get(name) ?? []), value]);
  for (let round = 0; round < (bench.quick ? 1 : 3); round += 1) {
    const path = join(bench.directory, `bare${round}.sock`);
    const bare = await startServer(bareNode(path), { kind: 'unix', path });
    keep('bare', await settledMegabytes(bare.pid));
    await bare.stop();
    for (const size of Object.keys(RSS_BARS).map(Number)) {
      const machine = prepareMachine(join(bench.directory, `m${size}-${round}`), generateRules(size));
      const daemon = await startDaemon(machine);
      keep(`${size}`, await settledMegabytes(daemon.pid));
      await daemon.stop();
    }
  }
  const bare = median(found.get('bare') ?? []);
  return Object.entries(RSS_BARS).map(([size, bar]) => {
    const ours = median(found.get(size) ?? []);
    return {
      kind: 'measured',
      goal: 'G13',
      what: `resident memory above bare Node, ${Number(size).toLocaleString('en')} rules`,
      ours: `${ours.toFixed(0)} MB`,
      against: `bare Node: ${bare.toFixed(0)} MB`,
      figure: ours - bare,
      goalBar: atMost(bar, 'MB'),
      beatBar: null,
    };
  });
}

/** A start leaves garbage behind; what counts is what stays. */
const SETTLE_MS = 1_500;

/** NaN where there is no /proc. */
export async function settledMegabytes(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  if (process.platform !== 'linux') return Number.NaN;
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

import { readFileSync } from 'node:fs';
import type { Bench } from './bench.ts';
import type { IndexSize } from './footprint-worker.ts';
import { atMost, type Row } from './goals.ts';
import { startWorker } from './processes.ts';

/** G13: what a compiled policy takes in the thread that answers, shared memory and all. */
export async function indexSize(bench: Bench): Promise<readonly Row[]> {
  bench.progress('memory');
  const worker = startWorker('footprint-worker.ts', ['100000'], { execArgv: ['--expose-gc'] });
  try {
    const { arrayBytes, heapBytes, keptBytes, textBytes, rules } = await worker.ask<IndexSize>({});
    return [
      {
        kind: 'measured',
        goal: 'G13',
        what: 'compiled policy without the texts of its rules, a rule, of 100,000',
        ours: `${megabytes(arrayBytes)} in arrays, ${megabytes(heapBytes)} beside them`,
        against: `texts: ${megabytes(textBytes)}`,
        figure: (arrayBytes + heapBytes - textBytes) / rules,
        goalBar: atMost(200, 'B'),
        beatBar: atMost(200, 'B'),
        note: `answering keeps up to ${megabytes(keptBytes)} more, however many rules there are`,
      },
    ];
  } finally {
    await worker.stop();
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A start leaves garbage behind; what counts is what stays. */
const SETTLE_MS = 1_500;

/** NaN where there is no /proc. */
export async function settledMegabytes(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  if (process.platform !== 'linux') return Number.NaN;
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

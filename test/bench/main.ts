// `npm run bench`: every goal with its floor or peer, measured in turns in one run. Prints one table, and writes
// docs/benchmarks.md. `-- --quick` takes under two minutes, `-- --gate` judges the ratios to the floors alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import type { Row } from './goals.ts';
import { inProcess } from './in-process.ts';
import { pipelinedSocket, sequentialSocket, startServers } from './sockets.ts';
import { plainTable } from './table.ts';

const quick = process.argv.includes('--quick');
const directory = mkdtempSync(join(tmpdir(), 'reeve-bench-'));
const bench: Bench = {
  rounds: quick ? 3 : 5,
  quick,
  directory,
  progress: (what) => process.stderr.write(`bench: ${what}\n`),
};

try {
  const rows: Row[] = [];
  rows.push(...(await inProcess(bench)));
  const servers = await startServers(bench);
  try {
    rows.push(...(await sequentialSocket(bench, servers)), ...(await pipelinedSocket(bench, servers)));
  } finally {
    await servers.close();
  }
  process.stdout.write(`${plainTable(rows)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

import { activationCost } from './activation.ts';
import type { Bench } from './bench.ts';
import { barText, figureText, holds, type Row } from './goals.ts';
import { httpAdaptor } from './http.ts';
import { pipelinedSocket, sequentialSocket, startServers } from './sockets.ts';

/** What a machine that others use as well can hold without crying wolf: ratios to floors of the same minute. */
export async function gateRows(bench: Bench): Promise<readonly Row[]> {
  const servers = await startServers(bench);
  try {
    const rows = [
      ...(await pipelinedSocket(bench, servers)),
      ...(await sequentialSocket(bench, servers)),
      ...(await httpAdaptor(bench, servers)),
    ];
    return [...rows, ...(await activationCost(bench, 10_000))].filter(isGated);
  } finally {
    await servers.close();
  }
}

function isGated(row: Row): boolean {
  return row.kind === 'skipped' || row.gateBar !== undefined;
}

/** The exit code. */
export function judgeGate(rows: readonly Row[]): number {
  const broken = rows.filter(
    (row) => row.kind === 'measured' && row.gateBar !== undefined && !holds(row.gateBar, row.figure),
  );
  for (const row of broken) {
    if (row.kind === 'measured')
      process.stdout.write(`gate: ${row.what}: ${figureText(row)}, and ${barText(row.gateBar ?? null)} must hold\n`);
  }
  process.stdout.write(`gate: ${rows.length - broken.length} of ${rows.length} hold\n`);
  return broken.length === 0 ? 0 : 1;
}

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
  const judged = rows.map((row) => {
    if (row.kind === 'skipped') return { holding: false, text: `${row.what}: ${row.reason}` };
    const holding = row.gateBar === undefined || holds(row.gateBar, row.figure);
    return { holding, text: `${row.what}: ${figureText(row)}, ${barText(row.gateBar ?? null)} has to hold` };
  });
  for (const { holding, text } of judged) process.stdout.write(`gate: ${holding ? 'ok    ' : 'FAILED'} ${text}\n`);
  return judged.every(({ holding }) => holding) ? 0 : 1;
}

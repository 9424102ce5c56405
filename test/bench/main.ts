// `npm run bench`: every goal with its floor or peer, measured in turns in one run. Prints one table, and writes
// docs/benchmarks.md. `-- --quick` takes less than two minutes on 2 cores and writes nothing; `-- --gate` holds the
// ratios to the floors, with slack for a machine that others use as well, and fails where one does not hold;
// `-- --profile` shows where the time of an answer goes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activationCost, stall } from './activation.ts';
import type { Bench } from './bench.ts';
import { build } from './built-program.ts';
import { coldStart } from './cold-start.ts';
import { decisionLog } from './decision-log.ts';
import { indexSize } from './footprint.ts';
import { gateRows, judgeGate } from './gate.ts';
import type { Row } from './goals.ts';
import { httpAdaptor } from './http.ts';
import { inProcess } from './in-process.ts';
import { peerEngines } from './peer-engines.ts';
import { againstCerbos } from './peer-servers.ts';
import { profiles } from './profile.ts';
import { againstNginx, againstSquid } from './proxies.ts';
import { report, soakSection } from './report.ts';
import { pipelinedSocket, sequentialSocket, startServers } from './sockets.ts';
import { plainTable } from './table.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/benchmarks.md');

async function allRows(bench: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [...(await attempt('G1', 'in-process', () => inProcess(bench)))];
  rows.push(...(await peerRows(bench)));
  rows.push(...(await attempt('G4', 'sockets', () => socketRows(bench))));
  for (const size of bench.quick ? [10_000] : [10_000, 100_000]) {
    rows.push(...(await attempt('G11', 'activation', () => activationCost(bench, size))));
  }
  rows.push(...(await attempt('G12', 'stall', () => stall(bench))));
  rows.push(...(await attempt('G13', 'memory', () => indexSize(bench))));
  rows.push(...(await attempt('G14', 'cold start', () => coldStart(bench))));
  rows.push(...(await attempt('G15', 'decision log', () => decisionLog(bench))));
  return rows.toSorted((a, b) => Number(a.goal.slice(1)) - Number(b.goal.slice(1)));
}

const PEERS = [
  { goal: 'G3', what: 'policy engines in Node', measure: peerEngines },
  { goal: 'G7', what: 'Cerbos', measure: againstCerbos },
  { goal: 'G8', what: 'Squid', measure: againstSquid },
  { goal: 'G9', what: 'nginx', measure: againstNginx },
] as const;

async function peerRows(bench: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { goal, what, measure } of PEERS) {
    if (bench.quick) rows.push({ kind: 'skipped', goal, what, reason: 'peers are left out with --quick' });
    else rows.push(...(await attempt(goal, what, () => measure(bench))));
  }
  return rows;
}

async function socketRows(bench: Bench): Promise<readonly Row[]> {
  const servers = await startServers(bench);
  try {
    const pipelined = await pipelinedSocket(bench, servers);
    return [...pipelined, ...(await sequentialSocket(bench, servers)), ...(await httpAdaptor(bench, servers))];
  } finally {
    await servers.close();
  }
}

/** One family that fails must not cost the others: its row says why. */
async function attempt(goal: string, what: string, measure: () => Promise<readonly Row[]>): Promise<readonly Row[]> {
  try {
    return await measure();
  } catch (error) {
    process.exitCode = 1;
    return [
      { kind: 'skipped', goal, what, reason: `failed: ${error instanceof Error ? error.message : String(error)}` },
    ];
  }
}

const MODES = ['--quick', '--gate', '--profile'] as const;
const [mode, ...more] = process.argv.slice(2);
if (more.length > 0 || !(mode === undefined || (MODES as readonly string[]).includes(mode))) {
  throw new Error(`unknown arguments: there is ${MODES.join(', or ')}`);
}
const short = mode !== undefined;
const directory = mkdtempSync(join(tmpdir(), 'reeve-bench-'));
const bench: Bench = {
  rounds: short ? 3 : 5,
  quick: short,
  gate: mode === '--gate',
  directory,
  progress: (what) => process.stderr.write(`bench: ${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${what}\n`),
};

// also where a signal ends it
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

bench.progress('npm run build');
build();
if (bench.gate) process.exitCode = judgeGate(await gateRows(bench));
else if (mode === '--profile') process.stdout.write(`${await profiles(bench)}\n`);
else {
  const rows = await allRows(bench);
  process.stdout.write(`${plainTable(rows)}\n`);
  if (!bench.quick) {
    const soak = soakSection(readFileSync(DOCUMENT, 'utf8'));
    writeFileSync(DOCUMENT, report(rows, await profiles(bench), soak));
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { settledMegabytes } from './footprint.ts';
import { atMost, type Row } from './goals.ts';
import { time } from './in-process.ts';
import { bareNode, daemonProgram, preparedMachine } from './machine.ts';
import type { Program } from './processes.ts';
import { median } from './quantiles.ts';

const START_DEADLINE_MS = 60_000;

interface Starter {
  readonly name: string;
  readonly socket: string;
  readonly program: Program;
  /** Milliseconds, one entry a round. */
  readonly rounds: number[];
  /** Megabytes that the process keeps. */
  readonly resident: number[];
}

/** Above bare Node: megabytes that may stay resident (G13), milliseconds to the first answer (G14 and issue 3). */
const COLD_GOALS = [
  { size: 10_000, resident: 30, goal: 100, beat: null },
  { size: 100_000, resident: 110, goal: 400, beat: 200 },
] as const;

/** G14, and G13 on the way: from the spawn to the first answer of the stored policy, next to a Node that only echoes. */
export async function coldStart(bench: Bench): Promise<readonly Row[]> {
  const env = { NODE_COMPILE_CACHE: join(bench.directory, 'compiled') };
  const sizes = bench.quick ? [100_000] : [10_000, 100_000];
  const machines = sizes.map((size) => [size, preparedMachine(bench, size)] as const);
  const bare = join(bench.directory, 'cold.sock');
  const starters: readonly Starter[] = [
    { name: 'bare', socket: bare, program: bareNode(bare, env), rounds: [], resident: [] },
    ...machines.map(([size, machine]) => ({
      name: `${size}`,
      socket: machine.socket,
      program: daemonProgram(machine, env),
      rounds: [],
      resident: [],
    })),
  ];
  // once for the compile cache, which a packaged daemon has; sizes do not differ in that
  for (const starter of starters.slice(0, 2)) await firstAnswer(starter, false);
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.progress(`cold start, round ${round + 1}`);
    for (const starter of starters) starter.rounds.push(await firstAnswer(starter, round < (bench.quick ? 1 : 3)));
  }
  const of = (size: number): Starter | undefined => starters.find(({ name }) => name === `${size}`);
  const [bareNodes] = starters;
  return COLD_GOALS.flatMap(({ size, resident, ...bars }) => {
    const ours = of(size);
    if (ours === undefined || bareNodes === undefined) return [];
    return [residentRow(size, ours, bareNodes, resident), coldRow(size, ours.rounds, bareNodes.rounds, bars)];
  });
}

function residentRow(size: number, ours: Starter, bare: Starter, bar: number): Row {
  const what = `resident memory above bare Node, ${size.toLocaleString('en')} rules`;
  const figure = median(ours.resident) - median(bare.resident);
  if (Number.isNaN(figure)) return { kind: 'skipped', goal: 'G13', what, reason: 'read from /proc, which is not here' };
  return {
    kind: 'measured',
    goal: 'G13',
    what,
    ours: `${median(ours.resident).toFixed(0)} MB`,
    against: `bare Node: ${median(bare.resident).toFixed(0)} MB`,
    figure,
    goalBar: atMost(bar, 'MB'),
    beatBar: null,
  };
}

function coldRow(
  size: number,
  ours: readonly number[],
  bare: readonly number[],
  { goal, beat }: { readonly goal: number; readonly beat: number | null },
): Row {
  return {
    kind: 'measured',
    goal: 'G14',
    what: `cold start to the first answer, above bare Node, ${size.toLocaleString('en')} rules`,
    ours: time(median(ours) * 1e6),
    against: `bare Node: ${time(median(bare) * 1e6)}`,
    figure: median(ours.map((value, round) => value - (bare[round] ?? Number.NaN))),
    goalBar: atMost(goal, 'ms'),
    beatBar: beat === null ? null : atMost(beat, 'ms'),
    ...(beat === null ? {} : { note: 'without a decision log beside it, which does not exist yet' }),
  };
}

async function firstAnswer({ socket, program, resident }: Starter, stay: boolean): Promise<number> {
  // left behind by the one before
  rmSync(socket, { force: true });
  const started = performance.now();
  const child = spawn(program.command, program.args, { stdio: 'ignore', env: { ...process.env, ...program.env } });
  const ended = once(child, 'exit');
  try {
    while (!(await answers(socket))) {
      if (child.exitCode !== null) throw new Error(`${program.args.join(' ')} ended before it answered`);
      if (performance.now() - started > START_DEADLINE_MS) throw new Error('no answer in time');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const ms = performance.now() - started;
    if (stay) resident.push(await settledMegabytes(child.pid ?? 0));
    return ms;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

const QUESTION = `${JSON.stringify({ action: 'connect:tcp', host: 'nobody.example', port: 443 })}\n`;

/** Whether something came back; a daemon that has no policy yet does not count. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => socket.write(QUESTION));
    socket.once('error', () => resolve(false));
    socket.once('data', (chunk: Buffer) => {
      resolve(!chunk.includes('not_ready'));
      socket.destroy();
    });
  });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Bench } from './bench.ts';
import { settledMegabytes } from './footprint.ts';
import { atMost, type Bar, type Row } from './goals.ts';
import { time } from './in-process.ts';
import type { LogRequest } from './log-worker.ts';
import { bareNode, daemonProgram, type Machine, prepareMachine } from './machine.ts';
import { generateRules } from './policy-generator.ts';
import { type Program, startWorker } from './processes.ts';
import { median } from './quantiles.ts';

const START_DEADLINE_MS = 60_000;

interface Starter {
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

/** What a daemon has besides its main thread: policy, log, and two that look paths up. */
const THREADS = 4;

/** Bytes that a record takes, with its place in the index. */
const RECORD_BYTES = 600;
/** The log stays as it was made. */
const KEEP_ALL = { decision_log: { max_megabytes: 1_000_000 } };

/** G14, and G13 on the way: from the spawn to the first answer of the stored policy, next to a Node that only echoes. */
export async function coldStart(bench: Bench): Promise<readonly Row[]> {
  const env = { NODE_COMPILE_CACHE: join(bench.directory, 'compiled') };
  const bars = COLD_GOALS.filter(({ size }) => !bench.quick || size === 100_000);
  const machines = bars.map(({ size }) =>
    prepareMachine(join(bench.directory, `cold${size}`), generateRules(size), KEEP_ALL),
  );
  const bare = join(bench.directory, 'cold.sock');
  const bareNodes = starterOf(bare, bareNode(bare, env));
  const threaded = starterOf(bare, bareNode(bare, env, THREADS));
  const daemons = machines.map((machine) => starterOf(machine.socket, daemonProgram(machine, env)));
  // once for the compile cache, and because the first start of all compiles the policy and keeps it
  for (const starter of [bareNodes, ...daemons]) await firstAnswer({ ...starter, resident: [] }, true);
  const log = await plantLog(bench, machines);
  for (let round = 0; round < (bench.quick ? 2 : bench.rounds); round += 1) {
    bench.progress(`cold start, round ${round + 1}`);
    const stay = round < (bench.quick ? 1 : 3);
    bareNodes.rounds.push(await firstAnswer(bareNodes, stay));
    if (stay) await firstAnswer(threaded, stay);
    for (const [index, daemon] of daemons.entries()) {
      log.moveTo(machines[index] as Machine);
      daemon.rounds.push(await firstAnswer(daemon, stay));
    }
  }
  const note = `with a compile cache, and beside a log of ${log.records.toLocaleString('en')} records`;
  return bars.flatMap((bar, index) => {
    const ours = daemons[index] as Starter;
    const resident = { size: bar.size, ours };
    return [
      residentRow(resident, { name: 'bare Node', starter: bareNodes, bar: atMost(bar.resident, 'MB') }),
      residentRow(resident, { name: `a Node with ${THREADS} idle threads`, starter: threaded, bar: null }),
      coldRow(ours, bareNodes, bar, note),
    ];
  });
}

function starterOf(socket: string, program: Program): Starter {
  return { socket, program, rounds: [], resident: [] };
}

interface PlantedLog {
  readonly records: number;
  /** There is one log, and it lies beside the policy of whoever starts. */
  readonly moveTo: (machine: Machine) => void;
}

async function plantLog(bench: Bench, machines: readonly Machine[]): Promise<PlantedLog> {
  let [{ log: path }] = machines as readonly [Machine];
  // what the first starts left behind
  for (const { log } of machines) for (const suffix of LOG_FILES) rmSync(log + suffix, { force: true });
  const { bavail, bsize } = statfsSync(dirname(path));
  const records = Math.min(bench.quick ? 1_000_000 : 10_000_000, Math.floor((bavail * bsize) / 2 / RECORD_BYTES));
  bench.progress(`a decision log of ${records.toLocaleString('en')} records`);
  const worker = startWorker('log-worker.ts');
  try {
    await worker.ask({ path, records } satisfies LogRequest);
  } finally {
    await worker.stop();
  }
  settleOnDisk(path);
  return {
    records,
    moveTo({ log }) {
      if (log === path) return;
      for (const suffix of LOG_FILES) if (existsSync(path + suffix)) renameSync(path + suffix, log + suffix);
      path = log;
    },
  };
}

const LOG_FILES = ['', '-wal', '-shm'];

/** No start has to share the disk with what was written before it. */
function settleOnDisk(path: string): void {
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}

interface Floor {
  readonly name: string;
  readonly starter: Starter;
  readonly bar: Bar | null;
}

function residentRow({ size, ours }: { readonly size: number; readonly ours: Starter }, floor: Floor): Row {
  const what = `resident memory above ${floor.name}, ${size.toLocaleString('en')} rules`;
  const theirs = median(floor.starter.resident);
  const figure = median(ours.resident) - theirs;
  if (Number.isNaN(figure)) return { kind: 'skipped', goal: 'G13', what, reason: 'read from /proc, which is not here' };
  return {
    kind: 'measured',
    goal: 'G13',
    what,
    ours: `${median(ours.resident).toFixed(0)} MB`,
    against: `${floor.name}: ${theirs.toFixed(0)} MB`,
    figure,
    unit: 'MB',
    goalBar: floor.bar,
    beatBar: null,
  };
}

function coldRow(
  { rounds: ours }: Starter,
  { rounds: bare }: Starter,
  { size, goal, beat }: (typeof COLD_GOALS)[number],
  note: string,
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
    note,
  };
}

function firstAnswer({ socket, program, resident }: Starter, stay: boolean): Promise<number> {
  return startToAnswer(socket, program, async (pid) => {
    if (stay) resident.push(await settledMegabytes(pid));
  });
}

/** Milliseconds from the spawn to the first answer; it ends once `answered` has seen it. */
export async function startToAnswer(
  socket: string,
  program: Program,
  answered: (pid: number) => Promise<void> | void,
): Promise<number> {
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
    await answered(child.pid ?? 0);
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

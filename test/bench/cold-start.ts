import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { atMost, type Row } from './goals.ts';
import { time } from './in-process.ts';
import { bareNode, daemonProgram, type Machine, prepareMachine } from './machine.ts';
import { generateRules } from './policy-generator.ts';
import type { Program } from './processes.ts';
import { median } from './quantiles.ts';

const START_DEADLINE_MS = 60_000;

interface Starter {
  readonly name: string;
  readonly socket: string;
  readonly program: Program;
  /** Milliseconds, one entry a round. */
  readonly rounds: number[];
}

/** G14: from the spawn to the first answer of the stored policy, next to a Node that only echoes. */
export async function coldStart(bench: Bench): Promise<readonly Row[]> {
  const env = { NODE_COMPILE_CACHE: join(bench.directory, 'compiled') };
  const machines = new Map<number, Machine>(
    [10_000, 100_000].map((size) => [size, prepareMachine(join(bench.directory, `s${size}`), generateRules(size))]),
  );
  const bare = join(bench.directory, 'cold.sock');
  const starters: readonly Starter[] = [
    { name: 'bare', socket: bare, program: bareNode(bare, env), rounds: [] },
    ...[...machines].map(([size, machine]) => ({
      name: `${size}`,
      socket: machine.socket,
      program: daemonProgram(machine, env),
      rounds: [],
    })),
  ];
  // once for the compile cache, which a packaged daemon has
  for (const starter of starters) await firstAnswer(starter);
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.progress(`cold start, round ${round + 1}`);
    for (const starter of starters) starter.rounds.push(await firstAnswer(starter));
  }
  const of = (name: string): readonly number[] => starters.find((starter) => starter.name === name)?.rounds ?? [];
  return [coldRow(10_000, of, 100, null), coldRow(100_000, of, 400, 200)];
}

function coldRow(size: number, of: (name: string) => readonly number[], goal: number, beat: number | null): Row {
  const [ours, bare] = [of(`${size}`), of('bare')];
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

async function firstAnswer({ socket, program }: Starter): Promise<number> {
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
    return performance.now() - started;
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

import { join } from 'node:path';
import { type Bench, runLoad } from './bench.ts';
import { blockingSockets, type Connect } from './blocking-socket.ts';
import { settledMegabytes } from './footprint.ts';
import { atLeast, atMost, type Row } from './goals.ts';
import { loadTime, time } from './in-process.ts';
import type { LoadRounds, LoadTarget } from './load-job.ts';
import { endpointOf, preparedMachine, startDaemon } from './machine.ts';
import {
  type CerbosServer,
  type CerbosStyle,
  cerbosPolicies,
  cerbosRequest,
  cerbosVerdict,
  prepareCerbos,
} from './peers/cerbos.ts';
import { npmPeer } from './peers/install.ts';
import { createScan } from './peers/scan.ts';
import { generateQuestions, generateRules, type Question } from './policy-generator.ts';
import { type BenchProcess, startServer } from './processes.ts';
import { median, medianRatio } from './quantiles.ts';
import { lineTarget, rateRow } from './sockets.ts';

const CERBOS_VERSION = '0.55.0';
const SIZE = 1_000;
const STYLES: readonly CerbosStyle[] = ['naive', 'expert'];

/** G7: Cerbos over a Unix socket, a condition a rule and in the form that an expert would write. */
export async function againstCerbos(bench: Bench): Promise<readonly Row[]> {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@cerbos/cerbos-${platform}`;
  const installed = npmPeer(name, CERBOS_VERSION);
  if (installed.kind === 'missing') {
    return [{ kind: 'skipped', goal: 'G7', what: 'against Cerbos', reason: installed.reason }];
  }
  const binary = join(installed.path, 'node_modules', name, `cerbos-${platform}`);
  return [...(await asked(bench, binary)), ...(await started(bench, binary))];
}

async function asked(bench: Bench, binary: string): Promise<readonly Row[]> {
  bench.progress('Cerbos');
  const rules = generateRules(SIZE);
  const questions = generateQuestions(rules);
  const running: BenchProcess[] = [];
  try {
    const machine = preparedMachine(bench, SIZE);
    running.push(await startDaemon(machine));
    const targets: LoadTarget[] = [
      lineTarget(
        'ours',
        endpointOf(machine),
        questions.map(({ request }) => request),
      ),
    ];
    for (const style of STYLES) {
      const server = prepareCerbos(join(bench.directory, `c-${style}`), binary, cerbosPolicies(rules, style));
      running.push(await startServer(server.program, { kind: 'unix', path: server.socket }));
      const requests = questions.map((question) => cerbosRequest(question, style));
      targets.push({ name: style, address: { kind: 'unix', path: server.socket }, framing: 'http', requests });
      await compareWithScan(server, questions, style);
    }
    return cerbosRows(await measured(bench, targets));
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}

/** Cerbos needs milliseconds, so it is asked less often; ours is asked as often, in turns with it. */
async function measured(bench: Bench, targets: readonly LoadTarget[]): Promise<LoadRounds> {
  const rounds = { targets, rounds: bench.rounds };
  // for both sides the same start: our own daemon has to be warm as well
  await runLoad({ targets, rounds: 1, slices: 1, load: throughput(1_500) });
  const load = { kind: 'latency', questionsPerSlice: bench.quick ? 150 : 400, warmUp: 200 } as const;
  const { latency } = await runLoad({ ...rounds, slices: 5, load });
  const { rate, busy } = await runLoad({ ...rounds, slices: 2, load: throughput(300) });
  return { latency, rate, busy };
}

function throughput(msPerSlice: number): { kind: 'throughput'; msPerSlice: number; connections: 8; window: 1 } {
  return { kind: 'throughput', msPerSlice, connections: 8, window: 1 };
}

function cerbosRows({ latency, rate, busy }: LoadRounds): readonly Row[] {
  const p50 = { naive: 50, expert: 15 };
  const rows = STYLES.flatMap((style) => [
    timesBetter(`p50, times better than Cerbos (${style}), 1,000 rules`, {
      latency,
      style,
      at: 'p50',
      bar: p50[style],
    }),
    timesBetter(`p99, times better than Cerbos (${style}), 1,000 rules`, { latency, style, at: 'p99', bar: 100 }),
  ]);
  const best = {
    ...rate,
    best: (rate['naive'] ?? []).map((value, round) => Math.max(value, rate['expert']?.[round] ?? 0)),
  };
  const what = '8 connections, against the better Cerbos, 1,000 rules';
  return [
    ...rows,
    rateRow('G7', what, { latency, rate: best, busy }, { floor: 'best', goal: atLeast(40), beat: null }),
  ];
}

function timesBetter(
  what: string,
  { latency, style, at, bar }: { latency: LoadRounds['latency']; style: CerbosStyle; at: 'p50' | 'p99'; bar: number },
): Row {
  const ours = (latency['ours'] ?? []).map((round) => round[at]);
  const theirs = (latency[style] ?? []).map((round) => round[at]);
  return {
    kind: 'measured',
    goal: 'G7',
    what,
    ours: time(median(ours) * 1_000),
    against: `Cerbos ${CERBOS_VERSION}: ${time(median(theirs) * 1_000)}`,
    figure: medianRatio(theirs, ours),
    goalBar: atLeast(bar),
    beatBar: null,
  };
}

/** What is compared has to say the same. */
async function compareWithScan(
  server: CerbosServer,
  questions: readonly Question[],
  style: CerbosStyle,
): Promise<void> {
  const connect: Connect = await blockingSockets();
  const scan = createScan(generateRules(SIZE));
  const socket = connect({ kind: 'unix', path: server.socket });
  const inbox = Buffer.alloc(65_536);
  try {
    for (const question of questions.slice(0, 200)) {
      socket.send(Buffer.from(cerbosRequest(question, style)));
      let answer = '';
      while (!/\r\n\r\n.*\}\s*(?:\r\n0\r\n\r\n)?$/s.test(answer))
        answer += inbox.toString('latin1', 0, socket.receive(inbox));
      if (cerbosVerdict(answer) !== scan(question.request)) {
        throw new Error(`Cerbos (${style}) answers ${cerbosVerdict(answer)} to ${JSON.stringify(question.request)}`);
      }
    }
  } finally {
    socket.close();
  }
}

/** G11 and G13: 10,000 rules, a condition each. */
async function started(bench: Bench, binary: string): Promise<readonly Row[]> {
  const size = 10_000;
  const rules = generateRules(size);
  const questions = generateQuestions(rules, 128);
  const theirs: number[] = [];
  const ours: number[] = [];
  let megabytes = Number.NaN;
  for (let round = 0; round < Math.min(3, bench.rounds); round += 1) {
    bench.progress(`Cerbos starts with ${size} rules, round ${round + 1}`);
    const directory = join(bench.directory, `c-start${round}`);
    const server = prepareCerbos(directory, binary, cerbosPolicies(rules, 'naive'));
    const before = performance.now();
    const running = await startServer(server.program, { kind: 'unix', path: server.socket });
    theirs.push(performance.now() - before);
    megabytes = await usedMegabytes(running, {
      name: 'theirs',
      address: { kind: 'unix', path: server.socket },
      framing: 'http',
      requests: questions.map((question) => cerbosRequest(question, 'naive')),
    });
    await running.stop();
    ours.push(await loadTime('engine-worker.ts', [], size));
  }
  const machine = preparedMachine(bench, size);
  const daemon = await startDaemon(machine);
  const own = await usedMegabytes(
    daemon,
    lineTarget(
      'ours',
      endpointOf(machine),
      questions.map(({ request }) => request),
    ),
  );
  await daemon.stop();
  return [
    {
      kind: 'measured',
      goal: 'G11',
      what: '10,000 rules compiled, times faster than Cerbos starts with them',
      ours: time(median(ours) * 1e6),
      against: `Cerbos ${CERBOS_VERSION}: ${time(median(theirs) * 1e6)}`,
      figure: medianRatio(theirs, ours),
      goalBar: atLeast(30),
      beatBar: null,
    },
    {
      kind: 'measured',
      goal: 'G13',
      what: 'resident memory next to Cerbos, 10,000 rules',
      ours: `${own.toFixed(0)} MB`,
      against: `Cerbos ${CERBOS_VERSION}: ${megabytes.toFixed(0)} MB`,
      figure: own / megabytes,
      goalBar: atMost(0.25),
      beatBar: null,
    },
  ];
}

/** After it has answered a little: what a start leaves unused is no footprint, and neither is what was never touched. */
async function usedMegabytes(server: BenchProcess, target: LoadTarget): Promise<number> {
  await runLoad({
    targets: [target],
    rounds: 1,
    slices: 1,
    load: { kind: 'latency', questionsPerSlice: 128, warmUp: 0 },
  });
  return settledMegabytes(server.pid);
}

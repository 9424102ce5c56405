import { request } from 'node:http';
import { join } from 'node:path';
import { type Bench, runLoad } from './bench.ts';
import { atMost, type Row } from './goals.ts';
import type { LoadTarget } from './load-job.ts';
import { endpointOf, type Machine, prepareMachine, startDaemon } from './machine.ts';
import { generateQuestions, generateRules } from './policy-generator.ts';
import type { BenchProcess } from './processes.ts';
import { latencyRow, lineTarget, pumped, rateRow, sequentially } from './sockets.ts';

const SIZE = 10_000;
/** Fewer than the log keeps, and more than machines ask. */
const EVERY_US = 100;

const BARS = {
  p50: { at: 'p50', floor: 'off', goal: atMost(1.15), beat: null },
  p99: { at: 'p99', floor: 'off', goal: atMost(1.5), beat: null },
} as const;

/** G15: two daemons that differ in nothing but the decision log, asked in turns. */
export async function decisionLog(bench: Bench): Promise<readonly Row[]> {
  const rules = generateRules(SIZE);
  const requests = generateQuestions(rules).map((question) => question.request);
  const running: BenchProcess[] = [];
  const targetOf = async (name: string, machine: Machine): Promise<LoadTarget> => {
    const daemon = await startDaemon(machine);
    running.push(daemon);
    return lineTarget(name, endpointOf(machine, daemon.pid), requests);
  };
  bench.progress('two daemons, one without a decision log');
  const logging = prepareMachine(join(bench.directory, 'logging'), rules);
  const silent = prepareMachine(join(bench.directory, 'silent'), rules, { decision_log: { enabled: false } });
  try {
    const targets = [await targetOf('ours', logging), await targetOf('off', silent)];
    await runLoad({ targets, rounds: 1, slices: 1, load: WARM_UP });
    return [
      ...(await oneByOne(bench, targets, logging)),
      ...(await paced(bench, targets, logging)),
      ...(await pipelined(bench, targets, logging)),
    ];
  } finally {
    await Promise.all(running.map((daemon) => daemon.stop()));
  }
}

const WARM_UP = { kind: 'throughput', msPerSlice: 500, connections: 2, window: 16 } as const;

async function oneByOne(bench: Bench, targets: readonly LoadTarget[], machine: Machine): Promise<readonly Row[]> {
  bench.progress('decision log: one question after the other');
  const kept = await countKept(machine);
  const rounds = await sequentially(bench, targets);
  const note = await kept();
  return [
    latencyRow('G15', 'p50 with the decision log, one question after the other', rounds, { ...BARS.p50, note }),
    latencyRow('G15', 'p99 with the decision log, one question after the other', rounds, { ...BARS.p99, note }),
  ];
}

/** So that every decision is kept: a flood mostly meets a page that is full. */
async function paced(bench: Bench, targets: readonly LoadTarget[], machine: Machine): Promise<readonly Row[]> {
  bench.progress('decision log: 10,000 questions a second');
  const kept = await countKept(machine);
  const load = { kind: 'latency', questionsPerSlice: 500, everyUs: EVERY_US } as const;
  const rounds = await runLoad({ targets, rounds: bench.rounds, slices: bench.quick ? 8 : 20, load });
  const note = await kept();
  return [
    latencyRow('G15', 'p50 with the decision log, 10,000 questions a second', rounds, { ...BARS.p50, note }),
    latencyRow('G15', 'p99 with the decision log, 10,000 questions a second', rounds, { ...BARS.p99, note }),
  ];
}

async function pipelined(bench: Bench, targets: readonly LoadTarget[], machine: Machine): Promise<readonly Row[]> {
  bench.progress('decision log: pipelined');
  const kept = await countKept(machine);
  const rounds = await pumped(bench, { connections: 8, window: 64 }, targets);
  const bars = { floor: 'off', goal: null, beat: null, note: await kept() };
  return [rateRow('G15', 'pipelined 8 × 64 with the decision log', rounds, bars)];
}

interface LogCounts {
  readonly recorded: number;
  readonly dropped: number;
  readonly lost: number;
}

/** From here on: how much of what was decided is in the log. */
async function countKept({ admin }: Machine): Promise<() => Promise<string>> {
  const before = await logCounts(admin);
  return async () => {
    const after = await logCounts(admin);
    const recorded = after.recorded - before.recorded;
    const missing = after.dropped + after.lost - before.dropped - before.lost;
    if (missing === 0) return 'all of them kept';
    return `${((1 - missing / recorded) * 100).toFixed(0)} % of them kept, the others counted`;
  };
}

function logCounts(socketPath: string): Promise<LogCounts> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/v1/status', timeout: 10_000 }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const status = JSON.parse(text) as { readonly decision_log?: LogCounts | null };
        if (status.decision_log) resolve(status.decision_log);
        else reject(new Error(`the daemon keeps no decision log: ${text}`));
      });
    });
    call.on('error', reject).end();
  });
}

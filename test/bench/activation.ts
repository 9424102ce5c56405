import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivationReply, ActivationRequest } from './activation-worker.ts';
import type { Bench } from './bench.ts';
import { PROGRAM } from './built-program.ts';
import { atMost, type Row } from './goals.ts';
import type { GovernanceRequest } from './governance-worker.ts';
import { time } from './in-process.ts';
import type { LoadJob, LoadResult, LoadTarget } from './load-job.ts';
import { endpointOf, type Machine, ORG, prepareMachine } from './machine.ts';
import { generateQuestions, generateRules } from './policy-generator.ts';
import { startWorker, takesConnections, type Worker } from './processes.ts';
import { median, medianRatio } from './quantiles.ts';
import { lineTarget } from './sockets.ts';

/** G11: what an activation costs, next to parsing the same bundle. */
export async function activationCost(bench: Bench, size: number): Promise<readonly Row[]> {
  bench.progress(`activation of ${size} rules`);
  const directory = join(bench.directory, `activation${size}`);
  mkdirSync(directory);
  const worker = startWorker('activation-worker.ts', [directory]);
  const parses: number[] = [];
  const activations: number[] = [];
  const walls: number[] = [];
  try {
    const ask = (kind: 'parse' | 'activate'): Promise<ActivationReply> =>
      worker.ask({ kind } satisfies ActivationRequest);
    await worker.ask({ kind: 'rules', count: size } satisfies ActivationRequest);
    await ask('activate');
    for (let round = 0; round < bench.rounds; round += 1) {
      const before = await ask('parse');
      const { cpuMs, wallMs } = await ask('activate');
      const after = await ask('parse');
      parses.push((before.cpuMs + after.cpuMs) / 2);
      activations.push(cpuMs);
      walls.push(wallMs);
    }
  } finally {
    await worker.stop();
  }
  const ms = (values: readonly number[]): string => time(median(values) * 1e6);
  return [
    {
      kind: 'measured',
      goal: 'G11',
      what: `CPU of an activation (parse, revision, store, compile, swap, keep), ${size.toLocaleString('en')} rules`,
      ours: `${ms(activations)} (${ms(walls)} passed)`,
      against: `JSON.parse: ${ms(parses)}`,
      figure: medianRatio(activations, parses),
      goalBar: atMost(10),
      beatBar: null,
      gateBar: atMost(28),
    },
  ];
}

interface Probe {
  readonly gapMs: number;
}

interface Stage {
  readonly daemon: Worker;
  readonly governance: Worker;
  /** Nobody asks it anything: how long its loop stands still is what the machine does to everybody. */
  readonly idle: Worker;
  readonly echo: Worker;
  readonly client: Worker;
  readonly machine: Machine;
  /** The daemon and the echo. */
  readonly targets: readonly LoadTarget[];
}

/** G12: the daemon pulls 100,000 rules anew, again and again, while somebody asks it. */
export async function stall(bench: Bench): Promise<readonly Row[]> {
  const stage = await openStage(bench, 100_000);
  try {
    return stallRows(await measureStall(bench, stage));
  } finally {
    const { client, daemon, governance, idle, echo } = stage;
    for (const worker of [client, daemon, governance, idle, echo]) await worker.stop();
  }
}

/** Long enough for a whole pull, first to last, while somebody asks. */
const BUSY_SLICES = { quick: 16, full: 25 };
const QUIET_SLICES = 8;
const SLICE_MS = 100;
/** After a pull a thread of the daemon still tidies up. */
const CALM_MS = 2_000;

interface Standstill {
  /** Milliseconds that a main thread's loop stood still at most. */
  readonly gap: number;
  readonly idleGap: number;
  /** Microseconds. */
  readonly p99: number;
  readonly echoP99: number;
}

interface StallRounds {
  readonly quiet: readonly Standstill[];
  readonly busy: readonly Standstill[];
}

async function measureStall(bench: Bench, stage: Stage): Promise<StallRounds> {
  const { governance, machine } = stage;
  const quiet: Standstill[] = [];
  const busy: Standstill[] = [];
  const pull = async (): Promise<void> => {
    await governance.ask({ kind: 'publish' } satisfies GovernanceRequest);
    await sync(machine.admin);
  };
  await pull();
  for (let round = 0; round < (bench.quick ? 2 : bench.rounds); round += 1) {
    bench.progress(`pulling 100,000 rules, round ${round + 1}`);
    await sleep(CALM_MS);
    quiet.push(await standstill(stage, QUIET_SLICES));
    const asking = { over: false };
    const asked = standstill(stage, bench.quick ? BUSY_SLICES.quick : BUSY_SLICES.full).finally(() => {
      asking.over = true;
    });
    // at least once, and again as long as somebody asks
    do await pull();
    while (!asking.over);
    busy.push(await asked);
  }
  return { quiet, busy };
}

async function standstill({ client, daemon, idle, targets }: Stage, slices: number): Promise<Standstill> {
  const look = async (worker: Worker): Promise<number> => (await worker.ask<Probe>({})).gapMs;
  await Promise.all([look(daemon), look(idle)]);
  const load = { kind: 'latency', questionsPerSlice: 20_000, msPerSlice: SLICE_MS, countOmitted: true } as const;
  const result = await client.ask<LoadResult>({ targets, rounds: 1, slices, load } satisfies LoadJob);
  if (result.kind === 'failed') throw new Error(result.message);
  const { latency } = result.rounds;
  const [gap, idleGap] = await Promise.all([look(daemon), look(idle)]);
  const p99 = (name: string): number => latency[name]?.[0]?.p99 ?? Number.NaN;
  return { gap, idleGap, p99: p99('ours'), echoP99: p99('echo') };
}

function stallRows({ quiet, busy }: StallRounds): readonly Row[] {
  const text = (rounds: readonly Standstill[], of: (found: Standstill) => number, unitNs: number): string =>
    time(median(rounds.map(of)) * unitNs);
  const gap = ({ gap: found }: Standstill): number => found;
  const p99 = ({ p99: found }: Standstill): number => found;
  const echo = ({ echoP99 }: Standstill): number => echoP99;
  return [
    {
      kind: 'measured',
      goal: 'G12',
      what: 'longest event-loop gap while 100,000 rules are pulled and activated',
      ours: text(busy, gap, 1e6),
      against: `quiet: ${text(quiet, gap, 1e6)}; an idle Node meanwhile: ${text(busy, ({ idleGap }) => idleGap, 1e6)}`,
      figure: median(busy.map(gap)),
      goalBar: atMost(10, 'ms'),
      beatBar: atMost(10, 'ms'),
    },
    {
      kind: 'measured',
      goal: 'G12',
      what: 'p99 while 100,000 rules are pulled and activated',
      ours: text(busy, p99, 1e3),
      against: `quiet: ${text(quiet, p99, 1e3)}; the NDJSON echo: ${text(busy, echo, 1e3)}, quiet: ${text(quiet, echo, 1e3)}`,
      figure: medianRatio(busy.map(p99), quiet.map(p99)),
      goalBar: atMost(3),
      beatBar: atMost(3),
    },
  ];
}

async function openStage(bench: Bench, size: number): Promise<Stage> {
  bench.progress(`a governance server with ${size} rules, and a daemon that pulls from it`);
  const directory = join(bench.directory, 'pulling');
  mkdirSync(directory);
  const governance = startWorker('governance-worker.ts');
  const { port } = await governance.ask<{ port: number }>({ kind: 'rules', count: size } satisfies GovernanceRequest);
  const credential = join(directory, 'credential.json');
  writeFileSync(credential, JSON.stringify({ identifier: 'bench', secret: 'bench' }), { mode: 0o600 });
  const source = {
    type: 'governance',
    base_url: `http://127.0.0.1:${port}/v2`,
    org: ORG,
    credential_file: credential,
    interval: '1h',
  };
  const machine = prepareMachine(directory, [], { source });
  const execArgv = ['--import', join(import.meta.dirname, 'loop-probe.mjs')];
  const daemon = startWorker(PROGRAM, ['daemon', '--config', machine.config], { execArgv });
  const idle = startWorker('floors/idle-worker.ts', [], { execArgv });
  const echoPath = join(directory, 'echo.sock');
  const echo = startWorker('floors/ndjson-echo-worker.ts', [echoPath]);
  await Promise.all([machine.socket, echoPath].map(whenListening));
  await sync(machine.admin);
  const questions = generateQuestions(generateRules(size)).map((question) => question.request);
  const targets = [
    lineTarget('ours', endpointOf(machine, daemon.pid), questions),
    lineTarget('echo', { path: echoPath, pid: echo.pid }, questions),
  ];
  return { daemon, governance, idle, echo, client: startWorker('load-worker.ts'), machine, targets };
}

async function whenListening(path: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await takesConnections({ kind: 'unix', path })) && performance.now() < deadline) await sleep(20);
}

/** `POST /v1/sync`: answers when the new generation is live. */
function sync(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/v1/sync', method: 'POST', timeout: 60_000 }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the sync failed: ${text}`));
      });
    });
    call.on('error', reject).end();
  });
}

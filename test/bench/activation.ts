import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ActivationReply, ActivationRequest } from './activation-worker.ts';
import { type Bench, runLoad } from './bench.ts';
import { atMost, type Row } from './goals.ts';
import type { GovernanceRequest } from './governance-worker.ts';
import { time } from './in-process.ts';
import type { LoadTarget } from './load-job.ts';
import { type Machine, ORG, PROGRAM, prepareMachine } from './machine.ts';
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
      what: `CPU of an activation (parse, revision, store, compile, swap), ${size.toLocaleString('en')} rules`,
      ours: `${ms(activations)} (${ms(walls)} passed)`,
      against: `JSON.parse: ${ms(parses)}`,
      figure: medianRatio(activations, parses),
      goalBar: atMost(10),
      beatBar: null,
      gateBar: atMost(30),
    },
  ];
}

interface Probe {
  readonly gapMs: number;
  readonly cpuMs: number;
}

interface Stage {
  readonly daemon: Worker;
  readonly governance: Worker;
  readonly machine: Machine;
}

/** G12: the daemon pulls 100,000 rules anew, again and again, while somebody asks it. */
export async function stall(bench: Bench): Promise<readonly Row[]> {
  const size = 100_000;
  const stage = await openStage(bench, size);
  try {
    const questions = generateQuestions(generateRules(size)).map((question) => question.request);
    return await measureStall(bench, stage, lineTarget('ours', { path: stage.machine.socket }, questions));
  } finally {
    await stage.daemon.stop();
    await stage.governance.stop();
  }
}

/** Long enough for a whole pull, first to last, while somebody asks. */
const BUSY_MS = { quick: 3_000, full: 5_000 };
const QUIET_MS = 500;

async function measureStall(
  bench: Bench,
  { daemon, governance, machine }: Stage,
  target: LoadTarget,
): Promise<readonly Row[]> {
  const gaps: number[] = [];
  const quietGaps: number[] = [];
  const busy: number[] = [];
  const quiet: number[] = [];
  const look = (): Promise<Probe> => daemon.ask({});
  const p99 = async (msPerSlice: number): Promise<number> => {
    const load = { kind: 'latency', questionsPerSlice: 400_000, msPerSlice, countOmitted: true } as const;
    const { latency } = await runLoad({ targets: [target], rounds: 1, slices: 1, load });
    return latency['ours']?.[0]?.p99 ?? Number.NaN;
  };
  const pull = async (): Promise<void> => {
    await governance.ask({ kind: 'publish' } satisfies GovernanceRequest);
    await sync(machine.admin);
  };
  await pull();
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.progress(`pulling 100,000 rules, round ${round + 1}`);
    await look();
    quiet.push(await p99(QUIET_MS));
    quietGaps.push((await look()).gapMs);
    const asking = { over: false };
    const asked = p99(bench.quick ? BUSY_MS.quick : BUSY_MS.full).finally(() => {
      asking.over = true;
    });
    // at least once, and again as long as somebody asks
    do await pull();
    while (!asking.over);
    busy.push(await asked);
    gaps.push((await look()).gapMs);
  }
  return [
    {
      kind: 'measured',
      goal: 'G12',
      what: 'longest event-loop gap while 100,000 rules are pulled and activated',
      ours: time(median(gaps) * 1e6),
      against: `quiet: ${time(median(quietGaps) * 1e6)}`,
      figure: median(gaps),
      goalBar: atMost(10, 'ms'),
      beatBar: atMost(10, 'ms'),
    },
    {
      kind: 'measured',
      goal: 'G12',
      what: 'p99 while 100,000 rules are pulled and activated',
      ours: time(median(busy) * 1_000),
      against: `quiet: ${time(median(quiet) * 1_000)}`,
      figure: medianRatio(busy, quiet),
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
  const machine = prepareMachine(directory, [], {
    type: 'governance',
    base_url: `http://127.0.0.1:${port}/v2`,
    org: ORG,
    credential_file: credential,
    interval: '1h',
  });
  const execArgv = ['--import', join(import.meta.dirname, 'loop-probe.mjs')];
  const daemon = startWorker(PROGRAM, ['daemon', '--config', machine.config], { execArgv });
  const deadline = performance.now() + 60_000;
  while (!(await takesConnections({ kind: 'unix', path: machine.socket })) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await sync(machine.admin);
  return { daemon, governance, machine };
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

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivationRequest } from './activation-worker.ts';
import { type Bench, runLoad } from './bench.ts';
import {
  profileClock,
  profileFlags,
  readProfiles,
  type Stack,
  type ThreadProfile,
  type Window,
} from './cpu-profile.ts';
import type { EngineRequest } from './engine-protocol.ts';
import type { LoadJob, LoadTarget } from './load-job.ts';
import { daemonProgram, endpointOf, preparedMachine } from './machine.ts';
import { generateQuestions, generateRules } from './policy-generator.ts';
import { startServer, startWorker } from './processes.ts';
import { ACTIVATION_PARTS, ANSWER_PARTS, byFunction, calledFrom, ranIn } from './profile-parts.ts';
import { httpTarget, lineTarget } from './sockets.ts';
import { startProfile } from './start-profile.ts';

const SIZE = 10_000;
const MS = 4_000;
const TOP = 12;

interface Load {
  readonly name: string;
  readonly target: (requests: readonly object[], machine: ReturnType<typeof preparedMachine>) => LoadTarget;
  readonly load: LoadJob['load'];
}

const overLines: Load['target'] = (requests, machine) => lineTarget('ours', endpointOf(machine), requests);
const overHttp: Load['target'] = (requests, machine) => httpTarget('ours', endpointOf(machine), '/v1/decide', requests);

const LOADS: readonly Load[] = [
  {
    name: 'pipelined, 8 × 64 (G6)',
    target: overLines,
    load: { kind: 'throughput', msPerSlice: MS, connections: 8, window: 64 },
  },
  {
    name: 'one question after the other (G4, G5)',
    target: overLines,
    load: { kind: 'latency', questionsPerSlice: 1_000_000, msPerSlice: MS },
  },
  {
    name: 'HTTP, 8 connections (G7, G9)',
    target: overHttp,
    load: { kind: 'throughput', msPerSlice: MS, connections: 8, window: 1 },
  },
];

/** Where the time goes, as Markdown: of answers, of an activation and of a start. */
export async function profiles(bench: Bench): Promise<string> {
  const sections: string[] = [];
  const add = (name: string, text: string): number => sections.push(`### ${name}\n\n${text}`);
  for (const load of LOADS) add(load.name, await loadProfile(bench, load));
  add('in the process, without a socket (G2, G3)', await engineProfile(bench));
  for (const size of [10_000, 100_000]) {
    add(`an activation of ${size.toLocaleString('en')} rules (G11)`, await activationProfile(bench, size));
  }
  for (const size of [10_000, 100_000]) {
    add(`a cold start with ${size.toLocaleString('en')} rules (G13, G14)`, await startProfile(bench, size));
  }
  return sections.join('\n\n');
}

/** The thread that answers, of the load alone. */
async function loadProfile(bench: Bench, { name, target, load }: Load): Promise<string> {
  const directory = placeFor(bench, name);
  const machine = preparedMachine(bench, SIZE);
  const { command, args } = daemonProgram(machine);
  const program = { command, args: [...profileFlags(directory), ...args] };
  const daemon = await startServer(program, { kind: 'unix', path: machine.socket });
  const window = { from: 0, to: Infinity };
  try {
    const requests = generateQuestions(generateRules(SIZE)).map(({ request }) => request);
    const job = { targets: [target(requests, machine)], rounds: 1, slices: 1, load };
    await runLoad(job);
    window.from = profileClock();
    await runLoad(job);
    window.to = profileClock();
  } finally {
    await daemon.stop();
  }
  return partsAndFunctions(mainThread(directory, daemon.pid), window, ranIn(ANSWER_PARTS));
}

async function engineProfile(bench: Bench): Promise<string> {
  const profiled = profiledWorker(bench, 'engine', 'engine-worker.ts');
  const { worker } = profiled;
  await worker.ask({ kind: 'load', rules: SIZE, checks: 0 } satisfies EngineRequest);
  const slice = { kind: 'slice', ms: MS } satisfies EngineRequest;
  await worker.ask(slice);
  const from = profileClock();
  await worker.ask(slice);
  const window = { from, to: profileClock() };
  return partsAndFunctions(await profiled.end(), window, ranIn(ANSWER_PARTS));
}

const ACTIVATIONS = 5;

async function activationProfile(bench: Bench, size: number): Promise<string> {
  const directory = placeFor(bench, `activation of ${size}`);
  const profiled = profiledWorker(bench, `activating ${size}`, 'activation-worker.ts', [directory]);
  const ask = (request: ActivationRequest): Promise<unknown> => profiled.worker.ask(request);
  await ask({ kind: 'rules', count: size });
  await ask({ kind: 'activate' });
  const from = profileClock();
  for (let times = 0; times < ACTIVATIONS; times += 1) await ask({ kind: 'activate' });
  const window = { from, to: profileClock() };
  return partsAndFunctions(await profiled.end(), window, calledFrom(ACTIVATION_PARTS));
}

interface ProfiledWorker {
  readonly worker: Pick<ReturnType<typeof startWorker>, 'ask'>;
  /** Ends it; what its main thread did. */
  readonly end: () => Promise<ThreadProfile>;
}

function profiledWorker(bench: Bench, name: string, file: string, args: readonly string[] = []): ProfiledWorker {
  const directory = placeFor(bench, name);
  const worker = startWorker(file, args, { execArgv: [...profileFlags(directory)] });
  return {
    worker,
    async end() {
      await worker.finish();
      return mainThread(directory, worker.pid);
    },
  };
}

function placeFor(bench: Bench, name: string): string {
  bench.progress(`profile: ${name}`);
  const directory = join(bench.directory, `profile-${name.replaceAll(/\W+/g, '-')}`);
  mkdirSync(directory);
  return directory;
}

function mainThread(directory: string, pid: number): ThreadProfile {
  const [main] = readProfiles(directory, pid);
  if (main === undefined) throw new Error('there is no profile of the main thread');
  return main;
}

function partsAndFunctions(thread: ThreadProfile, window: Window, partOf: (stack: Stack) => string): string {
  const parts = shareTable('part', thread.times(window, partOf), Infinity);
  return `${parts}\n\n${shareTable('function', thread.times(window, byFunction), TOP)}`;
}

function shareTable(head: string, times: ReadonlyMap<string, number>, most: number): string {
  const total = times.values().reduce((sum, time) => sum + time, 0);
  const rows = [...times].sort(([, a], [, b]) => b - a).slice(0, most);
  const lines = rows.map(([name, time]) => `| ${name} | ${((100 * time) / total).toFixed(1)} % |`);
  return [`| ${head} | of its time |`, '| --- | --- |', ...lines].join('\n');
}

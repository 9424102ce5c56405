import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, runLoad } from './bench.ts';
import type { LoadJob, LoadTarget } from './load-job.ts';
import { daemonProgram, endpointOf, preparedMachine } from './machine.ts';
import { generateQuestions, generateRules } from './policy-generator.ts';
import { startServer } from './processes.ts';
import { httpTarget, lineTarget } from './sockets.ts';

const SIZE = 10_000;
const MS = 4_000;
const TOP = 12;

interface Profiled {
  readonly name: string;
  readonly target: (requests: readonly object[], machine: ReturnType<typeof preparedMachine>) => LoadTarget;
  readonly load: LoadJob['load'];
}

const overLines: Profiled['target'] = (requests, machine) => lineTarget('ours', endpointOf(machine), requests);
const overHttp: Profiled['target'] = (requests, machine) =>
  httpTarget('ours', endpointOf(machine), '/v1/decide', requests);

const PROFILED: readonly Profiled[] = [
  {
    name: 'pipelined, 8 × 64',
    target: overLines,
    load: { kind: 'throughput', msPerSlice: MS, connections: 8, window: 64 },
  },
  {
    name: 'one question after the other',
    target: overLines,
    load: { kind: 'latency', questionsPerSlice: 1_000_000, msPerSlice: MS },
  },
  {
    name: 'HTTP, 8 connections',
    target: overHttp,
    load: { kind: 'throughput', msPerSlice: MS, connections: 8, window: 1 },
  },
];

/** What the thread that answers does with its time, as Markdown: for each load by part, and the functions that take most. */
export async function profiles(bench: Bench): Promise<string> {
  const sections: string[] = [];
  for (const profiled of PROFILED) {
    bench.progress(`profile: ${profiled.name}`);
    sections.push(`### ${profiled.name}\n\n${tablesOf(await profileOf(bench, profiled))}`);
  }
  return sections.join('\n\n');
}

/** Microseconds by function, of the load alone. */
async function profileOf(bench: Bench, { name, target, load }: Profiled): Promise<ReadonlyMap<string, number>> {
  const directory = join(bench.directory, `profile-${name.replaceAll(/\W+/g, '-')}`);
  mkdirSync(directory);
  const machine = preparedMachine(bench, SIZE);
  const { command, args } = daemonProgram(machine);
  const flags = ['--cpu-prof', `--cpu-prof-dir=${directory}`];
  const daemon = await startServer({ command, args: [...flags, ...args] }, { kind: 'unix', path: machine.socket });
  const window: Window = { from: 0, to: Infinity };
  try {
    const requests = generateQuestions(generateRules(SIZE)).map(({ request }) => request);
    const job = { targets: [target(requests, machine)], rounds: 1, slices: 1, load };
    await runLoad(job);
    // the clock of the profile
    window.from = Number(process.hrtime.bigint() / 1_000n);
    await runLoad(job);
    window.to = Number(process.hrtime.bigint() / 1_000n);
  } finally {
    await daemon.stop();
  }
  return selfTimes(readProfile(directory, daemon.pid), window);
}

interface Window {
  from: number;
  to: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Threads have files of their own; the main one is number 0. */
function readProfile(directory: string, pid: number): CpuProfile {
  const file = readdirSync(directory).find((found) => found.includes(`.${pid}.0.`));
  if (file === undefined) throw new Error('the daemon left no profile');
  return JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile;
}

function selfTimes(profile: CpuProfile, { from, to }: Window): ReadonlyMap<string, number> {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const found = new Map<string, number>();
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const spent = profile.timeDeltas[index] ?? 0;
    at += spent;
    const name = names.get(id) ?? '';
    if (at < from || at > to || name === '(idle)') continue;
    found.set(name, (found.get(name) ?? 0) + spent);
  }
  return found;
}

function nameOf({ functionName, url, lineNumber, columnNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const entry = sourceMapOf(url)?.findEntry(lineNumber, columnNumber) ?? {};
  const file = 'originalSource' in entry && typeof entry.originalSource === 'string' ? entry.originalSource : url;
  return `${name} (${file.replace(/^.*\/(src|dist|node_modules)\//, '').replace(/\.[jt]s$/, '')})`;
}

const SOURCE_MAPS = new Map<string, SourceMap | null>();

/** What was built may be few files of many modules. */
function sourceMapOf(url: string): SourceMap | null {
  const known = SOURCE_MAPS.get(url);
  if (known !== undefined) return known;
  const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
  const map = existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload) : null;
  SOURCE_MAPS.set(url, map);
  return map;
}

/** The first that fits. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['write, in the kernel mostly', /^(write(Latin1|Utf8|Ucs2|Ascii)String|writeBuffer|writev)$/],
  ['garbage collection', /^\(garbage collector\)$/],
  ['native code without a name: the loop, epoll, read', /^\(program\)$/],
  ['decision log', /\(audit\/|^(ucs2Write|postMessage)$/],
  ['text of the answer', /\((policy\/(answer|rule-parts)|localapi\/reply-text)/],
  [
    'reading the question',
    /\((policy\/(request|action|resource)|schema\/|localapi\/(plain-line|line-id|authzen))|parse$/,
  ],
  ['deciding', /\(policy\//],
  ['framing and turns', /\((localapi|pdp)\//],
  ['Node: streams, HTTP, timers', /\(node:/],
];

function tablesOf(times: ReadonlyMap<string, number>): string {
  const total = times.values().reduce((sum, time) => sum + time, 0);
  const parts = new Map<string, number>();
  for (const [name, time] of times) {
    const part = PARTS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other native code';
    parts.set(part, (parts.get(part) ?? 0) + time);
  }
  const table = (head: string, entries: ReadonlyMap<string, number>, most: number): string => {
    const rows = [...entries].sort(([, a], [, b]) => b - a).slice(0, most);
    const lines = rows.map(([name, time]) => `| ${name} | ${((100 * time) / total).toFixed(1)} % |`);
    return [`| ${head} | of its time |`, '| --- | --- |', ...lines].join('\n');
  };
  return `${table('part', parts, Infinity)}\n\n${table('function', times, TOP)}`;
}

import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, runLoad } from './bench.ts';
import { atLeast, atMost, type Bar, type Row } from './goals.ts';
import { time } from './in-process.ts';
import type { Latency, LoadRounds, LoadTarget } from './load-job.ts';
import { type Endpoint, endpointOf, prepareMachine, startDaemon } from './machine.ts';
import { type GeneratedRule, generateQuestions, generateRules, type Question } from './policy-generator.ts';
import { type BenchProcess, nodeProgram, startServer } from './processes.ts';
import { median, medianRatio } from './quantiles.ts';

const DAEMON_SIZES = [100, 10_000, 100_000] as const;
type DaemonSize = (typeof DAEMON_SIZES)[number];

/** In a hurry without the small one: the large ones hold what it holds. */
function sizesOf({ quick }: Bench): readonly DaemonSize[] {
  return quick ? [10_000, 100_000] : DAEMON_SIZES;
}

/** All servers of the socket rows, running. */
export interface Servers {
  readonly floor: (name: Floor) => Endpoint;
  readonly daemon: (size: DaemonSize) => Endpoint;
  readonly questions: (size: DaemonSize) => readonly Question[];
  /** Files below an allowed directory that are really there. */
  readonly files: readonly string[];
  close(): Promise<void>;
}

const FLOORS = ['raw-echo', 'ndjson-echo', 'strict-echo', 'http-static'] as const;
export type Floor = (typeof FLOORS)[number];

export async function startServers(bench: Bench): Promise<Servers> {
  const sizes = sizesOf(bench);
  const started: BenchProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const questions = new Map<number, readonly Question[]>();
  const endpoints = new Map<string, Endpoint>();
  const keep = (name: string, server: BenchProcess, of: (pid: number) => Endpoint): void => {
    started.push(server);
    endpoints.set(name, of(server.pid));
  };
  const tree = plantTree(bench.directory);
  try {
    for (const name of FLOORS) {
      const path = join(bench.directory, `${name}.sock`);
      const server = await startServer(nodeProgram(`floors/${name}-worker.ts`, [path]), { kind: 'unix', path });
      keep(name, server, (pid) => ({ path, pid }));
    }
    for (const size of sizes) {
      bench.progress(`the daemon with ${size} rules`);
      const rules = generateRules(size);
      questions.set(size, generateQuestions(rules));
      const machine = prepareMachine(join(bench.directory, `d${size}`), [...rules, tree.rule]);
      keep(`${size}`, await startDaemon(machine), (pid) => endpointOf(machine, pid));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const endpoint = (name: string): Endpoint => {
    const found = endpoints.get(name);
    if (found === undefined) throw new Error(`no server is called \`${name}\``);
    return found;
  };
  const servers: Servers = {
    floor: endpoint,
    daemon: (size) => endpoint(`${size}`),
    questions: (size) => questions.get(size) ?? [],
    files: tree.files,
    close,
  };
  try {
    await warmUp(bench, servers, sizes);
  } catch (error) {
    await close();
    throw error;
  }
  return servers;
}

/** All kinds of questions in their tens of thousands: what is measured is what a server is like that has been up. */
async function warmUp(bench: Bench, servers: Servers, sizes: readonly DaemonSize[]): Promise<void> {
  bench.progress('warming up');
  const requests = servers.questions(sizes[0] ?? 100).map(asRequest);
  const load = { kind: 'throughput', msPerSlice: 500, connections: 2, window: 16 } as const;
  const targets = [
    lineTarget('echo', servers.floor('ndjson-echo'), requests),
    lineTarget('strict', servers.floor('strict-echo'), requests),
    ...sizes.map((size) => lineTarget(`${size}`, servers.daemon(size), servers.questions(size).map(asRequest))),
  ];
  await runLoad({ targets, rounds: 1, slices: 1, load });
}

function asRequest({ request }: Question): object {
  return request;
}

/** Something on the disk for paths that the daemon resolves itself, four directories deep. */
function plantTree(directory: string): { readonly files: readonly string[]; readonly rule: GeneratedRule } {
  const root = join(realpathSync(directory), 'tree');
  const files = Array.from({ length: 64 }, (_, index) => {
    const folder = join(root, `a${index % 2}`, `b${index % 4}`, `c${index % 8}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${index}`), '');
    return join(folder, `f${index}`);
  });
  const resources = [`${root}/**`] as const;
  return { files, rule: { id: 'tree', name: 'the tree', decision: 'allow', actions: ['read'], resources } };
}

export function lineTarget(name: string, { path, ...rest }: Endpoint, requests: readonly object[]): LoadTarget {
  const lines = requests.map((request) => `${JSON.stringify(request)}\n`);
  return { name, address: { kind: 'unix', path }, framing: 'line', requests: lines, ...rest };
}

/** Rows of the sequential socket: what is asked, of how many rules. */
interface Asking {
  readonly name: string;
  readonly size: DaemonSize;
  readonly requests: readonly object[];
}

function askings(bench: Bench, servers: Servers): readonly Asking[] {
  const size = 100_000;
  const of = (...kinds: readonly string[]): readonly object[] =>
    servers.questions(size).flatMap(({ kind, request }) => (kinds.includes(kind) ? [request] : []));
  const named = of('exact', 'wildcard');
  const mixed = sizesOf(bench).map((rules) => ({
    name: `mixed, ${rules.toLocaleString('en')} rules`,
    size: rules,
    requests: servers.questions(rules).map(asRequest),
  }));
  if (bench.gate) return mixed;
  const all: readonly Asking[] = [
    ...mixed,
    { name: 'network by name, 100,000 rules', size, requests: named },
    { name: 'network by name with ip, 100,000 rules', size, requests: named.map(withAddress) },
    { name: 'network by ip, 100,000 rules', size, requests: of('cidr') },
    { name: 'paths with `real`, 100,000 rules', size, requests: of('path') },
  ];
  return bench.quick ? all.filter(({ name }) => !name.includes('with ip')) : all;
}

function withAddress(request: object, index: number): object {
  return { ...request, ip: [`140.82.${index % 250}.5`] };
}

/** G4 and G5: one connection, one question after the other. */
export async function sequentialSocket(bench: Bench, servers: Servers): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const asking of askings(bench, servers)) {
    bench.progress(`sequential: ${asking.name}`);
    const rounds = await sequentially(bench, [
      lineTarget('raw', servers.floor('raw-echo'), asking.requests),
      lineTarget('echo', servers.floor('ndjson-echo'), asking.requests),
      lineTarget('ours', servers.daemon(asking.size), asking.requests),
    ]);
    rows.push(...sequentialRows(asking.name, rounds));
  }
  bench.progress('sequential: paths that the daemon resolves');
  const unresolved = servers.files.map((path) => ({ action: 'read', path }));
  const rounds = await sequentially(bench, [
    lineTarget('echo', servers.floor('ndjson-echo'), unresolved),
    lineTarget('ours', servers.daemon(100_000), unresolved),
  ]);
  const bars = { goal: null, beat: atMost(3), gate: atMost(11) };
  rows.push(
    latencyRow('G4', 'p50, paths that the daemon resolves, 100,000 rules', rounds, {
      at: 'p50',
      floor: 'echo',
      ...bars,
    }),
  );
  return rows;
}

export function sequentially(bench: Bench, targets: readonly LoadTarget[]): Promise<LoadRounds> {
  const slices = bench.quick ? 8 : 20;
  return runLoad({ targets, rounds: bench.rounds, slices, load: { kind: 'latency', questionsPerSlice: 500 } });
}

interface LatencyBars {
  readonly at: 'p50' | 'p99' | 'p999';
  readonly floor: string;
  readonly goal: Bar | null;
  readonly beat: Bar | null;
  readonly gate?: Bar;
  readonly note?: string;
}

export function latencyRow(goal: string, what: string, { latency }: LoadRounds, bars: LatencyBars): Row {
  const of = (name: string): readonly number[] => (latency[name] ?? []).map((round) => round[bars.at]);
  const [ours, floor] = [of('ours'), of(bars.floor)];
  return {
    kind: 'measured',
    goal,
    what,
    ours: time(median(ours) * 1_000),
    against: `${FLOOR_NAMES[bars.floor] ?? bars.floor}: ${time(median(floor) * 1_000)}`,
    figure: bars.at === 'p50' ? medianOfSlices(latency['ours'], latency[bars.floor]) : medianRatio(ours, floor),
    goalBar: bars.goal,
    beatBar: bars.beat,
    ...(bars.gate === undefined ? {} : { gateBar: bars.gate }),
    ...(bars.note === undefined ? {} : { note: bars.note }),
  };
}

/**
 * A round trip takes three times as long when the scheduler puts its two ends on two cores, and that changes from one
 * moment to the next: only neighbouring slices are alike.
 */
function medianOfSlices(ours: readonly Latency[] = [], floor: readonly Latency[] = []): number {
  return median(ours.map(({ p50s }, round) => medianRatio(p50s, floor[round]?.p50s ?? [])));
}

const FLOOR_NAMES: Readonly<Record<string, string>> = {
  raw: 'raw echo',
  echo: 'NDJSON echo',
  strict: 'echo without duplicate keys',
  http: 'static node:http',
  off: 'without a log',
};

function sequentialRows(name: string, rounds: LoadRounds): readonly Row[] {
  const echo = { floor: 'echo' };
  return [
    latencyRow('G4', `p50, ${name}`, rounds, {
      at: 'p50',
      ...echo,
      goal: atMost(1.15),
      beat: atMost(1.1),
      gate: atMost(1.8),
    }),
    latencyRow('G4', `p50, ${name}`, rounds, { at: 'p50', floor: 'raw', goal: atMost(1.35), beat: null }),
    latencyRow('G5', `p99, ${name}`, rounds, { at: 'p99', ...echo, goal: atMost(1.3), beat: atMost(1.3) }),
    latencyRow('G5', `p99.9, ${name}`, rounds, { at: 'p999', ...echo, goal: atMost(2.5), beat: null }),
  ];
}

/** G6: eight connections with 64 questions in flight each. */
export async function pipelinedSocket(bench: Bench, servers: Servers): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const size of sizesOf(bench)) {
    bench.progress(`pipelined: ${size} rules`);
    const requests = servers.questions(size).map(asRequest);
    const rounds = await pumped(bench, { connections: 8, window: 64 }, [
      lineTarget('echo', servers.floor('ndjson-echo'), requests),
      lineTarget('strict', servers.floor('strict-echo'), requests),
      lineTarget('ours', servers.daemon(size), requests),
    ]);
    rows.push(...pipelinedRows(size, rounds));
  }
  return bench.gate ? rows : [...rows, await againstHttp(bench, servers)];
}

export function pumped(
  bench: Bench,
  load: { readonly connections: number; readonly window: number },
  targets: readonly LoadTarget[],
): Promise<LoadRounds> {
  const slices = bench.quick ? 2 : 6;
  return runLoad({ targets, rounds: bench.rounds, slices, load: { kind: 'throughput', msPerSlice: 150, ...load } });
}

function pipelinedRows(size: DaemonSize, rounds: LoadRounds): readonly Row[] {
  const large = size === 100_000;
  const what = `pipelined 8 × 64, mixed, ${size.toLocaleString('en')} rules`;
  return [
    rateRow('G6', what, rounds, {
      floor: 'echo',
      goal: atLeast(large ? 0.55 : 0.75),
      beat: atLeast(large ? 0.5 : 0.7),
      gate: atLeast(large ? 0.13 : 0.17),
    }),
    rateRow('G6', what, rounds, { floor: 'strict', goal: null, beat: atLeast(0.9) }),
  ];
}

async function againstHttp(bench: Bench, servers: Servers): Promise<Row> {
  bench.progress('pipelined, against HTTP');
  const requests = servers.questions(10_000).map(asRequest);
  const ours = pumped(bench, { connections: 8, window: 64 }, [lineTarget('ours', servers.daemon(10_000), requests)]);
  const { rate } = await ours;
  const http = await pumped(bench, { connections: 8, window: 16 }, [
    httpTarget('http', servers.floor('http-static'), '/v1/decide', requests),
  ]);
  const rounds = { latency: {}, rate: { ...rate, ...http.rate }, busy: 0 };
  return rateRow('G6', 'pipelined 8 × 64 against HTTP 8 × 16, 10,000 rules', rounds, {
    floor: 'http',
    goal: atLeast(5),
    beat: null,
  });
}

export function httpTarget(
  name: string,
  { path, ...rest }: Endpoint,
  route: string,
  bodies: readonly object[],
): LoadTarget {
  return { name, address: { kind: 'unix', path }, framing: 'http', requests: httpRequests(route, bodies), ...rest };
}

export function httpRequests(route: string, bodies: readonly object[]): readonly string[] {
  return bodies.map((value) => {
    const body = JSON.stringify(value);
    const head = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
    return `POST ${route} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`;
  });
}

interface RateBars {
  readonly floor: string;
  readonly goal: Bar | null;
  readonly beat: Bar | null;
  readonly gate?: Bar;
  readonly note?: string;
}

export function rateRow(goal: string, what: string, { rate, busy }: LoadRounds, bars: RateBars): Row {
  const [ours, floor] = [rate['ours'] ?? [], rate[bars.floor] ?? []];
  const perSecond = (values: readonly number[]): string =>
    `${Math.round(median(values) / 1_000).toLocaleString('en')} k/s`;
  return {
    kind: 'measured',
    goal,
    what,
    ours: perSecond(ours),
    against: `${FLOOR_NAMES[bars.floor] ?? bars.floor}: ${perSecond(floor)}`,
    figure: medianRatio(ours, floor),
    goalBar: bars.goal,
    beatBar: bars.beat,
    ...(bars.gate === undefined ? {} : { gateBar: bars.gate }),
    ...notesOf([bars.note, busy > 0.9 ? 'the client was the limit' : undefined]),
  };
}

function notesOf(notes: readonly (string | undefined)[]): { readonly note?: string } {
  const given = notes.filter((note) => note !== undefined);
  return given.length === 0 ? {} : { note: given.join('; ') };
}

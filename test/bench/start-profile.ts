import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { startToAnswer } from './cold-start.ts';
import { profileClock, profileFlags, readProfiles, type ThreadProfile, type Window } from './cpu-profile.ts';
import { daemonProgram, prepareMachine } from './machine.ts';
import { generateRules } from './policy-generator.ts';
import { calledFrom, START_PARTS } from './profile-parts.ts';

/** What a thread runs tells which one it is. */
const THREADS = [
  ['answers', /\(cli\/main/],
  ['makes policies', /\(daemon\/policy-thread-entry/],
  ['looks paths up', /\(pdp\/path-resolver-worker/],
  ['writes the log', /\(audit\/log-writer-thread/],
] as const;

interface NamedThread {
  readonly name: string;
  readonly times: ReadonlyMap<string, number>;
}

/** All threads of a daemon from its start to its first answer, with a warm compile cache, as Markdown. */
export async function startProfile(bench: Bench, size: number): Promise<string> {
  bench.progress(`profile: cold start with ${size} rules`);
  const place = join(bench.directory, `profile-start-${size}`);
  const directory = join(place, 'profiles');
  mkdirSync(directory, { recursive: true });
  const machine = prepareMachine(join(place, 'machine'), generateRules(size));
  const plain = daemonProgram(machine, { NODE_COMPILE_CACHE: join(place, 'compiled') });
  const profiled = { ...plain, args: [...profileFlags(directory), ...plain.args] };
  // for the compile cache, and because the first start of all compiles the policy and keeps it
  for (let warm = 0; warm < 2; warm += 1) await startToAnswer(machine.socket, plain, () => undefined);
  const unhurried = await startToAnswer(machine.socket, plain, () => undefined);
  const window = { from: profileClock(), to: 0 };
  const seen = { pid: 0, helpers: 0 };
  const ms = await startToAnswer(machine.socket, profiled, (pid) => {
    window.to = profileClock();
    seen.pid = pid;
    seen.helpers = helperMs(pid);
  });
  const threads = readProfiles(directory, seen.pid).flatMap((thread) => named(thread, window));
  const helpers = Number.isNaN(seen.helpers)
    ? ''
    : ` V8's own helper threads (compiling, collecting) took ${seen.helpers.toFixed(0)} ms of processor besides.`;
  const head = `First answer after ${ms.toFixed(0)} ms with the profiler and ${unhurried.toFixed(0)} ms without it. Milliseconds in which each thread did not wait for another; a processor it may have waited for.${helpers}`;
  return `${head}\n\n${threadTable(threads)}`;
}

/** A thread that has not got to its own code yet is left out: it belongs to what comes later. */
function named(thread: ThreadProfile, window: Window): readonly NamedThread[] {
  const name = THREADS.find(([, entry]) => thread.functions.some((found) => entry.test(found)))?.[0];
  const times = thread.times(window, calledFrom(START_PARTS));
  return name === undefined || times.size === 0 ? [] : [{ name, times }];
}

function threadTable(threads: readonly NamedThread[]): string {
  const parts = new Set(threads.flatMap(({ times }) => [...times.keys()]));
  const spent = (part: string): number => threads.reduce((sum, { times }) => sum + (times.get(part) ?? 0), 0);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const ms = (time: number): string => (time / 1_000).toFixed(0);
  const rows = [...parts]
    .toSorted((a, b) => spent(b) - spent(a))
    .map((part) => line([part, ...threads.map(({ times }) => ms(times.get(part) ?? 0)), ms(spent(part))]));
  const totals = threads.map(({ times }) => times.values().reduce((sum, time) => sum + time, 0));
  const sum = totals.reduce((all, total) => all + total, 0);
  return [
    line(['part', ...threads.map(({ name }) => `thread that ${name}`), 'all']),
    line(['---', ...threads.map(() => '---'), '---']),
    ...rows,
    line(['all', ...totals.map(ms), ms(sum)]),
  ].join('\n');
}

/** NaN where there is no /proc. */
function helperMs(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const tasks = `/proc/${pid}/task`;
  const read = (task: string, file: string): string => readFileSync(join(tasks, task, file), 'utf8');
  return readdirSync(tasks)
    .filter((task) => read(task, 'comm').startsWith('V8Worker'))
    .reduce((sum, task) => sum + Number(read(task, 'schedstat').split(' ')[0]) / 1e6, 0);
}

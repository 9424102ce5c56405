import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What Node writes with `--cpu-prof`. Times are microseconds, of the clock of `process.hrtime`. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly children?: readonly number[];
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

/** Of the clock of `process.hrtime`, in microseconds. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export function profileClock(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Functions with their modules, the one that ran first: `decide (policy/decide)`. */
export type Stack = readonly string[];

/** What one thread did. */
export interface ThreadProfile {
  /** Every function that it has seen. */
  readonly functions: readonly string[];
  /** Microseconds by what `keyOf` says of each stack that ran. */
  readonly times: (window: Window, keyOf: (stack: Stack) => string) => ReadonlyMap<string, number>;
}

/** Flags that make a process leave profiles in a directory; a file a thread. */
export function profileFlags(directory: string): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}

/** The threads of an ended process, the main one first. Throws if it left nothing. */
export function readProfiles(directory: string, pid: number): readonly ThreadProfile[] {
  const threadOf = (file: string): number => Number(/\.(\d+)\.\d+\.cpuprofile$/.exec(file)?.[1]);
  const files = readdirSync(directory)
    .filter((file) => file.includes(`.${pid}.`))
    .toSorted((a, b) => threadOf(a) - threadOf(b));
  if (files.length === 0) throw new Error(`process ${pid} left no profile`);
  return files.map((file) => threadProfile(JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile));
}

/** In the loop, or in `Atomics.wait`, which a profiler takes for work. */
const WAITING = /^(\(idle\)|sleepWhile \()/;

function threadProfile({ nodes, samples, timeDeltas, startTime }: CpuProfile): ThreadProfile {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const stacks = new Map<number, Stack>();
  const stackOf = (id: number): Stack => {
    const known = stacks.get(id);
    if (known !== undefined) return known;
    const parent = parents.get(id);
    const stack = [names.get(id) ?? '', ...(parent === undefined ? [] : stackOf(parent))];
    stacks.set(id, stack);
    return stack;
  };
  return {
    functions: [...names.values()],
    times({ from, to }, keyOf) {
      const found = new Map<string, number>();
      let at = startTime;
      for (const [index, id] of samples.entries()) {
        const spent = timeDeltas[index] ?? 0;
        at += spent;
        if (at < from || at > to) continue;
        const stack = stackOf(id);
        if (WAITING.test(stack[0] ?? '')) continue;
        const key = keyOf(stack);
        found.set(key, (found.get(key) ?? 0) + spent);
      }
      return found;
    },
  };
}

function nameOf({ functionName, url, lineNumber, columnNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const entry = sourceMapOf(url)?.findEntry(lineNumber, columnNumber) ?? {};
  const file = 'originalSource' in entry && typeof entry.originalSource === 'string' ? entry.originalSource : url;
  return `${name} (${file
    .replace(/^.*\/(src|dist|test|(?=node_modules\/))/, '')
    .replace(/^\//, '')
    .replace(/\.[cm]?[jt]s$/, '')})`;
}

const SOURCE_MAPS = new Map<string, SourceMap | null>();

/** What was built may be few files of many modules. */
function sourceMapOf(url: string): SourceMap | null {
  const known = SOURCE_MAPS.get(url);
  if (known !== undefined) return known;
  const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
  const isOurs = !url.includes('/node_modules/') && existsSync(file);
  const map = isOurs ? new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload) : null;
  SOURCE_MAPS.set(url, map);
  return map;
}

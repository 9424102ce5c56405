/** Stands in for `node:test` while Stryker runs: keeps the tests of a file instead of running them. */

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Collected {
  readonly name: string;
  readonly position: Position;
  readonly run: () => unknown;
}

type Body = (context: object) => unknown;

const CONTEXT = { diagnostic: (): void => {} };

let tests: Collected[] = [];
let suites: string[] = [];

/** What was collected since it was asked for last. */
export function takeTests(): readonly Collected[] {
  const taken = tests;
  tests = [];
  suites = [];
  return taken;
}

export function describe(name: string, body: () => void): void {
  suites.push(name);
  body();
  suites.pop();
}

export function test(name: string, body: Body): void {
  keep(name, body, new Error().stack);
}

export function it(name: string, body: Body): void {
  keep(name, body, new Error().stack);
}

function keep(name: string, body: Body, stack = ''): void {
  const path = [...suites, name].join(' › ');
  const same = tests.filter((other) => other.name === path || other.name.startsWith(`${path} #`)).length;
  const unique = same === 0 ? path : `${path} #${same + 1}`;
  tests.push({ name: unique, position: caller(stack), run: () => body(CONTEXT) });
}

/** Where a test is written: that is how Stryker sees that it was changed. */
function caller(stack: string): Position {
  const [, line = '1', column = '1'] = /:(\d+):(\d+)\)?$/.exec(stack.split('\n')[2] ?? '') ?? [];
  return { line: Number(line), column: Number(column) };
}

/**
 * A test runner for Stryker that keeps the tests in the process: a mutant costs the tests that meet it and no start of
 * Node, which is a tenth of what Stryker's own runners for node:test take. Modules are loaded anew only for mutants in
 * code that runs while they load, and where a mutant has left something behind in a module.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { type RegisterHooksOptions, registerHooks, stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { type Collected, type Position, takeTests } from './collected.ts';

/** The part of Stryker's interface that is used here. */
interface MutantRun {
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  readonly activeMutant: { readonly id: string };
  readonly sandboxFileName: string;
  readonly reloadEnvironment: boolean;
}
interface TestResult {
  readonly id: string;
  readonly name: string;
  readonly timeSpentMs: number;
  readonly fileName: string;
  readonly startPosition: Position;
  /** 0 succeeded, 1 failed */
  readonly status: 0 | 1;
  readonly failureMessage?: string;
}
type Hits = Record<string, number>;
interface Coverage {
  readonly static: Hits;
  readonly perTest: Record<string, Hits>;
}
type MutantResult =
  | {
      readonly status: 'killed';
      readonly killedBy: string[];
      readonly failureMessage: string;
      readonly nrOfTests: number;
    }
  | { readonly status: 'survived'; readonly nrOfTests: number }
  | { readonly status: 'timeout'; readonly reason: string };

/** What mutated code reads and writes. */
interface Stage {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: Coverage;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}

interface Test extends Collected {
  readonly id: string;
  readonly file: string;
}

/** Nearly all of the second is behind the first; what the tests of a module miss, the reference evaluator may find. */
const TESTS = ['test/policy/**/*.test.ts', 'test/property/{dense,combining}.test.ts'];

/** A test that takes longer is for the module that it is named after, and its neighbours. */
const SLOW_MS = 300;

/** What one process has measured, for all. */
const TIMES = 'times-of-tests.json';

/** The copy with the mutants in it; Stryker goes there only after it has read this module. */
const copy = (path = ''): string => join(process.cwd(), path);
const urlOf = (path: string): string => pathToFileURL(copy(path)).href;
const collectorUrl = new URL('collected.ts', import.meta.url).href;
const stage: Stage = {};
Reflect.set(globalThis, '__stryker__', stage);

/** Modules of the project know which load they belong to; each is read and stripped of its types once. */
let generation = 0;
const sources = new Map<string, string>();
const hooks: RegisterHooksOptions = {
  resolve(specifier, context, next) {
    if (specifier === 'node:test') return { url: collectorUrl, shortCircuit: true };
    const found = next(specifier, context);
    const isOurs = found.url.startsWith(urlOf('/')) && found.url.endsWith('.ts');
    return isOurs ? { ...found, url: `${found.url}?load=${generation}` } : found;
  },
  load(url, context, next) {
    if (!url.includes('.ts?load=')) return next(url, context);
    const path = fileURLToPath(url);
    const source = sources.get(path) ?? stripTypeScriptTypes(readFileSync(path, 'utf8'));
    sources.set(path, source);
    return { format: 'module', source, shortCircuit: true };
  },
};

class InProcessRunner {
  #sources: readonly string[] = [];
  #files: readonly string[] = [];
  #tests: readonly Test[] = [];
  /** Mutants that a test file meets while it loads, in a table or in what `describe` prepares. */
  readonly #metByLoading = new Set<string>();
  /** How long each test takes where nothing is mutated, in milliseconds of processor time. */
  #times: Readonly<Record<string, number>> | null = null;
  #isClean = false;

  capabilities(): object {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    this.#sources = globSync('src/policy/**/*.ts').sort();
    this.#files = globSync(TESTS).sort();
    registerHooks(hooks);
    await this.#load(this.#files);
    const { perTest } = coverage();
    for (const id of Object.values(perTest).flatMap((hits) => Object.keys(hits))) this.#metByLoading.add(id);
  }

  async dryRun(): Promise<object> {
    const tests: TestResult[] = [];
    for (const test of this.#tests) tests.push(await measured(test));
    const times = tests.map(({ id, timeSpentMs }) => [id, timeSpentMs]);
    writeFileSync(copy(TIMES), JSON.stringify(Object.fromEntries(times)));
    const found = coverage();
    const perTest = this.#tests.map(({ id, file }) => [id, { ...found.perTest[file], ...found.perTest[id] }] as const);
    return {
      status: 'complete',
      tests,
      mutantCoverage: { static: found.static, perTest: Object.fromEntries(perTest) },
    };
  }

  async mutantRun(run: MutantRun): Promise<MutantResult> {
    const reload = run.reloadEnvironment || this.#metByLoading.has(run.activeMutant.id);
    if (!reload && !this.#isClean) await this.#load(this.#files);
    const result = await this.#judge(run, reload);
    if (result.status !== 'killed' || reload) return result;
    const killer = this.#tests.find(({ id }) => result.killedBy.includes(id));
    if (killer === undefined || (await failureOf(killer, this.#limitOf(killer))) === null) return result;
    // it fails without the mutant, too: this one, or one before, has left something behind in a module
    await this.#load(this.#files);
    const second = await this.#judge(run, false);
    this.#isClean = false;
    return second;
  }

  async #judge(run: MutantRun, reload: boolean): Promise<MutantResult> {
    stage.activeMutant = run.activeMutant.id;
    // ten times what all tests together need: Stryker's hundred times are a wait
    stage.hitLimit = run.hitLimit === undefined ? undefined : run.hitLimit / 10;
    stage.hitCount = run.hitLimit === undefined ? undefined : 0;
    try {
      if (reload) await this.#load(filesOf(run) ?? this.#files);
      return await this.#try(run);
    } catch (error) {
      // only loading throws
      const [killer = 'load'] = run.testFilter ?? this.#files;
      return { status: 'killed', killedBy: [killer], failureMessage: String(error), nrOfTests: 0 };
    } finally {
      stage.activeMutant = undefined;
      stage.hitCount = undefined;
      if (reload) this.#isClean = false;
    }
  }

  async #try({ testFilter, sandboxFileName }: MutantRun): Promise<MutantResult> {
    const mutated = relative(copy(), sandboxFileName);
    const ordered = this.#tests
      .filter(({ id }) => testFilter === undefined || testFilter.includes(id))
      .map((test) => ({ test, far: distance(test.file, mutated) }))
      .filter(({ test, far }) => far !== 2 || this.#timeOf(test) < SLOW_MS)
      .toSorted((a, b) => a.far - b.far)
      .map(({ test }) => test);
    for (const [place, test] of ordered.entries()) {
      const failure = await failureOf(test, this.#limitOf(test));
      if (failure === ENDLESS || (stage.hitCount ?? 0) > (stage.hitLimit ?? 0)) {
        this.#isClean = false;
        return { status: 'timeout', reason: ENDLESS };
      }
      if (failure !== null) {
        return { status: 'killed', killedBy: [test.id], failureMessage: failure, nrOfTests: place + 1 };
      }
    }
    return { status: 'survived', nrOfTests: ordered.length };
  }

  /** How long a test may take until its mutant is one that never ends. */
  #limitOf(test: Test): number {
    return 3_000 + 20 * this.#timeOf(test);
  }

  #timeOf({ id }: Test): number {
    this.#times ??= JSON.parse(readFileSync(copy(TIMES), 'utf8')) as Readonly<Record<string, number>>;
    return this.#times[id] ?? 0;
  }

  /** First what is tested, then the tests, so that it is known which of them makes code run while it loads. */
  async #load(files: readonly string[]): Promise<void> {
    generation += 1;
    this.#isClean = true;
    const tests: Test[] = [];
    for (const file of this.#sources) await importFile(file);
    for (const file of files) {
      takeTests();
      stage.currentTestId = file;
      await importFile(file);
      tests.push(...takeTests().map((test) => ({ ...test, id: `${file}: ${test.name}`, file })));
    }
    stage.currentTestId = undefined;
    this.#tests = tests;
  }
}

function coverage(): Coverage {
  return stage.mutantCoverage ?? { static: {}, perTest: {} };
}

async function importFile(path: string): Promise<void> {
  await import(urlOf(path));
}

function filesOf({ testFilter }: MutantRun): readonly string[] | undefined {
  return testFilter && [...new Set(testFilter.map((id) => id.slice(0, id.indexOf(': '))))];
}

const ENDLESS = 'it went round for too long';
const RUN = '__reeve_test__';
const script = new Script(`${RUN}()`);

/** A script can be stopped wherever it is, a function cannot. */
async function failureOf({ run }: Test, limit = 600_000): Promise<string | null> {
  Reflect.set(globalThis, RUN, run);
  try {
    await script.runInThisContext({ timeout: Math.ceil(limit) });
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    return 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? ENDLESS : error.message;
  }
}

async function measured(test: Test): Promise<TestResult> {
  const { id, name, file, position } = test;
  stage.currentTestId = id;
  const before = process.cpuUsage();
  const failureMessage = await failureOf(test);
  const common = { id, name, fileName: copy(file), startPosition: position };
  const timeSpentMs = process.cpuUsage(before).user / 1_000;
  stage.currentTestId = undefined;
  return failureMessage === null
    ? { ...common, timeSpentMs, status: 0 }
    : { ...common, timeSpentMs, status: 1, failureMessage };
}

/** The tests of the mutated module come first, then those of its folder, and last those that take longest. */
function distance(testFile: string, mutated: string): number {
  const test = testFile.replace(/^test\//, '').replace(/\.test\.ts$/, '');
  const module = mutated.replace(/^src\//, '').replace(/\.ts$/, '');
  if (test === module) return 0;
  if (dirname(test) === dirname(module)) return 1;
  return test.startsWith('policy/') ? 2 : 3;
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', factory: () => new InProcessRunner() }];

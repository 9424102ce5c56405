// npm run mutate -- [--files GLOB] [--concurrency N] [--fresh] [--write-docs]: changes src/policy in thousands of places,
// one at a time, and says which changes no test notices. What is known of code and tests that stay as they are is kept
// from one run to the next; `--fresh` tries everything again, `--write-docs` writes the scores into docs/mutation.md.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { npmPeer } from '../bench/peers/install.ts';
import { markdownScores, percent, plainScores, type Report, scoresOf, survivorsOf, totalOf } from './report.ts';

const STRYKER = { name: '@stryker-mutator/core', version: '10.0.0' };
const LEAST = 90;
const FILES_A_RUN = 6;
const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/mutation.md');

const { values } = parseArgs({
  options: {
    files: { type: 'string', multiple: true },
    concurrency: { type: 'string', default: '2' },
    fresh: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});
const concurrency = Number(values.concurrency);
// a table of some files would be half known and half remembered
const isPartial = values['write-docs'] && values.files !== undefined;
if (!Number.isInteger(concurrency) || concurrency < 1 || isPartial) {
  console.error('usage: npm run mutate -- [--files GLOB | --write-docs] [--concurrency N] [--fresh]');
  process.exit(2);
}
const installed = npmPeer(STRYKER.name, STRYKER.version);
if (installed.kind === 'missing') {
  console.error(installed.reason);
  process.exit(1);
}
// beside what is installed: the copy of the project that is mutated, and what is known from one run to the next
const folder = join(installed.path, 'reeve');
const report = join(folder, 'report.json');
const configuration = join(folder, 'stryker.json');
const copies = join(folder, 'copies');
mkdirSync(folder, { recursive: true });
// of runs that were stopped
rmSync(copies, { recursive: true, force: true });
const stryker = join(installed.path, 'node_modules', STRYKER.name, 'bin/stryker.js');
// what is not mutated in a run is as fast in it as ever, so a few files at a time take less than all at once
const files = globSync(values.files ?? 'src/policy/**/*.ts', { cwd: root }).sort();
for (let at = 0; at < files.length; at += FILES_A_RUN) {
  const part = files.slice(at, at + FILES_A_RUN);
  console.log(part.join(' '));
  writeFileSync(configuration, JSON.stringify(configured(part), null, 2));
  const run = spawnSync(process.execPath, [stryker, 'run', configuration], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, REEVE_MUTATING: '1' },
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
}
process.exit(show(JSON.parse(readFileSync(report, 'utf8')) as Report) ? 0 : 1);

function configured(mutate: readonly string[]): object {
  return {
    testRunner: 'in-process',
    plugins: [join(import.meta.dirname, 'runner.ts')],
    mutate,
    coverageAnalysis: 'perTest',
    incremental: true,
    incrementalFile: join(folder, 'incremental.json'),
    force: values.fresh,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
    tempDirName: copies,
    cleanTempDir: 'always',
    ignorePatterns: ['**', '!src/**', '!test/**', '!config/**', '!package.json'],
    concurrency,
    // the runner itself stops what never ends; this is for what never ends while it loads
    timeoutMS: 60_000,
    // modules that were loaded anew stay in memory
    maxTestRunnerReuse: 150,
  };
}

/** Whether the score is good enough. */
function show(found: Report): boolean {
  const scores = scoresOf(found);
  for (const line of survivorsOf(found)) console.log(line);
  console.log(plainScores(scores));
  if (values['write-docs']) {
    const [before, after] = readFileSync(page, 'utf8').split(/<!-- scores -->[^]*<!-- end of scores -->/);
    const table = `<!-- scores -->\n\n${markdownScores(scores)}\n\n<!-- end of scores -->`;
    writeFileSync(page, `${before ?? ''}${table}${after ?? ''}`);
  }
  return percent(totalOf(scores)) >= LEAST;
}

// Runs all tests with coverage, prints node's own summary, and judges coverage by part: the policy core has to be
// covered whole, and everything together nearly so.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

interface Counts {
  lines: number;
  linesHit: number;
  branches: number;
  branchesHit: number;
}

const root = join(import.meta.dirname, '..');
const files = process.argv.length > 2 ? process.argv.slice(2) : globSync('test/**/*.test.ts', { cwd: root }).sort();
const folder = mkdtempSync(join(tmpdir(), 'reeve-coverage-'));
const lcov = join(folder, 'lcov.info');

const run = spawnSync(
  process.execPath,
  [
    '--test',
    '--experimental-test-coverage',
    '--test-coverage-include=src/**',
    '--test-concurrency=2',
    '--test-timeout=240000',
    '--test-reporter=lcov',
    `--test-reporter-destination=${lcov}`,
    '--test-reporter=./scripts/summary-reporter.mjs',
    '--test-reporter-destination=stdout',
    ...files,
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
);
const coverage = run.status === 0 ? readLcov(readFileSync(lcov, 'utf8')) : new Map<string, Counts>();
rmSync(folder, { recursive: true, force: true });
if (run.status !== 0) process.exit(run.status ?? 1);
process.exit(process.argv.length > 2 || judge(coverage) ? 0 : 1);

function readLcov(text: string): Map<string, Counts> {
  const found = new Map<string, Counts>();
  let counts: Counts = { lines: 0, linesHit: 0, branches: 0, branchesHit: 0 };
  for (const line of text.split('\n')) {
    const [key, value = ''] = line.split(/:(.*)/s, 2);
    if (key === 'SF') {
      counts = { lines: 0, linesHit: 0, branches: 0, branchesHit: 0 };
      found.set(relative(root, join(root, value)), counts);
    } else if (key === 'LF') counts.lines = Number(value);
    else if (key === 'LH') counts.linesHit = Number(value);
    else if (key === 'BRF') counts.branches = Number(value);
    else if (key === 'BRH') counts.branchesHit = Number(value);
  }
  return found;
}

function judge(all: ReadonlyMap<string, Counts>): boolean {
  const entries = [...all].filter(([file]) => file.startsWith('src/'));
  const core = entries.filter(([file]) => file.startsWith('src/policy/'));
  const goals = [
    { name: 'policy core, lines', share: share(core, 'linesHit', 'lines'), least: 1 },
    { name: 'policy core, branches', share: share(core, 'branchesHit', 'branches'), least: 0.95 },
    { name: 'everything, lines', share: share(entries, 'linesHit', 'lines'), least: 0.9 },
  ];
  if (core.length < 20) throw new Error(`coverage saw only ${core.length} files of the policy core`);
  for (const { name, share: reached, least } of goals) {
    const verdict = reached >= least ? 'ok' : `FAILED, at least ${(least * 100).toFixed(0)} %`;
    console.log(`coverage: ${name}: ${(reached * 100).toFixed(2)} % (${verdict})`);
  }
  const holes = core.filter(([, counts]) => counts.linesHit < counts.lines);
  for (const [file, counts] of holes) console.log(`  not covered: ${counts.lines - counts.linesHit} lines of ${file}`);
  return goals.every(({ share: reached, least }) => reached >= least);
}

function share(entries: readonly (readonly [string, Counts])[], hit: keyof Counts, total: keyof Counts): number {
  const sum = (key: keyof Counts): number => entries.reduce((found, [, counts]) => found + counts[key], 0);
  return sum(total) === 0 ? 0 : sum(hit) / sum(total);
}

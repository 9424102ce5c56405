// npm run soak -- [--minutes N] [--seed N] [--write-docs]: builds the daemon, prints every ten seconds, and the figures
// at the end.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { build, PROGRAM } from '../bench/built-program.ts';
import { slope } from './memory.ts';
import { type SoakReport, soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run soak -- [--minutes N] [--seed N] [--write-docs]');
  process.exit(2);
}

/** By then caches are full and everything has been compiled. */
const SETTLED_SECONDS = 300;
const GOAL_MEGABYTES = 1;
const MEASURED = '<!-- measured -->';

const sum = (report: SoakReport): number => Object.values(report.checked).reduce((total, count) => total + count, 0);

console.log(`seed ${seed}`);
build();
const report = await soak({
  program: PROGRAM,
  seconds: minutes * 60,
  seed,
  progress: (soFar) => {
    const memory = soFar.samples.at(-1)?.megabytes.toFixed(1) ?? '?';
    const { generations, late } = soFar;
    console.log(
      `${soFar.seconds.toFixed(0).padStart(5)} s  ${sum(soFar)} answers, ${generations} generations, ${late} late, RSS ${memory} MB`,
    );
  },
});

const settled = report.samples.filter(({ seconds }) => seconds > SETTLED_SECONDS);
const growth = slope(settled);
const memory = (sample: SoakReport['samples'][number] | undefined): string => sample?.megabytes.toFixed(1) ?? '?';
const decided = sum(report) - report.checked.status;
const figures: readonly (readonly [what: string, figure: string])[] = [
  ['answers checked', `${sum(report)}`],
  ...Object.entries(report.checked).map(([kind, count]) => [`of these, ${kind}`, `${count}`] as const),
  ['a second', (sum(report) / report.seconds).toFixed(0)],
  ['allowed', `${((report.allowed / Math.max(1, decided)) * 100).toFixed(1)} %`],
  ['denied because they came late', `${report.late}`],
  ['wrong, or of two generations', `${report.failures.length}`],
  ['generations', `${report.generations} of ${report.revisions} revisions, in ${report.seconds.toFixed(0)} s`],
  ['RSS at the first look', `${memory(report.samples[0])} MB`],
  ['RSS at minute 5', `${memory(settled[0])} MB`],
  ['RSS at the end', `${memory(report.samples.at(-1))} MB`],
  [
    `RSS slope from minute 5 on (goal: under ${GOAL_MEGABYTES})`,
    growth === null ? 'not known: shorter than that' : `${growth.toFixed(2)} MB in ten minutes`,
  ],
];
for (const [what, figure] of figures) console.log(`${what.padEnd(44)}${figure}`);
for (const failure of report.failures) console.log(`FAILED: ${failure}`);
if (values['write-docs']) writeFigures();
process.exit(report.failures.length === 0 && (growth ?? 0) < GOAL_MEGABYTES ? 0 : 1);

function writeFigures(): void {
  const page = new URL('../../docs/soak.md', import.meta.url);
  const kept = readFileSync(page, 'utf8').split(MEASURED)[0] ?? '';
  const rows = figures.map((row) => `| ${row.join(' | ')} |`);
  const machine = `${cpus().length} cores, Node ${process.version}`;
  writeFileSync(page, [`${kept}${MEASURED}\n`, `| | ${machine} |`, '| --- | --- |', ...rows, ''].join('\n'));
}

// npm run soak -- [--minutes N] [--seed N]: builds the daemon, prints every ten seconds, and the figures at the end.
import { parseArgs } from 'node:util';
import { build, PROGRAM } from '../bench/built-program.ts';
import { slope } from './memory.ts';
import { type SoakReport, soak } from './soak.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run soak -- [--minutes N] [--seed N]');
  process.exit(2);
}

/** By then caches are full and everything has been compiled. */
const SETTLED_SECONDS = 300;
const GOAL_MEGABYTES = 1;

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
console.log(`answers checked   ${sum(report)} (${JSON.stringify(report.checked)})`);
console.log(`a second          ${(sum(report) / report.seconds).toFixed(0)}`);
console.log(
  `allowed           ${((report.allowed / Math.max(1, sum(report) - report.checked.status)) * 100).toFixed(1)} %`,
);
console.log(`late (denied)     ${report.late}`);
console.log(
  `generations       ${report.generations} of ${report.revisions} revisions, in ${report.seconds.toFixed(0)} s`,
);
console.log(`RSS               ${memory(report.samples[0])} MB at first, ${memory(report.samples.at(-1))} MB at last`);
console.log(
  growth === null
    ? `RSS slope         not known: it is measured from minute ${SETTLED_SECONDS / 60} on`
    : `RSS slope         ${growth.toFixed(2)} MB in ten minutes, from minute ${SETTLED_SECONDS / 60} on (goal: under ${GOAL_MEGABYTES})`,
);
for (const failure of report.failures) console.log(`FAILED: ${failure}`);
process.exit(report.failures.length === 0 && (growth ?? 0) < GOAL_MEGABYTES ? 0 : 1);

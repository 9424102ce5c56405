// npm run kill-loop -- [--kills N] [--seed N] [--write]: kills daemons and prints what the next start served.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { KILL_HEADING, withSection } from '../attack-document.ts';
import { killLoop } from './loop.ts';
import { betweenOf, killSection, killTable } from './report.ts';
import { governanceSubject, tufSubject } from './subject.ts';

const PAGE = new URL('../../../docs/attacks.md', import.meta.url);

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const count = Number(values.kills);
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  console.error('usage: npm run kill-loop -- [--kills N] [--seed N] [--write]');
  process.exit(2);
}

console.log(`seed ${seed}`);
const begun = performance.now();
let done = 0;
const kills = await killLoop({
  kills: count,
  // two thirds of the kills have to land where something is half done
  between: Math.ceil((count * 2) / 3),
  seed,
  subjects: [governanceSubject, tufSubject],
  onKill: () => {
    done += 1;
    if (done % 10 === 0) console.log(`${done} kills in ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  },
});
console.log(killTable(kills));
console.log(`${kills.length} kills, ${betweenOf(kills)} between candidate_stored and swapped`);
if (values.write) {
  const section = { heading: KILL_HEADING, text: killSection(kills) };
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), section));
}

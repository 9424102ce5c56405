// npm run prove -- [--pairs N] [--seed N]: the index against the reference evaluator, on N (rule set, request) pairs.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { disagreement, newTally, shareOf, type Tally } from './agreement.ts';
import { filesystemCase, networkCase } from './arbitraries.ts';
import { type DenseCase, denseFilesystemCase, denseNetworkCase } from './dense.ts';
import { isRaw, type Raw } from './reference-rules.ts';
import { difference, evaluate } from './subject.ts';

const { values } = parseArgs({ options: { pairs: { type: 'string', default: '1000000' }, seed: { type: 'string' } } });
const pairs = Number(values.pairs);
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
if (!(pairs >= 1) || !Number.isInteger(seed)) {
  console.error('usage: npm run prove -- [--pairs N] [--seed N]');
  process.exit(2);
}

/** A part of the proof: cases of one sort, and what is wrong with one of them. */
interface Part {
  readonly name: string;
  readonly property: (tally: Tally) => fc.IProperty<[unknown]>;
}

function crowded(cases: fc.Arbitrary<DenseCase>): Part['property'] {
  return (tally) => fc.property(cases, (input) => throwIf(disagreement(input, tally)));
}

/** One request a rule set, through the lines of `reeve eval`. */
function alone(cases: fc.Arbitrary<Raw>): Part['property'] {
  return (tally) =>
    fc.property(cases, (input) => {
      const answer = evaluate(input);
      const code = isRaw(answer['error']) ? 'error' : String(answer['code']);
      tally.pairs += 1;
      tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
      const wrong = difference(input, answer);
      throwIf(wrong === null ? null : `${wrong}: ${JSON.stringify(input)}`);
    });
}

function throwIf(wrong: string | null): void {
  if (wrong !== null) throw new Error(wrong);
}

const PARTS: readonly Part[] = [
  { name: 'network, crowded', property: crowded(denseNetworkCase) },
  { name: 'filesystem, crowded', property: crowded(denseFilesystemCase) },
  { name: 'network', property: alone(networkCase) },
  { name: 'filesystem', property: alone(filesystemCase) },
];

/** Cases of one run of the library: between two of them there is news. */
const RUNS_A_ROUND = 500;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(7);

let disagreed = false;
let total = 0;
const started = performance.now();
console.log(`seed ${seed}\npart                     pairs    allow  by rule  codes  pairs a second`);
for (const { name, property } of PARTS) {
  const tally = newTally();
  const begun = performance.now();
  for (let round = 0; tally.pairs < pairs / PARTS.length && !disagreed; round += 1) {
    const outcome = fc.check(property(tally), { numRuns: RUNS_A_ROUND, seed: seed + round });
    if (!outcome.failed) continue;
    disagreed = true;
    const { errorInstance, counterexamplePath } = outcome;
    const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    console.log(`DISAGREE (${name}, seed ${outcome.seed}, path ${counterexamplePath ?? ''})\n${why}`);
  }
  total += tally.pairs;
  const columns = [
    name.padEnd(20),
    String(tally.pairs).padStart(9),
    percent(shareOf(tally, (code) => code.endsWith('_allow'))),
    percent(shareOf(tally, (code) => code === 'org_deny' || code === 'local_deny')),
    String(tally.codes.size).padStart(5),
    String(Math.round((tally.pairs * 1_000) / (performance.now() - begun))).padStart(15),
  ];
  console.log(columns.join('  '));
  if (disagreed) break;
}
console.log(
  `${total} pairs in ${((performance.now() - started) / 1_000).toFixed(0)} s: ${disagreed ? 'they disagree' : 'no difference'}`,
);
process.exit(disagreed ? 1 : 0);

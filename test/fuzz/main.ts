// npm run fuzz -- [--seconds N] [--seed N] [NAME…]: fuzzes parsers one after the other, each for N seconds.
import { parseArgs } from 'node:util';
import { TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? {} : { seed: Number(values.seed) };
const names = TARGETS.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (!(seconds > 0) || !Number.isInteger(seed.seed ?? 0) || unknown.length > 0) {
  console.error(`usage: npm run fuzz -- [--seconds N] [--seed N] [NAME…], names: ${names.join(' ')}`);
  process.exit(2);
}
let failed = 0;
console.log('target            runs       a second   slowest call   heap growth');
for (const { name, fuzz } of TARGETS) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const started = performance.now();
  const { runs, slowestMs, heapGrowth, failure } = await fuzz({ seconds, ...seed });
  const rate = Math.round((runs * 1_000) / (performance.now() - started));
  const columns = [
    name.padEnd(16),
    String(runs).padStart(8),
    String(rate).padStart(12),
    (slowestMs < 1 ? '< 1 ms' : `${slowestMs.toFixed(1)} ms`).padStart(14),
    `${(heapGrowth / 1_024).toFixed(0)} KiB`.padStart(12),
  ];
  console.log(columns.join(' '));
  if (failure !== null) {
    failed += 1;
    console.log(failure);
  }
}
process.exit(failed === 0 ? 0 : 1);

// npm run fleet -- [--machines N] [--rounds N] [--interval SECONDS] [--write-docs]: what a fleet costs, measured.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openScope } from '../support/scope.ts';
import { fleetDocument } from './document.ts';
import { nginxMissing } from './nginx.ts';
import { pollCosts } from './poll-cost.ts';
import { publishToLive } from './publish-to-live.ts';
import { fleetSite } from './site.ts';

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    interval: { type: 'string', default: '60' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const [machines, rounds, interval] = [values.machines, values.rounds, values.interval].map(Number);
const isCount = (value: number | undefined): value is number => Number.isInteger(value) && (value ?? 0) > 0;
if (!isCount(machines) || !isCount(rounds) || !isCount(interval)) {
  console.error('usage: npm run fleet -- [--machines N] [--rounds N] [--interval SECONDS] [--write-docs]');
  process.exit(2);
}
const missing = nginxMissing();
if (missing !== null) {
  console.error(`fleet: skipped: ${missing}`);
  process.exit(0);
}

const scope = openScope();
try {
  const site = await fleetSite(scope);
  const costs = await pollCosts(scope, site);
  const fleet = await publishToLive(scope, site, {
    machines,
    rounds,
    intervalMs: interval * 1_000,
    revision: 100,
    progress: (line) => console.error(`fleet: ${line}`),
  });
  const text = fleetDocument({ costs, fleet, machines, rounds, interval, cores: cpus().length });
  console.log(text);
  if (values['write-docs']) {
    const page = new URL('../../docs/fleet.md', import.meta.url);
    const kept = readFileSync(page, 'utf8').split('<!-- measured -->')[0] ?? '';
    writeFileSync(page, `${kept}<!-- measured -->\n\n${text}\n`);
  }
} finally {
  await scope.close();
}

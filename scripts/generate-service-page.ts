// Writes into docs/service.md what systemd says of the unit, and what a machine that booted twice did. Needs root and
// systemd-nspawn for the second; `--exposure` leaves it as it is. Tests compare the page with what they see themselves.
import { readFileSync, writeFileSync } from 'node:fs';
import { bootTwice } from '../test/service/boot.ts';
import { exposureOf, exposureText, runText, systemUnit, withBetween } from '../test/service/service-page.ts';
import { openScope } from '../test/support/scope.ts';

const PAGE = new URL('../docs/service.md', import.meta.url);

const written = withBetween(readFileSync(PAGE, 'utf8'), 'exposure', exposureText(exposureOf(systemUnit())));
const scope = openScope();
try {
  const withRun = (log: string): string => withBetween(written, 'run', runText(log));
  writeFileSync(PAGE, process.argv.includes('--exposure') ? written : withRun((await bootTwice(scope)).log));
} finally {
  await scope.close();
}

import { realpathSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeFault } from '../realpath/trusted-file.ts';
import type { InstalledProgram } from './places.ts';
import { ServiceError } from './service-error.ts';

/** The program that runs right now, as a service manager would start it: this Node.js and this package. */
export function ownProgram(): InstalledProgram {
  const own = fileURLToPath(import.meta.url);
  // src/service and dist/service lie equally deep in the package
  const packageDirectory = realpathSync(join(own, '../../..'));
  const main = realpathSync(join(own, '../../cli', `main${extname(own)}`));
  return { words: [realpathSync(process.execPath), main], packageDirectory };
}

/**
 * A service starts its program with rights that other users do not have. Throws a `ServiceError` where one of them could
 * put another program in its place.
 */
export function refuseUnsafeProgram({ words, packageDirectory }: InstalledProgram, owners: readonly number[]): void {
  for (const path of [...words, packageDirectory]) {
    const fault = placeFault(path, owners);
    if (fault === null) continue;
    const message = `${fault}; a service must not start what others can change: install reeve as root (\`npm install --global\`, or the Debian package)`;
    throw new ServiceError('unsafe_program', message);
  }
}

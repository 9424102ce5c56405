import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const UNIT = join(import.meta.dirname, '../../service/systemd/system/reeve.service');

/** What the system unit sets for every machine alike: whoever measures a daemon measures it as it is deployed. */
export function unitEnvironment(): Readonly<Record<string, string>> {
  const lines = readFileSync(UNIT, 'utf8').matchAll(/^Environment=([A-Z_]+)=([^@\n]+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
}

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** As `npm run build` leaves it: what is deployed carries no TypeScript. */
export const PROGRAM = join(ROOT, 'dist/cli/main.js');

/** Builds what will be measured. Throws if that fails. */
export function build(): void {
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, encoding: 'utf8', timeout: 120_000 });
  if (built.status !== 0) throw new Error(`npm run build failed: ${built.stdout}${built.stderr}`);
}

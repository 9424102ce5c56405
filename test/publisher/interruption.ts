import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';

/** The repository as it is between any two steps of a publication: what was written, file by file, in its order. */
export async function atEachStep(
  t: Scope,
  repository: string,
  publish: () => Promise<{ readonly written: readonly string[] }>,
  look: (repository: string, done: readonly string[]) => Promise<void>,
): Promise<void> {
  const copy = join(tempDirectory(t), 'repository');
  cpSync(repository, copy, { recursive: true });
  const { written } = await publish();
  await look(copy, []);
  for (const [index, path] of written.entries()) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(repository, path), join(copy, path));
    await look(copy, written.slice(0, index + 1));
  }
}

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

/** A directory for one test, without links in its own path. */
export function tempDirectory(t: Scope): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-')));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** `/` at the end makes a directory, `a -> b` a link with that very target, anything else a file. */
export function plant(root: string, entries: readonly string[]): void {
  for (const entry of entries) {
    const [name = '', target] = entry.split(' -> ');
    if (target !== undefined) symlinkSync(target, join(root, name));
    else if (name.endsWith('/')) mkdirSync(join(root, name), { recursive: true });
    else writeFileSync(join(root, name), '');
  }
}

import { fchmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { createDurably } from '../files/durable-file.ts';
import { ServiceError } from './service-error.ts';
import type { ServiceFile } from './service-files.ts';

/** What has to be done about one file for it to be as it should be. */
export interface FileStep extends ServiceFile {
  readonly action: 'create' | 'replace' | 'keep';
}

export function planFiles(files: readonly ServiceFile[]): readonly FileStep[] {
  return files.map((file) => ({ ...file, action: actionFor(file) }));
}

function actionFor({ path, text }: ServiceFile): FileStep['action'] {
  const found = existing(path);
  if (found === null) return 'create';
  return found === text ? 'keep' : 'replace';
}

/** The text of a file that a service manager would read; null = there is none. */
function existing(path: string): string | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (found.isFile()) return readFileSync(path, 'utf8');
  // such as a unit that was masked: an administrator's word
  const message = `${shown(path)} is no regular file, so somebody has put it there on purpose: remove it first (a masked unit: \`systemctl unmask\`)`;
  throw new ServiceError('file_in_the_way', message);
}

/** Each file whole or not at all; readable for everybody, as service managers want it. */
export function writeFiles(steps: readonly FileStep[]): void {
  for (const { action, path, text } of steps) {
    if (action === 'keep') continue;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      replaceFile(path, text);
    } catch (error) {
      throw new ServiceError('write_failed', `cannot write ${shown(path)}: ${messageOf(error)}`, { cause: error });
    }
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  // whatever the umask is
  createDurably(temporary, text, { mode: 0o644, beforeSync: (descriptor) => fchmodSync(descriptor, 0o644) });
  renameSync(temporary, path);
}

/** Those of the files that are there. */
export function presentFiles(files: readonly ServiceFile[]): readonly string[] {
  return files.map(({ path }) => path).filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** A directory goes with all that is in it; a link goes itself. */
export function removePath(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw new ServiceError('write_failed', `cannot remove ${shown(path)}: ${messageOf(error)}`, { cause: error });
  }
}

import { randomBytes } from 'node:crypto';
import { fchmodSync, futimesSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createDurably, syncDirectory } from '../files/durable-file.ts';
import { causeOf, unusable } from './small-file.ts';

export interface AtomicOptions {
  /** Whatever the umask says, such as of files that a web server has to read; without it the umask decides. */
  readonly mode?: number;
  /** Milliseconds since the epoch; without it the file has the time of its writing. */
  readonly modifiedAt?: number;
}

/** What is left behind by a writer that was killed begins so, and nobody serves it. */
export const TEMPORARY_PREFIX = '.writing-';

/**
 * The old file or the new one, whole, for whoever reads meanwhile, and after a power cut: temporary name, fsync, rename,
 * fsync of the directory.
 */
export function writeAtomically(path: string, bytes: Uint8Array, options: AtomicOptions = {}): void {
  const directory = dirname(path);
  const temporary = join(directory, `${TEMPORARY_PREFIX}${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    try {
      createDurably(temporary, bytes, { mode: 0o644, beforeSync: (descriptor) => dress(descriptor, options) });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    syncDirectory(directory);
  } catch (error) {
    throw unusable(path, `it cannot be written (${causeOf(error)})`);
  }
}

function dress(descriptor: number, { mode, modifiedAt }: AtomicOptions): void {
  if (mode !== undefined) fchmodSync(descriptor, mode);
  if (modifiedAt !== undefined) futimesSync(descriptor, modifiedAt / 1_000, modifiedAt / 1_000);
}

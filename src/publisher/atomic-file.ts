import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, futimesSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
      writeDurably(temporary, bytes, options);
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

function writeDurably(path: string, bytes: Uint8Array, { mode, modifiedAt }: AtomicOptions): void {
  const descriptor = openSync(path, 'wx', 0o644);
  try {
    if (mode !== undefined) fchmodSync(descriptor, mode);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    if (modifiedAt !== undefined) futimesSync(descriptor, modifiedAt / 1_000, modifiedAt / 1_000);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A new name is on the disk once its directory is. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

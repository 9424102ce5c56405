import { closeSync, constants, fsyncSync, openSync, writeFileSync } from 'node:fs';

/**
 * Writes a file that was not there; all of it is on the disk when this returns, and its name once `syncDirectory` has.
 * `beforeSync` sees to what else belongs to it. Throws what the system says; a part of it may be there then.
 */
export function createDurably(
  path: string,
  content: string | Uint8Array,
  { mode, beforeSync }: { readonly mode: number; readonly beforeSync?: (descriptor: number) => void },
): void {
  const descriptor = openSync(path, 'wx', mode);
  try {
    // whole, or it throws: one call to write may leave the end out on a disk that is nearly full
    writeFileSync(descriptor, content);
    beforeSync?.(descriptor);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A new name is on the disk once its directory is. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './atomic-file.ts';
import { causeOf, unusable } from './small-file.ts';

/** Writes a file that was not there, on the disk when this returns; one that is there stays as it is. */
export function writeOnce(path: string, content: string | Uint8Array, mode: number): void {
  try {
    const descriptor = openSync(path, 'wx', mode);
    try {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    syncDirectory(dirname(path));
  } catch (error) {
    const code = causeOf(error);
    throw unusable(path, code === 'EEXIST' ? 'it is there already, and nothing is written over it' : code);
  }
}

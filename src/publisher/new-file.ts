import { dirname } from 'node:path';
import { createDurably, syncDirectory } from '../files/durable-file.ts';
import { causeOf, unusable } from './small-file.ts';

/** Writes a file that was not there, on the disk when this returns; one that is there stays as it is. */
export function writeOnce(path: string, content: string | Uint8Array, mode: number): void {
  try {
    createDurably(path, content, { mode });
    syncDirectory(dirname(path));
  } catch (error) {
    const code = causeOf(error);
    throw unusable(path, code === 'EEXIST' ? 'it is there already, and nothing is written over it' : code);
  }
}

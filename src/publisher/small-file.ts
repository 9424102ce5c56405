import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import { PublisherError } from './publisher-error.ts';

/** Reads a file that a person named, at most `maxBytes` of it; a FIFO in its place holds nobody. */
export function readSmallFile(path: string, maxBytes: number): Buffer {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!fstatSync(descriptor).isFile()) throw unusable(path, 'it is no regular file');
      const buffer = Buffer.alloc(maxBytes + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length <= maxBytes; length += read) {
        read = readSync(descriptor, buffer, length, buffer.length - length, null);
      }
      if (length > maxBytes) throw unusable(path, `it is larger than ${maxBytes} bytes`);
      return buffer.subarray(0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof PublisherError) throw error;
    throw unopened(path, error);
  }
}

/** The JSON of such a file. */
export function readJsonFile(path: string, maxBytes: number): unknown {
  const reading = parseStrictJson(readSmallFile(path, maxBytes));
  if (reading.kind === 'error') throw unusable(path, reading.message);
  return reading.value;
}

/** What the system said, as a word: a message of its own would repeat the path. */
export function causeOf(error: unknown): string {
  return codeOf(error) ?? 'error';
}

/** A file or a directory that a person named, and that the system does not open. */
export function unopened(path: string, error: unknown): PublisherError {
  const code = causeOf(error);
  return unusable(path, `it cannot be opened (${code}): ${MENDS[code] ?? 'see that this user may read it'}`);
}

const MENDS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing is there, so see that the path is right',
  ENOTDIR: 'a part of the path is no directory, so see that it is right',
};

export function unusable(path: string, why: string): PublisherError {
  return new PublisherError('file_unusable', `cannot use ${shown(path)}: ${why}`);
}

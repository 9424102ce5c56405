import { close, fstat, fstatSync, open, openSync, rename, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../base/coded-error.ts';

const opening = promisify(open);
const looking = promisify(fstat);
const renaming = promisify(rename);

/** When a log file makes room for the next one. */
export interface Rotation {
  readonly maxBytes: number;
  /** How many old ones stay beside it: `FILE.1` is the newest. At least one. */
  readonly keep: number;
}

/** An open log; whoever holds it closes it. */
export interface OpenLog {
  readonly fd: number;
  readonly path: string;
  /** Null = what is there is no regular file, and cannot be put aside. */
  readonly bytes: number | null;
}

/** For its owner only; what is there stays. */
export async function openLogFile(path: string): Promise<OpenLog> {
  const fd = await opening(path, 'a', 0o600);
  return opened(path, fd, await looking(fd));
}

/** The same before anything answers. */
export function openLogFileSync(path: string): OpenLog {
  const fd = openSync(path, 'a', 0o600);
  return opened(path, fd, fstatSync(fd));
}

export function closeLogFile({ fd }: OpenLog): void {
  // nobody could do anything about it
  close(fd, () => undefined);
}

/** Puts the file aside and begins another one; the oldest goes. Rejects where the directory takes no changes. */
export async function rotateLogFile(path: string, keep: number): Promise<OpenLog> {
  for (let age = keep - 1; age > 0; age -= 1) await renamed(`${path}.${age}`, `${path}.${age + 1}`);
  await renamed(path, `${path}.1`);
  return openLogFile(path);
}

function opened(path: string, fd: number, stats: Stats): OpenLog {
  return { fd, path, bytes: stats.isFile() ? stats.size : null };
}

async function renamed(from: string, to: string): Promise<void> {
  try {
    await renaming(from, to);
  } catch (error) {
    // there may be fewer than are kept, and somebody else may have put the file away
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

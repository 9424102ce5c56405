import { statSync } from 'node:fs';

const LOOK_MS = 1_000;

/**
 * Once a second: whether a file is still the one that was opened. SQLite goes on with one that was removed or exchanged,
 * and what it writes there is gone with the next start.
 */
export function watchFile(path: string, before: number | null, onExchanged: () => void): void {
  // one that was not there has been made by now
  const opened = before ?? inodeOf(path);
  const timer = setInterval(() => {
    const found = inodeOf(path);
    if (found === opened || found === UNKNOWN) return;
    clearInterval(timer);
    onExchanged();
  }, LOOK_MS);
  timer.unref();
}

/** A disk that does not answer says nothing about the file. */
const UNKNOWN = -1;

/** Null = it is not there. While a file is open, no other one gets its number. */
export function inodeOf(path: string): number | null {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
  } catch {
    return UNKNOWN;
  }
}

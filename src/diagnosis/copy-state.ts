import { accessSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../base/coded-error.ts';
import { openToRead } from '../store/database.ts';
import { MARK, POLICY_DATABASE } from '../store/policy-state.ts';
import { look } from './look.ts';

/** Has something undone when this process ends, also by a signal; what it returns is called once it is done. */
export type BeforeEnd = (undo: () => void) => () => void;

/** A private copy of what a daemon knows, in which everything may be tried. */
export interface StateCopy {
  readonly directory: string;
  remove(): void;
}

/** Whether this process may look into a daemon's state. */
export function stateAccess(directory: string): 'absent' | 'closed' | 'open' {
  try {
    accessSync(directory, constants.R_OK | constants.X_OK);
    return 'open';
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'absent' : 'closed';
  }
}

/**
 * Whose credential file root may use as well: a service has a user of its own, and a file of that user is none for
 * anybody else. Read where it lies, so that no copy outlives a run that is interrupted.
 */
export function serviceOwner(stateDirectory: string): { readonly credentialOwner?: number } {
  const state = process.geteuid?.() === 0 ? look(stateDirectory) : null;
  return state === null ? {} : { credentialOwner: state.uid };
}

/** Throws where the state cannot be read; what is damaged is copied with its damage. */
export async function copyState(from: string, beforeEnd: BeforeEnd): Promise<StateCopy> {
  let made: string | null = null;
  const erase = (): void => {
    if (made !== null) rmSync(made, { recursive: true, force: true });
  };
  // first: a signal may come as soon as there is something to leave behind
  const erased = beforeEnd(erase);
  const remove = (): void => {
    erase();
    erased();
  };
  try {
    const directory = mkdtempSync(join(tmpdir(), 'reeve-doctor-'));
    made = directory;
    for (const name of [MARK, `${MARK}.new`]) copyIfThere(join(from, name), join(directory, name));
    await copyDatabase(join(from, POLICY_DATABASE), join(directory, POLICY_DATABASE));
    return { directory, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A daemon may be writing: SQLite gives a copy of one moment. What is no database for it is copied as it is. */
async function copyDatabase(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  try {
    const database = openToRead(from);
    try {
      await database.backup(to);
    } finally {
      database.close();
    }
  } catch {
    rmSync(to, { force: true });
    for (const suffix of ['', '-wal']) copyIfThere(from + suffix, to + suffix);
  }
}

function copyIfThere(from: string, to: string): void {
  // whatever else stands in this place is for the daemon to complain of
  if (look(from)?.isFile() === true) copyFileSync(from, to);
}

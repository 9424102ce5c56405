import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { openToRead } from './database.ts';
import { openMarkFile } from './mark-file.ts';

/** In the state directory: what this machine knows of its organisation, and what it has served. */
export const POLICY_DATABASE = 'policy.db';
export const MARK = 'mark';

const SIDE_FILES = ['', '-wal', '-shm', '-journal'];

/** What a machine knew before it was reset. */
export interface KnownPolicy {
  /** The organisation that it belonged to. */
  readonly org: string | null;
  readonly revision: string | null;
  /** The domains that were governed. */
  readonly governed: readonly string[];
}

/** As much as can still be read, whatever is wrong with the files. Never throws. */
export function knownPolicy(directory: string): KnownPolicy {
  const reading = openMarkFile(join(directory, MARK)).read();
  const mark = reading.kind === 'marks' ? (reading.marks.active ?? reading.marks.next) : null;
  const known = withDatabase(join(directory, POLICY_DATABASE), (database) => ({
    org: tried(() => database.prepare<[], string>('SELECT org FROM enrolment').pluck().get()),
    revision: tried(() =>
      database
        .prepare<[], string>("SELECT revision FROM bundle WHERE id = (SELECT bundle FROM slot WHERE name = 'active')")
        .pluck()
        .get(),
    ),
    governed: tried(() =>
      database.prepare<[], string>('SELECT domain FROM governed_domain ORDER BY domain DESC').pluck().all(),
    ),
  }));
  return {
    org: known?.org ?? mark?.org ?? null,
    revision: known?.revision ?? mark?.revision ?? null,
    governed: known?.governed ?? [],
  };
}

/**
 * Removes all that is known of the organisation, and the last good local files, which are read again. The decision log
 * stays. Whoever breaks off in between leaves a machine that denies until a policy was verified anew.
 */
export async function removePolicyState(directory: string): Promise<void> {
  for (const suffix of SIDE_FILES) await rm(join(directory, POLICY_DATABASE + suffix), { force: true });
  for (const name of [MARK, `${MARK}.new`]) await rm(join(directory, name), { force: true });
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function withDatabase<T>(path: string, read: (database: Database) => T): T | null {
  const database = tried(() => openToRead(path));
  if (database === null) return null;
  try {
    return read(database);
  } finally {
    database.close();
  }
}

function tried<T>(read: () => T | undefined): T | null {
  try {
    return read() ?? null;
  } catch {
    return null;
  }
}

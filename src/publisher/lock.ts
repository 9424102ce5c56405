import { type Database, openDatabase } from '../store/database.ts';
import { StoreError } from '../store/store-error.ts';
import { PublisherError } from './publisher-error.ts';
import type { RepositoryDirectory } from './repository-directory.ts';

/**
 * One publisher at a time (tuf, 9). The lock is one of the kernel on a file, taken through SQLite: whoever holds it and is
 * killed has let go of it.
 */
export async function withLock<T>(directory: RepositoryDirectory, work: () => Promise<T>): Promise<T> {
  const database = locked(directory);
  try {
    return await work();
  } finally {
    database.close();
  }
}

function locked(directory: RepositoryDirectory): Database {
  const path = directory.privatePath('lock.db');
  let database: Database | null = null;
  try {
    database = openDatabase(path, []);
    database.exec('BEGIN IMMEDIATE');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    const message = `another publisher is at work in \`${directory.path}\`: wait for it, or stop it`;
    throw new PublisherError('repository_busy', message, { cause: error });
  }
}

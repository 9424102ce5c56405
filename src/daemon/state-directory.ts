import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { type HeldLock, lockFile } from '../store/database.ts';
import { ConfigError } from './config/config-error.ts';

/**
 * The directory of the databases: made private if it is missing, refused if anybody else could put another database
 * there. Throws a `ConfigError`.
 */
export function prepareStateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    if (!found.isDirectory()) throw new Error('it is no directory');
    if (found.uid !== process.geteuid?.() && found.uid !== 0) throw new Error('it belongs to another user');
    if ((found.mode & 0o022) !== 0) throw new Error('it is writable for group or others: chmod go-w it');
  } catch (error) {
    throw unusable(path, error);
  }
}

/** In the state directory: held by the daemon that writes there. */
const LOCK = 'lock';

/** Two daemons with one state would undo each other's policy. Throws a `ConfigError` where there is another one. */
export function lockStateDirectory(path: string): HeldLock {
  const lock = lockOf(path);
  if (lock !== null) return lock;
  const message = `another daemon keeps its state in ${shown(path)}: stop it first, or give this one a \`state_directory\` of its own`;
  throw new ConfigError('already_running', message);
}

function lockOf(path: string): HeldLock | null {
  try {
    return lockFile(join(path, LOCK));
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): ConfigError {
  const message = `${shown(path)} cannot hold the state (\`state_directory\`): ${messageOf(error)}`;
  return new ConfigError('state_unusable', message, { cause: error });
}

import { lstatSync, mkdirSync } from 'node:fs';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { ConfigError } from './config-error.ts';

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
    const message = `${shown(path)} cannot hold the state (\`state_directory\`): ${messageOf(error)}`;
    throw new ConfigError('state_unusable', message, { cause: error });
  }
}

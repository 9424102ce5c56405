import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { LocalApiError } from './local-api-error.ts';

/**
 * The directory that the sockets live in: made with `mode` if it is missing (0755 for the system service, 0700 for a
 * user's), and refused if anybody else could swap a socket in it.
 */
export function prepareSocketDirectory(path: string, mode: 0o755 | 0o700): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, mode);
    const found = lstatSync(path);
    if (!found.isDirectory()) throw new Error('it is no directory');
    if (found.uid !== process.geteuid?.() && found.uid !== 0) throw new Error('it belongs to another user');
    if ((found.mode & 0o022) !== 0) throw new Error('it is writable for group or others');
  } catch (error) {
    const message = `${shown(path)} cannot hold the sockets: ${messageOf(error)}; mend it, or choose another with \`sockets\``;
    throw new LocalApiError('unsafe_socket_path', message, { cause: error });
  }
}

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf } from '../../base/coded-error.ts';

export type SettingsReading =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  /** It is there, and this user may not read it, or it is nothing that a program would read. */
  | { readonly kind: 'closed' };

const MAX_BYTES = 1_048_576;

/** Anybody may have put this there, and root may be asking: no pipe, no device, no more than fits, and nothing is ever quoted. */
export function readSettings(path: string): SettingsReading {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    return { kind: code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'closed' };
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size > MAX_BYTES) return { kind: 'closed' };
    const buffer = Buffer.alloc(stats.size);
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    return { kind: 'text', text: buffer.toString('utf8', 0, length) };
  } catch {
    return { kind: 'closed' };
  } finally {
    closeSync(descriptor);
  }
}

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { codeOf } from '../../base/coded-error.ts';
import { type Credential, readCredential } from '../../schema/governance.ts';
import { MAX_CREDENTIAL_FILE_BYTES } from '../../schema/limits.ts';
import { parseStrictJson } from '../../schema/strict-json.ts';
import { SourceError } from '../source-failure.ts';

/**
 * Reads `{"identifier": "…", "secret": "…"}`. The file must belong to root, to this process's user or to `owner`, and
 * be closed to everybody else. Read again at each token exchange, so that a rotated secret needs no restart and none is kept.
 */
export function readCredentialFile(path: string, owner?: number): Credential {
  const reading = parseStrictJson(readPrivateFile(path, owner));
  // neither message may quote the content
  if (reading.kind === 'error') throw unusable(path, 'it is not JSON');
  const credential = readCredential(reading.value);
  if (credential.kind === 'ok') return credential.value;
  throw unusable(path, 'it must hold {"identifier": "…", "secret": "…"} and nothing else');
}

function readPrivateFile(path: string, owner: number | undefined): Uint8Array {
  let descriptor: number;
  try {
    // without O_NONBLOCK a FIFO in this place would hold the daemon for ever
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    throw unusable(path, code === 'ELOOP' ? 'it is a link' : `it cannot be opened (${code})`);
  }
  try {
    const fault = faultOf(fstatSync(descriptor), owner);
    if (fault !== null) throw unusable(path, fault);
    const buffer = new Uint8Array(MAX_CREDENTIAL_FILE_BYTES);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

function faultOf(stats: Stats, owner: number | undefined): string | null {
  if (!stats.isFile()) return 'it is not a regular file';
  if (stats.size > MAX_CREDENTIAL_FILE_BYTES) return 'it is too large';
  if (stats.uid !== 0 && stats.uid !== owner && stats.uid !== userInfo().uid) return 'it belongs to another user';
  if ((stats.mode & 0o077) !== 0) return 'others may access it: chmod 600';
  return null;
}

function unusable(path: string, why: string): SourceError {
  return new SourceError('fetch', 'credential_unreadable', `cannot use the credential file \`${path}\`: ${why}`);
}

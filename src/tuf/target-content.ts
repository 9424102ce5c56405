import { gunzipSync } from 'node:zlib';
import { codeOf } from '../base/coded-error.ts';
import type { Target } from './delegation.ts';
import { MAX_DOCUMENT_BYTES } from './limits.ts';
import { assertListed } from './listed-file.ts';
import { TufError } from './tuf-error.ts';

/** Throws unless the bytes are the target, length and every hash that is listed. */
export function assertTarget({ listed }: Target, bytes: Uint8Array): void {
  assertListed(listed, bytes, 'target', 'target_mismatch');
}

/** The document in a verified target. Never before verification, and never more than a bundle may have. */
export function unpackTarget({ custom }: Target, verified: Uint8Array): Buffer {
  let document: Buffer;
  try {
    document = gunzipSync(verified, { maxOutputLength: MAX_DOCUMENT_BYTES });
  } catch (error) {
    const tooLarge = codeOf(error) === 'ERR_BUFFER_TOO_LARGE';
    if (tooLarge) throw new TufError('too_large', 'target', `unpacks to more than ${MAX_DOCUMENT_BYTES} bytes`);
    throw new TufError('malformed', 'target', 'is not gzip', { cause: error });
  }
  assertSaid(custom, 'uncompressed', document.length);
  return document;
}

/** What the publisher lists about a bundle has to be what is in it (tuf, 2). What it leaves out says nothing. */
export function assertSaid(custom: Target['custom'], member: string, value: string | number): void {
  if (!Object.hasOwn(custom, member) || custom[member] === value) return;
  throw new TufError('target_mismatch', 'target', `is listed with another \`${member}\` than it has`);
}

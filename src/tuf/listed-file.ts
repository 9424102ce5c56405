import { MetaFile } from '@tufjs/models';
import { positiveInteger } from './metadata.ts';
import { TufError, type TufErrorCode } from './tuf-error.ts';

/** A file as other metadata lists it: what its bytes must be before anybody parses them. */
export interface ListedFile {
  readonly version: number;
  readonly length: number;
  readonly sha256: string;
  readonly model: MetaFile;
}

interface Listing {
  readonly version: number;
  readonly length?: number | undefined;
  readonly hashes?: Readonly<Record<string, string>> | undefined;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Length and SHA-256 are demanded: without them junk would be parsed before it is verified (tuf, traps 1 and 6). */
export function readListed(listing: Listing, role: string, name: string): ListedFile {
  const version = positiveInteger(listing.version, role, `for ${name} version`);
  const { length, hashes } = listing;
  const sha256 = hashes !== undefined && Object.hasOwn(hashes, 'sha256') ? (hashes['sha256'] ?? '') : '';
  if (length === undefined || !Number.isSafeInteger(length) || length < 0) {
    throw new TufError('malformed', role, `lists ${name} without its length`);
  }
  if (hashes === undefined || !SHA256.test(sha256)) {
    throw new TufError('malformed', role, `lists ${name} without its sha256`);
  }
  return { version, length, sha256, model: new MetaFile({ version, length, hashes: { ...hashes } }) };
}

/** Throws `code` unless the bytes are the ones that were listed. */
export function assertListed({ model }: ListedFile, bytes: Uint8Array, role: string, code: TufErrorCode): void {
  try {
    model.verify(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw new TufError(code, role, 'is not the file that is listed', { cause: error });
  }
}

/** Whether stored bytes still are the ones that are listed. */
export function isListed(listed: ListedFile, bytes: Uint8Array): boolean {
  try {
    assertListed(listed, bytes, '', 'mix_and_match');
    return true;
  } catch {
    return false;
  }
}

import { createHash } from 'node:crypto';
import type { JsonObject } from '../tuf/metadata-text.ts';
import { utcText } from '../tuf/utc-time.ts';
import { SPEC_VERSION } from './root-document.ts';

/** A file as the next one up lists it. */
export interface FileNote {
  readonly version: number;
  readonly length: number;
  readonly sha256: string;
}

export function noteOf(version: number, bytes: Uint8Array): FileNote {
  return { version, length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

interface Head {
  readonly version: number;
  readonly expires: number;
}

/** Hashes are always listed: whoever downloads checks them before parsing (tuf, trap 1). */
export function snapshotSigned(files: ReadonlyMap<string, FileNote>, head: Head): JsonObject {
  const meta = [...files].map(([role, file]) => [`${role}.json`, entryOf(file)] as const);
  return { ...headOf('snapshot', head), meta: Object.fromEntries(meta) };
}

/** `issuedAt` is what the age of a policy counts from (delivery, "Staleness"). */
export function timestampSigned(snapshot: FileNote, head: Head & { readonly issuedAt: number }): JsonObject {
  return {
    ...headOf('timestamp', head),
    issued_at: utcText(head.issuedAt),
    meta: { 'snapshot.json': entryOf(snapshot) },
  };
}

function headOf(type: string, { version, expires }: Head): JsonObject {
  return { _type: type, spec_version: SPEC_VERSION, version, expires: utcText(expires) };
}

function entryOf({ version, length, sha256 }: FileNote): JsonObject {
  return { version, length, hashes: { sha256 } };
}

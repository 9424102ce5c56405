import { MAX_ENVELOPE_BYTES } from '../schema/limits.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import type { DetachedSignature, JsonObject, MetadataDocument } from '../tuf/metadata-text.ts';
import { readJsonFile, readSmallFile, unusable } from './small-file.ts';

/** More than any metadata that a client would take. */
export const MAX_METADATA_BYTES = 1024 * 1024;
const MAX_SIGNATURE_BYTES = 4 * 1024;

/** A metadata file, signed or not yet. Its signatures are not judged here. */
export function readMetadataFile(path: string): MetadataDocument {
  const document = metadataDocumentOf(readJsonFile(path, MAX_METADATA_BYTES));
  if (document === null) throw unusable(path, 'it is no metadata: `{"signatures": […], "signed": {…}}`');
  return document;
}

/** The same for a file that may be something else, which is null. */
export function metadataIn(path: string): MetadataDocument | null {
  if (!path.endsWith('.json')) return null;
  const reading = parseStrictJson(readSmallFile(path, MAX_ENVELOPE_BYTES));
  return reading.kind === 'value' ? metadataDocumentOf(reading.value) : null;
}

export function metadataDocumentOf(value: unknown): MetadataDocument | null {
  if (!isObject(value)) return null;
  const { signatures, signed, ...rest } = value;
  if (!isObject(signed) || !Array.isArray(signatures) || Object.keys(rest).length > 0) return null;
  const read = signatures.map(signatureOf);
  return read.includes(null) ? null : { signatures: read.filter((one) => one !== null), signed };
}

/** What `reeve keys sign` wrote. */
export function readSignatureFile(path: string): DetachedSignature {
  const signature = signatureOf(readJsonFile(path, MAX_SIGNATURE_BYTES));
  if (signature === null) throw unusable(path, 'it is no detached signature: `{"keyid": "…", "sig": "…"}`');
  return signature;
}

/** `1.root.json` signed by the key `3f9c…` is `1.root.json.3f9c2b1a.sig`. */
export function signaturePath(path: string, { keyid }: DetachedSignature): string {
  return `${path}.${keyid.slice(0, 8)}.sig`;
}

const HEX = /^(?:[0-9a-f]{2}){1,512}$/;

function signatureOf(value: unknown): DetachedSignature | null {
  if (!isObject(value)) return null;
  const { keyid, sig, ...rest } = value;
  if (typeof keyid !== 'string' || typeof sig !== 'string' || Object.keys(rest).length > 0) return null;
  return HEX.test(keyid) && HEX.test(sig) ? { keyid, sig } : null;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

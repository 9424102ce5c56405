import type { KeyObject } from 'node:crypto';
import { sign } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { shown } from '../base/shown.ts';
import { BUNDLE_PAYLOAD_TYPE, preAuthEncoding, readPublicKey, signerOf } from '../bundle/dsse.ts';
import { isObject } from '../policy/rule-shape.ts';
import { readEnvelope } from '../schema/envelope.ts';
import { MAX_BUNDLE_CHARACTERS, MAX_ENVELOPE_BYTES } from '../schema/limits.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import { PublisherError } from './publisher-error.ts';
import { readSmallFile, unusable } from './small-file.ts';

/** A bundle document and what it came in. */
export interface BundleFile {
  readonly document: Uint8Array;
  readonly form: 'document' | 'gzip' | 'envelope';
  /** How many signatures the envelope has, whoever made them. */
  readonly signatures: number;
}

const GZIP = [0x1f, 0x8b];

/** A bundle document, packed as in a repository, or in a DSSE envelope as source `file` takes it. */
export function readBundleFile(path: string): BundleFile {
  assertNoSource(path);
  const bytes = readSmallFile(path, MAX_ENVELOPE_BYTES);
  if (bytes[0] === GZIP[0] && bytes[1] === GZIP[1]) {
    return { document: unpacked(path, bytes), form: 'gzip', signatures: 0 };
  }
  if (!isEnvelope(bytes)) return { document: bytes, form: 'document', signatures: 0 };
  const reading = readEnvelope(bytes);
  if (reading.kind === 'invalid') throw unusable(path, `it is no DSSE envelope: ${reading.message}`);
  const { payload, signatures } = reading.envelope;
  return { document: payload, form: 'envelope', signatures: signatures.length };
}

/** A head or a policy is easily taken for what is built of it. */
export function assertNoSource(path: string): void {
  if (!/\.ya?ml$/.test(path)) return;
  throw unusable(path, 'it is YAML, and a bundle is JSON: `reeve bundle build` makes one of a head and policies');
}

function unpacked(path: string, bytes: Uint8Array): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BUNDLE_CHARACTERS });
  } catch {
    throw unusable(path, 'it cannot be unpacked');
  }
}

function isEnvelope(bytes: Uint8Array): boolean {
  const reading = parseStrictJson(bytes, { maxDepth: 64 });
  return reading.kind === 'value' && isObject(reading.value) && Object.hasOwn(reading.value, 'payloadType');
}

/** The envelope of a document for source `file`, signed by one key. */
export function envelopeOf(
  document: Uint8Array,
  { id, key }: { readonly id: string; readonly key: KeyObject },
): Buffer {
  const sig = sign(null, preAuthEncoding(BUNDLE_PAYLOAD_TYPE, document), key).toString('base64');
  const envelope = {
    payloadType: BUNDLE_PAYLOAD_TYPE,
    payload: Buffer.from(document).toString('base64'),
    signatures: [{ keyid: id, sig }],
  };
  return Buffer.from(`${JSON.stringify(envelope)}\n`, 'utf8');
}

/** The id of the key that signed the envelope at `path`, of those in the PEM files. Throws where none of them has. */
export function envelopeSigner(path: string, keyFiles: readonly string[]): string {
  const reading = readEnvelope(readSmallFile(path, MAX_ENVELOPE_BYTES));
  if (reading.kind === 'invalid') throw unusable(path, `it is no DSSE envelope: ${reading.message}`);
  const keys = keyFiles.map((file) => {
    const key = readPublicKey(readSmallFile(file, MAX_ENVELOPE_BYTES).toString('utf8'));
    if (key === null) throw new PublisherError('key_unusable', `${shown(file)} is no Ed25519 public key in PEM`);
    return key;
  });
  const { envelope } = reading;
  const signer = envelope.payloadType === BUNDLE_PAYLOAD_TYPE ? signerOf(envelope, keys) : null;
  if (signer === null) throw new PublisherError('bundle_refused', `${shown(path)} is signed by none of these keys`);
  return signer.id;
}

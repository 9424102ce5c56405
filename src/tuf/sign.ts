import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { Metadata, Root, Signature, Snapshot, Targets, Timestamp } from '@tufjs/models';
import { CodedError, messageOf } from '../base/coded-error.ts';
import { publicPartOf, type TufKey } from './key.ts';
import type { DetachedSignature, JsonObject, MetadataDocument } from './metadata-text.ts';

export type SigningErrorCode = 'not_metadata' | 'unsupported_key';

export class SigningError extends CodedError<SigningErrorCode> {}

type ModelJson = Parameters<typeof Root.fromJSON>[0];

/** The exact bytes that a signature covers: what a client computes from the same `signed`, by the same code. */
export function bytesToSign(signed: JsonObject): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  try {
    // the models offer the bytes to a signer only
    new Metadata(modelOf(signed)).sign((given) => {
      bytes = given;
      return new Signature({ keyID: '', sig: '' });
    });
  } catch (error) {
    if (error instanceof SigningError) throw error;
    throw new SigningError('not_metadata', `this is no metadata to sign: ${messageOf(error)}`, { cause: error });
  }
  return bytes;
}

function modelOf(signed: JsonObject): Root | Targets | Snapshot | Timestamp {
  const json = signed as ModelJson;
  switch (signed['_type']) {
    case 'root':
      return Root.fromJSON(json);
    case 'targets':
      return Targets.fromJSON(json);
    case 'snapshot':
      return Snapshot.fromJSON(json);
    case 'timestamp':
      return Timestamp.fromJSON(json);
    default:
      throw new SigningError(
        'not_metadata',
        'this is no metadata to sign: `_type` is none of root, targets, snapshot, timestamp',
      );
  }
}

/** With a private Ed25519 key. */
export function signatureOf(signed: JsonObject, key: KeyObject): DetachedSignature {
  const part = publicPartOf(key);
  if (part === null) throw new SigningError('unsupported_key', 'metadata is signed with Ed25519 keys only');
  return { keyid: part.id, sig: sign(null, bytesToSign(signed), key).toString('hex') };
}

/** A signature of the same key is replaced; the order is that of the key ids, so that assembling twice gives one file. */
export function withSignatures(document: MetadataDocument, added: readonly DetachedSignature[]): MetadataDocument {
  const byKey = new Map([...document.signatures, ...added].map((signature) => [signature.keyid, signature]));
  const signatures = [...byKey.values()].sort((a, b) => (a.keyid < b.keyid ? -1 : 1));
  return { signatures, signed: document.signed };
}

/** Whether this one signature is what `key` makes of `signed`. Thresholds are the verifying client's matter. */
export function signatureHolds(signed: JsonObject, { sig }: DetachedSignature, { keyval }: TufKey): boolean {
  const x = Buffer.from(keyval.public, 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, bytesToSign(signed), key, Buffer.from(sig, 'hex'));
}

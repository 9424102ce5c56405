import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { BUNDLE_PAYLOAD_TYPE, preAuthEncoding } from '../../src/bundle/dsse.ts';

export interface SigningKey {
  readonly pem: string;
  readonly id: string;
  readonly privateKey: KeyObject;
}

export function signingKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { pem, privateKey, id: `sha256:${createHash('sha256').update(der).digest('hex')}` };
}

/** A DSSE envelope around a document, signed by each of the keys. */
export function signedEnvelope(document: Uint8Array, keys: readonly SigningKey[], type = BUNDLE_PAYLOAD_TYPE) {
  const signed = preAuthEncoding(type, document);
  return {
    payloadType: type,
    payload: Buffer.from(document).toString('base64'),
    signatures: keys.map(({ id, privateKey }) => ({
      keyid: id,
      sig: sign(null, signed, privateKey).toString('base64'),
    })),
  };
}

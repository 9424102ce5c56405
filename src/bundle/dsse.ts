import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** What a signed bundle file says that it holds. */
export const BUNDLE_PAYLOAD_TYPE = 'application/vnd.reeve.bundle+json';

/** A DSSE envelope (version 1.0), its base64 undone. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** What they say of their keys is a hint that nobody signed: each is tried with every key. */
  readonly signatures: readonly Uint8Array[];
}

export interface PublicKey {
  /** `sha256:…` of the key itself (SubjectPublicKeyInfo, DER). */
  readonly id: string;
  readonly key: KeyObject;
}

/** The bytes that are signed: type and payload with their lengths, so that neither can run over into the other. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The first of the keys that has signed the envelope; null = none of them. */
export function signerOf({ payloadType, payload, signatures }: Envelope, keys: readonly PublicKey[]): PublicKey | null {
  const signed = preAuthEncoding(payloadType, payload);
  return keys.find(({ key }) => signatures.some((signature) => verify(null, signed, key, signature))) ?? null;
}

/** An Ed25519 public key in PEM; null = it is something else, also where that is a private key. */
export function readPublicKey(pem: string): PublicKey | null {
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(pem)) return null;
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') return null;
    const der = key.export({ type: 'spki', format: 'der' });
    return { id: `sha256:${createHash('sha256').update(der).digest('hex')}`, key };
  } catch {
    return null;
  }
}

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../bundle/canonical-json.ts';

/** A key as metadata lists it; Ed25519 is the only kind that reeve makes. */
export interface TufKey {
  readonly keytype: 'ed25519';
  readonly scheme: 'ed25519';
  /** 32 bytes in lower-case hex. */
  readonly keyval: { readonly public: string };
}

/** What others may know of a key. */
export interface PublicPart {
  readonly id: string;
  readonly key: TufKey;
}

const PUBLIC_HEX = /^[0-9a-f]{64}$/;

/** Of a private or a public key; null for another kind than Ed25519. */
export function publicPartOf(key: KeyObject): PublicPart | null {
  if (key.asymmetricKeyType !== 'ed25519') return null;
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return partOf(Buffer.from(x ?? '', 'base64url').toString('hex'));
}

/** Of what a file says; null where it is not exactly such a key. */
export function readPublicPart(value: unknown): PublicPart | null {
  if (typeof value !== 'object' || value === null) return null;
  const { keytype, scheme, keyval, ...rest } = value as Readonly<Record<string, unknown>>;
  if (keytype !== 'ed25519' || scheme !== 'ed25519' || Object.keys(rest).length > 0) return null;
  if (typeof keyval !== 'object' || keyval === null || Object.keys(keyval).length !== 1) return null;
  const hex: unknown = 'public' in keyval ? keyval.public : undefined;
  return typeof hex === 'string' && PUBLIC_HEX.test(hex) ? partOf(hex) : null;
}

function partOf(hex: string): PublicPart {
  const key: TufKey = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex } };
  return { id: keyIdOf(key), key };
}

/** SHA-256 of the key's canonical JSON (TUF 4.2). */
export function keyIdOf(key: TufKey): string {
  return createHash('sha256').update(canonicalJson(key)).digest('hex');
}

import { scrypt, timingSafeEqual } from 'node:crypto';

export const SALT_BYTES = 16;
export const HASH_BYTES = 32;
/** 16 MiB and some tens of milliseconds a try. Secrets are 256 random bits: this guards a stolen database all the same. */
export const SCRYPT_COST = { N: 16_384, r: 8, p: 1 } as const;

interface HashedSecret {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** What an unknown identifier is checked against, so that it takes as long as a known one. */
export const NOBODY: HashedSecret = { salt: new Uint8Array(SALT_BYTES), hash: new Uint8Array(HASH_BYTES) };

/** Works on libuv's threads, never on the event loop. */
export function secretMatches(secret: string, stored: HashedSecret): Promise<boolean> {
  return new Promise((resolve, reject) => {
    scrypt(secret, stored.salt, HASH_BYTES, SCRYPT_COST, (error, hash) => {
      if (error !== null) reject(error);
      else resolve(stored.hash.length === hash.length && timingSafeEqual(stored.hash, hash));
    });
  });
}

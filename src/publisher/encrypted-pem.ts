import { createCipheriv, createPrivateKey, type KeyObject, randomBytes, scryptSync } from 'node:crypto';
import { PublisherError } from './publisher-error.ts';

/**
 * PKCS#8 under PBES2 with scrypt (RFC 7914, 7) and AES-256-CBC, as `openssl pkcs8 -topk8 -scrypt` writes it and
 * `openssl pkey` reads it. Node.js itself would only derive the key by 2,048 rounds of PBKDF2. More memory than 16 MiB
 * (N) is more than OpenSSL takes when it reads; five passes (p) make up for it.
 */
const SCRYPT = { N: 16_384, r: 8, p: 5 };
const SCRYPT_MEMORY_BYTES = 64 * 1024 * 1024;
const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

const SEQUENCE = 0x30;
const OCTETS = 0x04;
/** 1.2.840.113549.1.5.13 */
const PBES2 = Buffer.from('06092a864886f70d01050d', 'hex');
/** 1.3.6.1.4.1.11591.4.11 */
const SCRYPT_ID = Buffer.from('06092b06010401da47040b', 'hex');
/** 2.16.840.1.101.3.4.1.42 */
const AES_256_CBC = Buffer.from('060960864801650304012a', 'hex');

/** Characters of a passphrase: these files lie on sticks and in backups, where anybody has time to try. */
const SHORTEST_PASSPHRASE = 12;

/** The PEM text of a private key that only the passphrase opens. */
export function encryptedPem(key: KeyObject, passphrase: string): string {
  if (passphrase.length < SHORTEST_PASSPHRASE) {
    throw new PublisherError('weak_passphrase', `a passphrase has at least ${SHORTEST_PASSPHRASE} characters`);
  }
  const [salt, iv] = [randomBytes(BLOCK_BYTES), randomBytes(BLOCK_BYTES)];
  const derived = scryptSync(passphrase, salt, KEY_BYTES, { ...SCRYPT, maxmem: SCRYPT_MEMORY_BYTES });
  const cipher = createCipheriv('aes-256-cbc', derived, iv);
  const encrypted = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()]);
  const scrypt = [der(OCTETS, salt), integer(SCRYPT.N), integer(SCRYPT.r), integer(SCRYPT.p)];
  const kdf = sequence(SCRYPT_ID, sequence(...scrypt));
  const algorithm = sequence(PBES2, sequence(kdf, sequence(AES_256_CBC, der(OCTETS, iv))));
  const body =
    sequence(algorithm, der(OCTETS, encrypted))
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...body, '-----END ENCRYPTED PRIVATE KEY-----', ''].join('\n');
}

/** Whether the text is an encrypted private key: any other is refused unread. */
export function isEncryptedPem(text: string): boolean {
  return text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----');
}

/** Null where the passphrase does not open it. */
export function openedPem(text: string, passphrase: string): KeyObject | null {
  try {
    return createPrivateKey({ key: text, format: 'pem', passphrase });
  } catch {
    // OpenSSL tells a wrong passphrase and a damaged file apart by chance only
    return null;
  }
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(SEQUENCE, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  // a leading one bit would make it negative
  const positive = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
  return der(0x02, positive);
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  // nothing here is as long as 256 bytes
  return Buffer.concat([length < 0x80 ? Buffer.of(tag, length) : Buffer.of(tag, 0x81, length), content]);
}

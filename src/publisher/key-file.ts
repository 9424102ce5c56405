import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { shown } from '../base/shown.ts';
import { readPublicKey } from '../bundle/dsse.ts';
import { type PublicPart, publicPartOf } from '../tuf/key.ts';
import { encryptedPem, isEncryptedPem, openedPem } from './encrypted-pem.ts';
import { writeOnce } from './new-file.ts';
import { PublisherError } from './publisher-error.ts';
import type { SigningKey } from './signers.ts';
import { readSmallFile } from './small-file.ts';

const MAX_KEY_BYTES = 16 * 1024;

/** Makes a key: `path` holds its private half, encrypted, and `path.pub` what may be shown to everybody. */
export function makeKeyFiles(path: string, passphrase: string): PublicPart {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const part = partOf(privateKey, path);
  writeOnce(path, encryptedPem(privateKey, passphrase), 0o600);
  writeOnce(`${path}.pub`, publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
  return part;
}

/** The text of a private key file; a key that lies there for everybody is not used. */
export function readEncryptedKey(path: string): string {
  const text = readSmallFile(path, MAX_KEY_BYTES).toString('utf8');
  if (isEncryptedPem(text)) return text;
  const what = 'is no encrypted private key (PKCS#8, PEM): encrypt one with `openssl pkcs8 -topk8 -scrypt`';
  throw new PublisherError('key_unusable', `${shown(path)} ${what}, or make one with \`reeve keys create\``);
}

export function openKeyFile(path: string, passphrase: string): SigningKey {
  const key = openedPem(readEncryptedKey(path), passphrase);
  if (key === null) {
    const message = `the passphrase does not open ${shown(path)}: try it again, or where the file is damaged take a copy of it`;
    throw new PublisherError('wrong_passphrase', message);
  }
  return { id: partOf(key, path).id, key };
}

/** A public key in PEM, of whatever made it: a token or `openssl` as well as `makeKeyFiles`. */
export function readPublicFile(path: string): PublicPart {
  const text = readSmallFile(path, MAX_KEY_BYTES).toString('utf8');
  const key = readPublicKey(text)?.key;
  const part = key === undefined ? null : publicPartOf(key);
  if (part !== null) return part;
  const hint = text.includes('PRIVATE KEY') ? ': it is a private one, which stays where it is' : '';
  throw new PublisherError(
    'key_unusable',
    `${shown(path)} is no Ed25519 public key in PEM (\`BEGIN PUBLIC KEY\`)${hint}`,
  );
}

function partOf(key: KeyObject, path: string): PublicPart {
  const part = publicPartOf(key);
  if (part === null) throw new PublisherError('key_unusable', `${shown(path)} is no Ed25519 key`);
  return part;
}

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { shown } from '../base/shown.ts';
import { type PublicPart, publicPartOf, readPublicPart } from '../tuf/key.ts';
import { encryptedPem, isEncryptedPem, openedPem } from './encrypted-pem.ts';
import { writeOnce } from './new-file.ts';
import { PublisherError } from './publisher-error.ts';
import type { SigningKey } from './signers.ts';
import { readJsonFile, readSmallFile } from './small-file.ts';

const MAX_KEY_BYTES = 16 * 1024;

/** Makes a key: `path` holds its private half, encrypted, and `path.pub` what may be shown to everybody. */
export function makeKeyFiles(path: string, passphrase: string): PublicPart {
  const { privateKey } = generateKeyPairSync('ed25519');
  const part = partOf(privateKey, path);
  writeOnce(path, encryptedPem(privateKey, passphrase), 0o600);
  writeOnce(`${path}.pub`, `${JSON.stringify(part.key)}\n`, 0o644);
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
    throw new PublisherError('wrong_passphrase', `the passphrase does not open ${shown(path)}, or the file is damaged`);
  }
  return { id: partOf(key, path).id, key };
}

/** A file that `makeKeyFiles` left for others. */
export function readPublicFile(path: string): PublicPart {
  const part = readPublicPart(readJsonFile(path, MAX_KEY_BYTES));
  if (part !== null) return part;
  const hint = path.endsWith('.pub') ? '' : ': the public part has the ending `.pub`';
  throw new PublisherError('key_unusable', `${shown(path)} is no public Ed25519 key${hint}`);
}

function partOf(key: KeyObject, path: string): PublicPart {
  const part = publicPartOf(key);
  if (part === null) throw new PublisherError('key_unusable', `${shown(path)} is no Ed25519 key`);
  return part;
}

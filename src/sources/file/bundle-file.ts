import { BUNDLE_PAYLOAD_TYPE, type PublicKey, readPublicKey, signerOf } from '../../bundle/dsse.ts';
import { digestOf } from '../../bundle/policy-revision.ts';
import { readTrustedFile } from '../../realpath/trusted-file.ts';
import { readEnvelope } from '../../schema/envelope.ts';
import { MAX_BUNDLE_CHARACTERS, MAX_ENVELOPE_BYTES } from '../../schema/limits.ts';
import { SourceError } from '../source-failure.ts';
import type { FileConfig } from './config.ts';

/** A bundle file of somebody who may put it there; nothing in it has been judged. */
export interface BundleFile {
  readonly bytes: Uint8Array;
  /** `sha256:…` of the file. */
  readonly digest: string;
}

/** What a bundle file holds, and whose word it is. */
export interface BundleContent {
  readonly document: Uint8Array;
  /** `sha256:…` of the document: in another envelope it is the same bundle. */
  readonly digest: string;
  /** Id of the key that signed it; null = nobody had to. */
  readonly signer: string | null;
}

/** The keys of which one must have signed the file; null = none. Throws a `SourceError` for what is no such key. */
export function publicKeysOf({ publicKeys }: FileConfig): readonly PublicKey[] | null {
  if (publicKeys === null) return null;
  return publicKeys.map((pem, position) => {
    const key = readPublicKey(pem);
    if (key !== null) return key;
    const place = `\`source.public_keys.${position}\``;
    throw new SourceError('verify', 'invalid_key', `${place} is no Ed25519 public key in PEM (\`BEGIN PUBLIC KEY\`)`);
  });
}

/** Delivery, "Trusted config": owner, mode, the directories above, no link. */
export function readBundleFile({ path, owners, publicKeys }: FileConfig): BundleFile {
  const maxBytes = publicKeys === null ? MAX_BUNDLE_CHARACTERS : MAX_ENVELOPE_BYTES;
  const reading = readTrustedFile(path, owners, maxBytes);
  if (reading.kind === 'untrusted') throw new SourceError('fetch', 'file_unreadable', reading.message);
  const { bytes } = reading;
  return { bytes, digest: digestOf(bytes) };
}

/** Delivery, Sources 3: where keys are configured, nothing counts that none of them has signed. */
export function contentOf({ bytes, digest }: BundleFile, keys: readonly PublicKey[] | null): BundleContent {
  if (keys === null) return { document: bytes, digest, signer: null };
  const reading = readEnvelope(bytes);
  if (reading.kind === 'invalid') throw refused('not_signed', `is no DSSE envelope: ${reading.message}`);
  const { envelope } = reading;
  if (envelope.payloadType !== BUNDLE_PAYLOAD_TYPE) {
    throw refused('not_signed', `is an envelope of something else than \`${BUNDLE_PAYLOAD_TYPE}\``);
  }
  const signer = signerOf(envelope, keys);
  if (signer === null) throw refused('bad_signature', 'is signed by none of `source.public_keys`');
  return { document: envelope.payload, digest: digestOf(envelope.payload), signer: signer.id };
}

function refused(code: 'not_signed' | 'bad_signature', what: string): SourceError {
  return new SourceError('verify', code, `the bundle file ${what}`);
}

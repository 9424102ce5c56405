import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf } from '../base/coded-error.ts';
import { MAX_CA_FILE_BYTES } from '../schema/limits.ts';
import { OutboundError } from './outbound-error.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM file. OpenSSL skips what it cannot read, and an empty list would trust nobody silently. */
export function readCaFile(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > MAX_CA_FILE_BYTES) throw new Error('the file is too large');
    const certificates = text.match(CERTIFICATE) ?? [];
    if (certificates.length === 0) throw new Error('no certificate in it');
    for (const certificate of certificates) new X509Certificate(certificate);
    return certificates;
  } catch (error) {
    throw new OutboundError('ca_unreadable', `cannot use the CA file \`${path}\`: ${messageOf(error)}`);
  }
}

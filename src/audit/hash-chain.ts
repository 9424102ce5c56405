import { hash } from 'node:crypto';

/** The link of a record: SHA-256 of the link before it, in hexadecimal, and the record's text. Zeros stand before the first. */
export function linkHash(previous: Uint8Array, text: string): Uint8Array {
  return hash('sha256', hexOf(previous) + text, 'buffer');
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

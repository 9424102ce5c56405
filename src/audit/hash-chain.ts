import { hash } from 'node:crypto';

/** What stands before the first record. */
export const GENESIS: Uint8Array = new Uint8Array(32);

/** The link of a record: SHA-256 of the link before it, in hexadecimal, and the record's text. */
export function linkHash(previous: Uint8Array, text: string): Uint8Array {
  return hash('sha256', hexOf(previous) + text, 'buffer');
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

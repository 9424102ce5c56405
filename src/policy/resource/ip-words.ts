/** IP addresses as unsigned 32-bit words: one for IPv4, four for IPv6. Bits without bigints. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Words = readonly number[];

/**
 * Four-part decimal IPv4 and RFC 4291 IPv6 only (Names 4): `net.isIP` is the gate, because ipaddr.js also reads
 * octal, hex and short forms and keeps zone ids. IPv4-mapped addresses are left as they are.
 */
export function parseWords(text: string): Words | null {
  if (text.includes('%')) return null;
  switch (isIP(text)) {
    case 4:
      return [quadWord(text)];
    case 6:
      return wordsOf(ipaddr.IPv6.parse(withoutQuad(text)).toByteArray());
    default:
      return null;
  }
}

/** RFC 5952 for IPv6, four decimal parts for IPv4. */
export function formatWords(words: Words): string {
  if (words.length === 1) {
    const [word = 0] = words;
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  }
  return new ipaddr.IPv6(words.flatMap((word) => [word >>> 16, word & 0xffff])).toRFC5952String();
}

export function maskWords(words: Words, length: number): Words {
  return words.map((word, index) => maskWord(word, length - 32 * index));
}

/** The first `length` bits of one word; none or all of them for a length outside 0 to 32. */
export function maskWord(word: number, length: number): number {
  return (word & maskOf(length)) >>> 0;
}

/** True if the first `length` bits are the same; both must be of one family. */
export function sharePrefix(one: Words, other: Words, length: number): boolean {
  return one.every((word, index) => ((word ^ (other[index] ?? 0)) & maskOf(length - 32 * index)) === 0);
}

function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function quadWord(quad: string): number {
  return Buffer.from(ipaddr.IPv4.parse(quad).octets).readUInt32BE();
}

/** ipaddr.js reads `::1.2.3.4` as `::ffff:1.2.3.4`: a dotted tail is spelled as two groups before it sees it. */
function withoutQuad(text: string): string {
  if (!text.includes('.')) return text;
  const cut = text.lastIndexOf(':') + 1;
  const word = quadWord(text.slice(cut));
  return `${text.slice(0, cut)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
}

function wordsOf(octets: readonly number[]): Words {
  const bytes = Buffer.from(octets);
  return [0, 4, 8, 12].map((offset) => bytes.readUInt32BE(offset));
}

import { formatWords, maskWords, parseQuad, parseWords, sharePrefix, type Words } from './ip-words.ts';

/** An IP address. An IPv4-mapped IPv6 address is the IPv4 address (Names 5), so it never appears as family 6. */
export interface Address {
  readonly family: 4 | 6;
  /** Unsigned 32-bit words, most significant first: one for IPv4, four for IPv6. */
  readonly words: Words;
  /** Canonical: four decimal parts, or RFC 5952. Equal addresses have equal texts. */
  readonly text: string;
}

/** All addresses of one family that begin with `length` bits of `words`; the host bits are zero. */
export interface Prefix {
  readonly family: 4 | 6;
  readonly words: Words;
  readonly length: number;
  readonly text: string;
}

type PrefixReading =
  | { readonly kind: 'prefix'; readonly prefix: Prefix; readonly masked: boolean }
  | { readonly kind: 'invalid'; readonly problem: 'address' | 'length' };

const NONE: readonly Address[] = [];
const MAPPED_LENGTH = 96;
const LENGTH_TEXT = /^(?:0|[1-9][0-9]{0,2})$/;

/** Reads an `ip` (Names 4): four-part decimal IPv4, RFC 4291 IPv6, no zone id, no brackets; null for all else. */
export function readAddress(text: unknown): Address | null {
  if (typeof text !== 'string') return null;
  const quad = parseQuad(text);
  if (quad !== null) return { family: 4, words: [quad], text };
  const words = parseWords(text);
  return words === null ? null : addressOf(isMapped(words) ? words.slice(3) : words);
}

/** Reads `address/length`. A prefix inside ::ffff:0:0/96 is the IPv4 prefix (Names 5). */
export function readPrefix(text: string): PrefixReading {
  const cut = text.indexOf('/');
  const words = parseWords(text.slice(0, Math.max(cut, 0)));
  if (words === null) return { kind: 'invalid', problem: 'address' };
  const lengthText = text.slice(cut + 1);
  const length = Number(lengthText);
  if (!LENGTH_TEXT.test(lengthText) || length > 32 * words.length) return { kind: 'invalid', problem: 'length' };
  const mapped = isMapped(words) && length >= MAPPED_LENGTH;
  const base = mapped ? words.slice(3) : words;
  const prefix = prefixOf(base, mapped ? length - MAPPED_LENGTH : length);
  return { kind: 'prefix', prefix, masked: prefix.words.some((word, index) => word !== base[index]) };
}

export function contains(prefix: Prefix, address: Address): boolean {
  return prefix.family === address.family && sharePrefix(prefix.words, address.words, prefix.length);
}

/** True if every address of `inner` lies in `outer`. */
export function isWithin(inner: Prefix, outer: Prefix): boolean {
  return (
    inner.family === outer.family && inner.length >= outer.length && sharePrefix(inner.words, outer.words, outer.length)
  );
}

/** True if the prefix holds exactly one address (`/32`, `/128`). */
export function isSingle(prefix: Prefix): boolean {
  return prefix.length === 32 * prefix.words.length;
}

export function addressOf(words: Words): Address {
  return { family: words.length === 1 ? 4 : 6, words, text: formatWords(words) };
}

/**
 * The IPv4 addresses that an IPv6 address carries inside it (Names 5). Deny rules and the address guard test them
 * beside the address itself; allows never do. An IPv4-mapped address is not among them: it *is* the IPv4 address.
 */
export function embeddedAddresses(address: Address, extraNat64: readonly Prefix[]): readonly Address[] {
  if (address.family === 4) return NONE;
  const [a = 0, b = 0, c = 0, d = 0] = address.words;
  const found = new Set<number>();
  if (a === 0 && b === 0) {
    if (c === 0 && d > 1) found.add(d); // IPv4-compatible, but neither :: nor ::1
    if (c === 0xffff0000) found.add(d); // ::ffff:0:a.b.c.d (SIIT)
  }
  if (a === 0x0064ff9b) {
    if (b === 0 && c === 0) found.add(d); // 64:ff9b::/96
    if (b >>> 16 === 1) found.add(d).add(rfc6052(address, 48)); // 64:ff9b:1::/48, both layouts
  }
  if (a >>> 16 === 0x2002) found.add((((a & 0xffff) << 16) | (b >>> 16)) >>> 0); // 6to4
  if (a === 0x20010000) found.add(~d >>> 0); // Teredo
  if ((c & 0xfcffffff) >>> 0 === 0x00005efe) found.add(d); // ISATAP, whatever its u and g bits
  for (const prefix of extraNat64) {
    if (contains(prefix, address)) found.add(rfc6052(address, prefix.length));
  }
  return found.size === 0 ? NONE : Array.from(found, (word) => addressOf([word]));
}

/** RFC 6052, 2.2: the address follows the prefix and jumps over bits 64 to 71; other lengths are read as /96. */
function rfc6052(address: Address, length: number): number {
  const [, b = 0, c = 0, d = 0] = address.words;
  switch (length) {
    case 32:
      return b;
    case 40:
      return ((b << 8) | ((c >>> 16) & 0xff)) >>> 0;
    case 48:
      return ((b << 16) | ((c >>> 8) & 0xffff)) >>> 0;
    case 56:
      return ((b << 24) | (c & 0xffffff)) >>> 0;
    case 64:
      return ((c << 8) | (d >>> 24)) >>> 0;
    default:
      return d;
  }
}

function prefixOf(words: Words, length: number): Prefix {
  const base = maskWords(words, length);
  return { family: base.length === 1 ? 4 : 6, words: base, length, text: `${formatWords(base)}/${length}` };
}

function isMapped(words: Words): boolean {
  return words.length === 4 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

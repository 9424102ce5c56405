/**
 * Addresses for the reference evaluator: one BigInt and a family, and nothing clever.
 * Names 4 and 5 and the ranges of section 4, 3, written out from the text.
 */
export interface RefAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface RefPrefix {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly length: number;
}

const DIGITS = '0123456789';
const HEX = '0123456789abcdefABCDEF';

function madeOf(text: string, alphabet: string): boolean {
  return text !== '' && Array.from(text).every((character) => alphabet.includes(character));
}

/** A decimal number without leading zeros, at most `max`. */
export function readDecimal(text: string, max: number): number | null {
  if (!madeOf(text, DIGITS) || text.length > 9 || (text.length > 1 && text.startsWith('0'))) return null;
  return Number(text) <= max ? Number(text) : null;
}

function readIPv4(text: string): bigint | null {
  const parts = text.split('.').map((part) => readDecimal(part, 255));
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (part === null) return null;
    value = value * 256n + BigInt(part);
  }
  return value;
}

/** The 16-bit groups of one side of `::`, with a last dotted part counted as two groups. */
function readGroups(text: string, mayEndDotted: boolean): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndDotted && index === parts.length - 1 && part.includes('.')) {
      const dotted = readIPv4(part);
      if (dotted === null) return null;
      groups.push(dotted >> 16n, dotted & 0xffffn);
    } else if (madeOf(part, HEX) && part.length <= 4) {
      groups.push(BigInt(`0x${part}`));
    } else {
      return null;
    }
  }
  return groups;
}

function readIPv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [first, second] = halves;
  const left = readGroups(first ?? '', second === undefined);
  const right = second === undefined ? [] : readGroups(second, true);
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (second === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => 0n), ...right];
  return groups.reduce((value, group) => value * 65536n + group, 0n);
}

/** Names 5: an IPv4-mapped address is the IPv4 address. */
function unmapped(value: bigint): RefAddress {
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

/** Names 4: four-part decimal IPv4 and RFC 4291 IPv6, no zone ids. */
export function readRefAddress(text: unknown): RefAddress | null {
  if (typeof text !== 'string') return null;
  const four = readIPv4(text);
  if (four !== null) return { family: 4, value: four };
  if (!text.includes(':')) return null;
  const six = readIPv6(text);
  return six === null ? null : unmapped(six);
}

export function sameAddress(a: RefAddress, b: RefAddress): boolean {
  return a.family === b.family && a.value === b.value;
}

function keep(value: bigint, bits: number, length: number): bigint {
  const drop = BigInt(bits - length);
  return (value >> drop) << drop;
}

/** `text/length`, host bits masked; a prefix inside `::ffff:0:0/96` is the IPv4 prefix (Names 5). */
export function readRefPrefix(text: string): RefPrefix | null {
  const [base, lengthText, ...more] = text.split('/');
  if (base === undefined || lengthText === undefined || more.length > 0) return null;
  const four = readIPv4(base);
  if (four !== null) {
    const length = readDecimal(lengthText, 32);
    return length === null ? null : { family: 4, value: keep(four, 32, length), length };
  }
  const six = base.includes(':') ? readIPv6(base) : null;
  const length = readDecimal(lengthText, 128);
  if (six === null || length === null) return null;
  if (length >= 96 && six >> 32n === 0xffffn) {
    return { family: 4, value: keep(six & 0xffffffffn, 32, length - 96), length: length - 96 };
  }
  return { family: 6, value: keep(six, 128, length), length };
}

export function inPrefix(prefix: RefPrefix, address: RefAddress): boolean {
  if (prefix.family !== address.family) return false;
  return keep(address.value, address.family === 4 ? 32 : 128, prefix.length) === prefix.value;
}

/** Every address of `inner` is one of `outer`. */
export function prefixInside(inner: RefPrefix, outer: RefPrefix): boolean {
  return inner.length >= outer.length && inPrefix(outer, { family: inner.family, value: inner.value });
}

function within(text: string, address: RefAddress): boolean {
  const prefix = readRefPrefix(text);
  return prefix !== null && inPrefix(prefix, address);
}

/** Names 5: the IPv4 addresses hidden in an IPv6 address; deny rules and the guard look at them too. */
export function embeddedIn(address: RefAddress): readonly RefAddress[] {
  if (address.family === 4) return [];
  const { value } = address;
  const low32 = value & 0xffffffffn;
  const found: bigint[] = [];
  if (within('64:ff9b::/96', address)) found.push(low32);
  if (within('64:ff9b:1::/48', address)) {
    // /48 layout (RFC 6052): 16 bits, the reserved octet, 16 bits
    found.push((((value >> 64n) & 0xffffn) << 16n) | ((value >> 40n) & 0xffffn));
    found.push(low32);
  }
  if (within('2002::/16', address)) found.push((value >> 80n) & 0xffffffffn);
  if (within('2001::/32', address)) found.push(low32 ^ 0xffffffffn);
  // ISATAP: interface identifier 0000:5efe or 0200:5efe before the IPv4 address
  if (((value >> 32n) & 0xfdffffffn) === 0x5efen) found.push(low32);
  if (within('::ffff:0:0:0/96', address)) found.push(low32);
  if (within('::/96', address) && value > 1n) found.push(low32);
  return found.map((four) => ({ family: 4, value: four }));
}

export interface RefRange {
  readonly name: string;
  readonly prefixes: readonly RefPrefix[];
  readonly metadata: boolean;
}

function range(name: string, metadata: boolean, ...texts: readonly string[]): RefRange {
  const prefixes = texts.map((text) => readRefPrefix(text)).filter((prefix) => prefix !== null);
  if (prefixes.length !== texts.length) throw new Error(`range ${name} does not parse`);
  return { name, metadata, prefixes };
}

const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '168.63.129.16',
  '192.0.0.192',
  '100.100.100.200',
];
const METADATA_6 = ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'];

/** Section 4, 3. */
export const GUARD_RANGES: readonly RefRange[] = [
  range('loopback', false, '127.0.0.0/8', '::1/128'),
  range('unspecified', false, '0.0.0.0/8', '::/128'),
  range('link-local', false, '169.254.0.0/16', 'fe80::/10'),
  range('multicast', false, '224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'),
  ...METADATA.map((text) => range(text, true, `${text}/32`)),
  ...METADATA_6.map((text) => range(text, true, `${text}/128`)),
];

export function rangeHolds(guarded: RefRange, address: RefAddress): boolean {
  return guarded.prefixes.some((prefix) => inPrefix(prefix, address));
}

/** Names 6: addresses that are this machine. */
export function isThisMachine(address: RefAddress): boolean {
  return ['127.0.0.0/8', '::1/128', '0.0.0.0/32', '::/128'].some((text) => within(text, address));
}

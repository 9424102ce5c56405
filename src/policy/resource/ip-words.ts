/** IP addresses as unsigned 32-bit words: one for IPv4, four for IPv6. Bits without bigints. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Words = readonly number[];

/**
 * Four-part decimal IPv4 and RFC 4291 IPv6 only, without a zone id (Names 4). Where an IPv6 address ends in a quad,
 * `net.isIP` is the gate, because ipaddr.js keeps zone ids and takes more. IPv4-mapped addresses are left as they are.
 */
export function parseWords(text: string): Words | null {
  const quad = parseQuad(text);
  if (quad !== null) return [quad];
  // what nearly every request says needs no library; test/policy/resource/ip-words.test.ts shows that it says the same
  if (!text.includes('.')) return parseGroups(text);
  return isIP(text) === 6 && !text.includes('%') ? wordsOf(ipaddr.IPv6.parse(withoutQuad(text)).parts, -1) : null;
}

/** RFC 5952 for IPv6, four decimal parts for IPv4. */
export function formatWords(words: Words): string {
  if (words.length > 1) return formatGroups(words);
  const [word = 0] = words;
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** A four-part decimal IPv4 address without leading zeros, the form that almost every request has; null for all else. */
export function parseQuad(text: string): number | null {
  if (text.length < 7 || text.length > 15) return null;
  let word = 0;
  let part = -1;
  let parts = 1;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit === DOT) {
      if (part < 0) return null;
      word = word * 256 + part;
      part = -1;
      parts += 1;
    } else {
      if (digit < 0 || digit > 9 || part === 0) return null;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return null;
    }
  }
  return parts === 4 && part >= 0 ? word * 256 + part : null;
}

/** `.` counted from `0`. */
const DOT = -2;

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

/** ipaddr.js reads `::1.2.3.4` as `::ffff:1.2.3.4`: a dotted tail is spelled as two groups before it sees it. */
function withoutQuad(text: string): string {
  const cut = text.lastIndexOf(':') + 1;
  const word = parseQuad(text.slice(cut)) ?? 0;
  return `${text.slice(0, cut)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
}

const GROUPS = 8;
/** Eight groups of four digits, with their colons. */
const LONGEST = 39;
const COLON = 0x3a;

/** RFC 4291, 2.2, forms 1 and 2: eight groups; `::` once for one or more of zero. */
function parseGroups(text: string): Words | null {
  if (text.length > LONGEST) return null;
  const groups: number[] = [];
  let gap = text.startsWith('::') ? 0 : -1;
  let index = gap < 0 ? 0 : 2;
  while (index < text.length) {
    const end = endOfGroup(text, index);
    if (end === index || end > index + 4) return null;
    groups.push(parseInt(text.slice(index, end), 16));
    if (end === text.length) break;
    if (text.charCodeAt(end) !== COLON || end + 1 === text.length) return null;
    index = end + 1;
    if (text.charCodeAt(index) !== COLON) continue;
    if (gap >= 0) return null;
    gap = groups.length;
    index += 1;
  }
  return wordsOf(groups, gap);
}

function endOfGroup(text: string, start: number): number {
  let end = start;
  while (end < text.length && isHexDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function isHexDigit(code: number): boolean {
  if (code <= 0x39) return code >= 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}

/** `gap` groups stand before a `::`; negative where there is none. */
function wordsOf(groups: number[], gap: number): Words | null {
  const missing = GROUPS - groups.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return null;
  if (gap >= 0) groups.splice(gap, 0, ...ZEROS.slice(0, missing));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  return [a * 0x10000 + b, c * 0x10000 + d, e * 0x10000 + f, g * 0x10000 + h];
}

const ZEROS: readonly number[] = Array.from({ length: GROUPS }, () => 0);

/** RFC 5952, 4: no leading zeros, lower case, `::` for the first of the longest runs of two or more zero groups. */
function formatGroups(words: Words): string {
  let [start, length] = [GROUPS, 1];
  for (let index = 0; index < GROUPS; index += 1) {
    let end = index;
    while (end < GROUPS && groupAt(words, end) === 0) end += 1;
    if (end - index > length) [start, length] = [index, end - index];
    index = end;
  }
  let text = '';
  for (let index = 0; index < GROUPS; index += 1) {
    if (index === start) {
      text += index === 0 ? '::' : ':';
      index += length - 1;
    } else {
      text += groupAt(words, index).toString(16);
      if (index < GROUPS - 1) text += ':';
    }
  }
  return text;
}

function groupAt(words: Words, index: number): number {
  const word = words[index >>> 1] ?? 0;
  return index % 2 === 0 ? word >>> 16 : word & 0xffff;
}

import type { Brand } from '../../base/brand.ts';
import { type Address, readAddress } from './address.ts';
import { isNumericLabel, MAX_LABEL_BYTES, MAX_NAME_BYTES, mapName } from './idna.ts';

/** A canonical name: lower-case A-labels, no trailing dot, at most 253 bytes. */
export type Hostname = Brand<string, 'Hostname'>;

export type HostReading =
  | { readonly kind: 'name'; readonly name: Hostname }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Names 1: nothing of this is ever part of a host name, whatever it would map to. */
const BLANK_OR_CONTROL = /[\p{Cc}\p{White_Space}\u2028\u2029\ufeff]/u;
const FORBIDDEN = /[@/\\?#%:*,;"'(){}<>|^~!&=+$`[\]]/;
const UPPER_CASE = /[A-Z]/;

/** Reads the `host` of a request (Names 1 to 3): a name, an address in any spelling of Names 3, or neither. */
export function readHost(text: unknown): HostReading {
  if (typeof text !== 'string') return invalid('the host is not a string');
  if (text.includes(':')) return readLiteral(text);
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  const plain = readPlainName(bare);
  if (plain !== null) return { kind: 'name', name: plain };
  const fault = faultOf(bare);
  return fault === null ? mapHost(bare) : invalid(`the host ${fault}`);
}

/** What Names 1 finds wrong with a name, or a label of a rule, before it is mapped; null if nothing. */
export function faultOf(name: string): string | null {
  if (name === '') return 'is empty';
  if (!name.isWellFormed()) return 'is not UTF-8 text';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`;
  if (BLANK_OR_CONTROL.test(name)) return 'holds white space or a control character';
  const forbidden = FORBIDDEN.exec(name)?.[0];
  if (forbidden !== undefined) return `holds \`${forbidden}\``;
  for (const label of name.split('.')) {
    if (label === '') return 'has an empty label';
    if (Buffer.byteLength(label) > MAX_LABEL_BYTES) return `has a label longer than ${MAX_LABEL_BYTES} bytes`;
  }
  return null;
}

/** Only an IPv6 address has colons; brackets are optional around it and allowed nowhere else (Names 1, 3). */
function readLiteral(text: string): HostReading {
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const address = readAddress(inner);
  return address === null ? invalid('the host holds `:` and is no IPv6 address') : { kind: 'address', address };
}

function mapHost(bare: string): HostReading {
  const mapped = mapName(bare);
  if (mapped === null) return invalid('the host has no valid IDNA (UTS #46) form');
  // Names 3: the mapping has turned what WHATWG reads as IPv4 into four decimal parts, and lets no other number pass
  const address = readAddress(mapped);
  if (address !== null) return { kind: 'address', address };
  if (isNumericLabel(mapped.slice(mapped.lastIndexOf('.') + 1)))
    return invalid('the host ends in a number and is no IPv4 address');
  return { kind: 'name', name: mapped as Hostname };
}

/**
 * The canonical form of an ASCII name that maps to its lower case without asking IDNA (Names 2), which is almost every
 * name in a request or a rule; null for all else.
 */
export function readPlainName(bare: string): Hostname | null {
  if (!isPlainName(bare)) return null;
  return (UPPER_CASE.test(bare) ? bare.toLowerCase() : bare) as Hostname;
}

const DOT = 0x2e;

/**
 * No `xn--` label and a last label that does not begin with a digit. test/policy/resource/hostname.test.ts shows that
 * the slow way says the same.
 */
function isPlainName(name: string): boolean {
  if (name.length > MAX_NAME_BYTES) return false;
  let start = 0;
  for (let index = 0; index <= name.length; index++) {
    const code = index === name.length ? DOT : name.charCodeAt(index);
    if (code !== DOT) {
      if (!isPlainCode(code)) return false;
      continue;
    }
    const length = index - start;
    if (length === 0 || length > MAX_LABEL_BYTES || startsAsALabel(name, start)) return false;
    if (index < name.length) start = index + 1;
  }
  const first = name.charCodeAt(start);
  return first < 0x30 || first > 0x39;
}

/** Letters, digits, `-` and `_`. */
function isPlainCode(code: number): boolean {
  if (code >= 0x61) return code <= 0x7a;
  if (code >= 0x41) return code <= 0x5a || code === 0x5f;
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

/** `xn--` in any case, cheaply: only the two hyphens and the first letter are looked at. */
function startsAsALabel(name: string, start: number): boolean {
  return (name.charCodeAt(start) | 0x20) === 0x78 && name.startsWith('--', start + 2);
}

function invalid(reason: string): HostReading {
  return { kind: 'invalid', reason };
}

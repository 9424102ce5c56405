import { type Address, contains, embeddedAddresses, type Prefix, readAddress, readPrefix } from './resource/address.ts';
import type { Hostname } from './resource/hostname.ts';

/** One range of semantics 4.3. It is lifted as a whole or not at all. */
interface GuardRange {
  readonly name: 'loopback' | 'unspecified' | 'link-local' | 'multicast and broadcast' | 'metadata';
  readonly prefixes: readonly Prefix[];
}

/** A range that a dialled address, or a form of it (Names 5), lies in. */
export interface GuardHit {
  readonly range: GuardRange;
  /** The dialled address itself lies in the range; false = only an IPv4 address embedded in it does. */
  readonly direct: boolean;
  /** The form that lies in the range, for the reason of a denial. */
  readonly form: Address;
}

/** What a request is tested as by deny rules only, beside what it is. */
export interface DenyAliases {
  readonly names: readonly Hostname[];
  readonly addresses: readonly Address[];
}

const RANGES: readonly GuardRange[] = [
  range('loopback', '127.0.0.0/8', '::1/128'),
  range('unspecified', '0.0.0.0/8', '::/128'),
  range('link-local', '169.254.0.0/16', 'fe80::/10'),
  range('multicast and broadcast', '224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'),
];

/** Cloud metadata services and what stands in their place: AWS, Azure, Oracle, Alibaba, Google. */
const METADATA: ReadonlyMap<string, GuardRange> = new Map(
  [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '168.63.129.16',
    '192.0.0.192',
    '100.100.100.200',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
  ].map((text) => [text, metadataRange(addressFrom(text))]),
);

const LOCALHOST = 'localhost' as Hostname;
const DOCKER_HOST = 'host.docker.internal' as Hostname;
const LOOPBACK_ADDRESSES = [addressFrom('127.0.0.1'), addressFrom('::1')];
const LOOPBACK_LIKE = ['127.0.0.0/8', '::1/128', '0.0.0.0/32', '::/128'].map(prefixFrom);

/** 1 for each first part of an IPv4 address that some range or metadata service has. */
const NOTABLE = notableParts([...RANGES, ...METADATA.values()].flatMap((known) => known.prefixes));
const NO_HITS: readonly GuardHit[] = [];

const NO_ALIASES: DenyAliases = { names: [], addresses: [] };
const LOOPBACK_ALIASES: DenyAliases = { names: [LOCALHOST], addresses: LOOPBACK_ADDRESSES };
const LOCALHOST_ALIASES: DenyAliases = { names: [LOCALHOST, DOCKER_HOST], addresses: LOOPBACK_ADDRESSES };

/**
 * The guarded ranges (semantics 4.3) that an address or any IPv4 address embedded in it lies in, each once.
 * `metadata` and `nat64` are those that the config adds. Whether there was a name, and what lifts a range, is the
 * evaluator's to ask: see `liftsGuard`.
 */
export function guardedRanges(
  address: Address,
  metadata: readonly Address[],
  nat64: readonly Prefix[],
): readonly GuardHit[] {
  if (metadata.length === 0 && isOrdinary(address, nat64)) return NO_HITS;
  const hits: GuardHit[] = [];
  collect(hits, address, metadata, true);
  for (const form of embeddedAddresses(address, nat64)) collect(hits, form, metadata, false);
  return hits;
}

export function isMetadata(hit: GuardHit): boolean {
  return hit.range.name === 'metadata';
}

/**
 * True if an effective allow (of the right action and port) on a prefix of so many bits around the address lifts the
 * range for it; `/32`, `/128` and an address name it.
 */
export function liftsGuard(length: number, address: Address, hit: GuardHit): boolean {
  if (length === 32 * address.words.length) return true;
  // a prefix around the address and inside the range proves that the address itself lies there, not only a form of it;
  // inside a metadata range it could only be the address again
  return hit.range.prefixes.some((whole) => length >= whole.length && contains(whole, address));
}

/** True if the name itself lifts the range: `localhost` or below may be loopback. */
export function nameLiftsGuard(name: Hostname, hit: GuardHit): boolean {
  return hit.range.name === 'loopback' && hit.direct && isLocalhost(name);
}

/** `localhost` or any name below it. */
export function isLocalhost(name: Hostname): boolean {
  return name === LOCALHOST || name.endsWith('.localhost');
}

/** Names 6: what deny rules also test for this name or address. Allows never do. Embedded forms are asked for apart. */
export function denyAliases(asked: Hostname | Address): DenyAliases {
  if (typeof asked !== 'string') {
    return LOOPBACK_LIKE.some((prefix) => contains(prefix, asked)) ? LOOPBACK_ALIASES : NO_ALIASES;
  }
  if (asked === LOCALHOST) return LOCALHOST_ALIASES;
  return asked === DOCKER_HOST || isLocalhost(asked) ? LOOPBACK_ALIASES : NO_ALIASES;
}

/**
 * What deny rules test beside the destination as it stands: its aliases, what its addresses embed (Names 5), and the
 * aliases of that (Names 6); null for almost every destination, which has none.
 */
export function extraDenyForms(
  name: Hostname | null,
  addresses: readonly Address[],
  nat64: readonly Prefix[],
): DenyAliases | null {
  const own = name === null ? NO_ALIASES : denyAliases(name);
  if (own === NO_ALIASES && areOrdinary(addresses, nat64)) return null;
  const extra = { names: [...own.names], addresses: [...own.addresses] };
  for (const address of addresses) {
    const embedded = embeddedAddresses(address, nat64);
    const forms = [address, ...embedded];
    const aliases = forms.map(denyAliases).find((found) => found !== NO_ALIASES) ?? NO_ALIASES;
    extra.names.push(...aliases.names);
    extra.addresses.push(...embedded, ...aliases.addresses);
  }
  return extra;
}

function areOrdinary(addresses: readonly Address[], nat64: readonly Prefix[]): boolean {
  for (const address of addresses) if (!isOrdinary(address, nat64)) return false;
  return true;
}

/**
 * Almost every address that is dialled: an IPv4 address whose first part no range, metadata service or alias begins
 * with, or a global IPv6 address that embeds none.
 */
function isOrdinary({ words }: Address, nat64: readonly Prefix[]): boolean {
  const [a = 0, , c = 0] = words;
  if (words.length === 1) return NOTABLE[a >>> 24] !== 1;
  const isGlobal = a >>> 29 === 1 && a >>> 16 !== 0x2002 && a !== 0x2001_0000;
  return isGlobal && (c & 0xfcff_ffff) >>> 0 !== 0x0000_5efe && nat64.length === 0;
}

function collect(hits: GuardHit[], form: Address, metadata: readonly Address[], direct: boolean): void {
  for (const range of RANGES) {
    if (range.prefixes.some((prefix) => contains(prefix, form))) add(hits, { range, direct, form });
  }
  const known = METADATA.get(form.text);
  if (known !== undefined) add(hits, { range: known, direct, form });
  else if (metadata.some((address) => address.text === form.text)) {
    add(hits, { range: metadataRange(form), direct, form });
  }
}

/** Direct hits are collected first, and of one range the first stays. */
function add(hits: GuardHit[], hit: GuardHit): void {
  if (!hits.some((other) => other.range === hit.range)) hits.push(hit);
}

function notableParts(prefixes: readonly Prefix[]): Uint8Array {
  const parts = new Uint8Array(256);
  for (const { family, words, length } of prefixes) {
    if (family !== 4) continue;
    const first = (words[0] ?? 0) >>> 24;
    parts.fill(1, first, first + 2 ** Math.max(0, 8 - length));
  }
  return parts;
}

function metadataRange(address: Address): GuardRange {
  const prefix = prefixFrom(`${address.text}/${32 * address.words.length}`);
  return { name: 'metadata', prefixes: [prefix] };
}

function range(name: GuardRange['name'], ...prefixes: readonly string[]): GuardRange {
  return { name, prefixes: prefixes.map(prefixFrom) };
}

function prefixFrom(text: string): Prefix {
  const reading = readPrefix(text);
  if (reading.kind === 'invalid') throw new Error(`unreachable: \`${text}\` is no prefix`);
  return reading.prefix;
}

function addressFrom(text: string): Address {
  const address = readAddress(text);
  if (address === null) throw new Error(`unreachable: \`${text}\` is no address`);
  return address;
}

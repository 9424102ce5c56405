import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { type Prefix, readAddress, readPrefix } from './address.ts';
import { type NamePattern, readNamePattern } from './name-pattern.ts';
import { readPort } from './port.ts';
import { quote } from './quote.ts';
import { spellingProblem } from './spelling.ts';

/** What a network resource of a rule means. `port` null is every port; a CIDR prefix never has one. */
export type NetworkPattern = NamePattern | { readonly kind: 'prefix'; readonly prefix: Prefix };

export type NetworkPatternReading =
  | { readonly kind: 'pattern'; readonly pattern: NetworkPattern; readonly warnings: readonly string[] }
  /** One line that says what to write instead. */
  | { readonly kind: 'invalid'; readonly message: string };

/** 253 bytes of name, `:65535`, brackets: nothing longer can be a resource, so nothing longer is looked at. */
const LONGEST_RESOURCE = 300;

/** Reads a network resource of a rule (Network resources); every refusal says what to write instead. */
export function readNetworkPattern(text: unknown): NetworkPatternReading {
  if (typeof text !== 'string') return invalid('a network resource is a string such as `example.com:443`');
  const problem =
    text.length > LONGEST_RESOURCE ? 'is longer than a name of 253 bytes with a port' : spellingProblem(text);
  if (problem !== null) return invalid(`${quote(text)} ${problem}`);
  if (text.includes('/')) return readCidr(text);
  if (/^\[[^\]]*:/.test(text)) return readBracketed(text);
  return readHostAndPort(text);
}

/**
 * Semantics 5, "narrow", for one resource: what a delegated local allow may open. Public suffixes are ICANN and
 * private ones (tldts).
 */
export function isNarrowNetwork(pattern: NetworkPattern): boolean {
  switch (pattern.kind) {
    case 'name':
    case 'address':
      return true;
    case 'any':
      return false;
    case 'prefix':
      return pattern.prefix.length >= (pattern.prefix.family === 4 ? 16 : 48);
    default:
      return pattern.suffix.includes('.') && !isPublicSuffix(pattern.suffix);
  }
}

function isPublicSuffix(name: string): boolean {
  const options = { allowPrivateDomains: true, detectIp: false, extractHostname: false, validateHostname: false };
  return getPublicSuffix(name, options) === name;
}

/** `address/length`, addresses by Names 4. */
function readCidr(text: string): NetworkPatternReading {
  const reading = readPrefix(text);
  if (reading.kind === 'invalid') return invalid(`${quote(text)} ${cidrProblem(text, reading.problem)}`);
  const { prefix } = reading;
  if (!reading.masked) return accepted({ kind: 'prefix', prefix });
  const warning = `${quote(text)} has host bits set: it means \`${prefix.text}\`, write that`;
  return { kind: 'pattern', pattern: { kind: 'prefix', prefix }, warnings: [warning] };
}

function cidrProblem(text: string, problem: 'address' | 'length'): string {
  const cut = text.indexOf('/');
  const [address, length] = [text.slice(0, cut), text.slice(cut + 1)];
  if (problem === 'length') {
    if (length.includes(':'))
      return 'is a prefix with a port: write the prefix alone, or single addresses with the port';
    if (/^0[0-9]+$/.test(length)) return `has a leading zero in its length: write \`${address}/${Number(length)}\``;
    return `has no length from 0 to ${isIP(address) === 4 ? 32 : 128}: write for instance \`${address}/${isIP(address) === 4 ? 24 : 64}\``;
  }
  const inner = /^\[(.*)\]$/.exec(address)?.[1];
  if (inner !== undefined && isIP(inner) === 6) return `is a prefix in brackets: write \`${inner}/${length}\``;
  if (/^[0-9]/.test(length) || isIP(address) !== 0) {
    return 'is no prefix: write four decimal parts or an IPv6 address before the `/`, such as `10.0.0.0/24`';
  }
  return 'has a path, which a network resource never has: write the host alone, such as `example.com:443`';
}

/** `[IPv6]` or `[IPv6]:port`. */
function readBracketed(text: string): NetworkPatternReading {
  const end = text.indexOf(']');
  const address = readAddress(text.slice(1, Math.max(end, 1)));
  if (address === null) {
    return invalid(`${quote(text)} holds no IPv6 address in its brackets: write for instance \`[2001:db8::1]:443\``);
  }
  const tail = text.slice(end + 1);
  if (tail === '') return accepted({ kind: 'address', address, port: null });
  if (!tail.startsWith(':'))
    return invalid(`${quote(text)} goes on after its \`]\`: write \`[${address.text}]\` or \`[${address.text}]:443\``);
  const port = readPort(tail.slice(1), `[${address.text}]`);
  if (typeof port === 'string') return invalid(`${quote(text)} ${port}`);
  return accepted({ kind: 'address', address, port });
}

function readHostAndPort(text: string): NetworkPatternReading {
  const cut = text.lastIndexOf(':');
  const host = cut < 0 ? text : text.slice(0, cut);
  if (host.includes(':')) return invalid(`${quote(text)} ${colonProblem(text)}`);
  const port = cut < 0 ? null : readPort(text.slice(cut + 1), host === '' || host === '*' ? '**' : host);
  if (typeof port === 'string') return invalid(`${quote(text)} ${port}`);
  const reading = readNamePattern(host, port);
  if (reading.kind === 'invalid') return invalid(`${quote(text)} ${reading.problem}`);
  return accepted(reading.pattern);
}

function colonProblem(text: string): string {
  if (isIP(text) === 6) return `is an IPv6 address without brackets: write \`[${text}]\` or \`${text}/128\``;
  return 'has more than one `:`: write `host:port`, or an IPv6 address as `[2001:db8::1]:443`';
}

const NO_WARNINGS: readonly string[] = [];

function accepted(pattern: NetworkPattern): NetworkPatternReading {
  return { kind: 'pattern', pattern, warnings: NO_WARNINGS };
}

function invalid(message: string): NetworkPatternReading {
  return { kind: 'invalid', message };
}

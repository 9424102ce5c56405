/** Host names and network resources for the reference evaluator (Names 1–3, the table of network resources). */
import { domainToASCII, domainToUnicode } from 'node:url';
import {
  inPrefix,
  type RefAddress,
  type RefPrefix,
  readDecimal,
  readRefAddress,
  readRefPrefix,
  sameAddress,
} from './reference-address.ts';

export type RefHost =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address'; readonly address: RefAddress };

const FORBIDDEN = Array.from('@/\\?#%:*,;"\'(){}<>|^~!&=+$`[]');

function isForbidden(character: string): boolean {
  return FORBIDDEN.includes(character) || /[\p{Cc}\s]/u.test(character);
}

function bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Names 2: what a mapped label must look like. */
function isLabel(label: string): boolean {
  if (label === '' || label.length > 63) return false;
  return Array.from(label).every((character) => 'abcdefghijklmnopqrstuvwxyz0123456789_-'.includes(character));
}

/** Names 2: an `xn--` label decodes to something beyond ASCII and encodes back to itself. */
function isHonestPunycode(label: string): boolean {
  if (!label.startsWith('xn--')) return true;
  const decoded = domainToUnicode(`${label}.a`).slice(0, -2);
  if (Array.from(decoded).every((character) => character < '\u0080')) return false;
  return domainToASCII(`${decoded}.a`) === `${label}.a`;
}

function isName(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => isLabel(label) && isHonestPunycode(label));
}

function isNumericLabel(label: string): boolean {
  return /^[0-9]+$/.test(label) || /^0x[0-9a-f]*$/i.test(label);
}

function withoutDot(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}

function plainTextIsUsable(text: string): boolean {
  if (text === '' || bytes(text) > 253 || Array.from(text).some(isForbidden)) return false;
  return text.split('.').every((label) => label !== '' && bytes(label) <= 63);
}

/** The host of a request; null = invalid. */
export function readRefHost(raw: unknown): RefHost | null {
  if (typeof raw !== 'string') return null;
  const inner = raw.startsWith('[') && raw.endsWith(']') ? raw.slice(1, -1) : raw;
  if (raw.includes(':') || raw.startsWith('[')) {
    const literal = inner.includes(':') ? readRefAddress(inner) : null;
    return literal === null ? null : { kind: 'address', address: literal };
  }
  const text = withoutDot(raw);
  if (!plainTextIsUsable(text)) return null;
  const mapped = domainToASCII(text);
  // Names 3: the platform's WHATWG host parser has read every numeric spelling by now
  const address = readRefAddress(mapped);
  if (address !== null) return { kind: 'address', address };
  if (!isName(mapped) || isNumericLabel(mapped.split('.').at(-1) ?? '')) return null;
  return { kind: 'name', name: mapped };
}

/** A label of a rule: literal text, a glob, or any number (`**`) of labels. */
type RefLabel =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'glob'; readonly text: string }
  | { readonly kind: 'deep' };

export type RefNetworkPattern =
  | { readonly kind: 'labels'; readonly labels: readonly RefLabel[]; readonly port: number | null }
  | { readonly kind: 'any'; readonly port: number | null }
  | { readonly kind: 'address'; readonly address: RefAddress; readonly port: number | null }
  | { readonly kind: 'prefix'; readonly prefix: RefPrefix };

function isBracket(inside: string): boolean {
  const items = inside.startsWith('!') ? inside.slice(1) : inside;
  const one = '(?:[a-z]-[a-z]|[0-9]-[0-9]|[a-z0-9_])';
  if (!new RegExp(`^-?${one}*-?$`).test(items) || items === '') return false;
  return [...items.matchAll(/([a-z0-9])-([a-z0-9])/g)].every(([, from = '', to = '']) => from <= to);
}

function isGlobLabel(label: string): boolean {
  let rest = label;
  while (rest !== '') {
    if (rest.startsWith('[')) {
      const end = rest.indexOf(']');
      if (end < 0 || !isBracket(rest.slice(1, end))) return false;
      rest = rest.slice(end + 1);
    } else if (/^[a-z0-9_*?-]/.test(rest)) {
      rest = rest.slice(1);
    } else {
      return false;
    }
  }
  return true;
}

function readLabel(label: string, first: boolean, last: boolean): RefLabel | null {
  if (label === '**') return first && !last ? { kind: 'deep' } : null;
  if (/[*?[\]]/.test(label)) {
    const lower = label.toLowerCase();
    if (last || label.includes('**') || !isGlobLabel(lower)) return null;
    return { kind: 'glob', text: lower };
  }
  if (!plainTextIsUsable(label)) return null;
  const text = domainToASCII(`${label}.a`).slice(0, -2);
  return isName(text) ? { kind: 'literal', text } : null;
}

function readLabels(text: string, port: number | null): RefNetworkPattern | null {
  const parts = withoutDot(text).split('.');
  const labels = parts.map((label, index) => readLabel(label, index === 0, index === parts.length - 1));
  const whole: RefLabel[] = [];
  for (const label of labels) {
    if (label === null) return null;
    whole.push(label);
  }
  const last = whole.at(-1);
  if (last?.kind !== 'literal' || isNumericLabel(last.text)) return null;
  return { kind: 'labels', labels: whole, port };
}

/** `host`, `host:port`, `[v6]`, `[v6]:port` cut in two; null = neither. */
function cutPort(text: string): { host: string; port: number | null } | null {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || text.endsWith(']')) return { host: text, port: null };
  const port = readDecimal(text.slice(colon + 1), 65535);
  return port === null || port === 0 ? null : { host: text.slice(0, colon), port };
}

/** A network resource of a rule; null = refused when written. */
export function readRefNetworkPattern(text: unknown): RefNetworkPattern | null {
  if (typeof text !== 'string' || text === '') return null;
  if (text.includes('/')) {
    const prefix = readRefPrefix(text);
    return prefix === null ? null : { kind: 'prefix', prefix };
  }
  const cut = cutPort(text);
  if (cut === null) return null;
  const { host, port } = cut;
  if (host === '**') return { kind: 'any', port };
  if (host.includes(':')) {
    const address = host.startsWith('[') && host.endsWith(']') ? readRefAddress(host.slice(1, -1)) : null;
    return address === null ? null : { kind: 'address', address, port };
  }
  const four = readRefAddress(host);
  if (four !== null) return { kind: 'address', address: four, port };
  return readLabels(host, port);
}

function bracketMatches(inside: string, character: string): boolean {
  const negated = inside.startsWith('!');
  const items = negated ? inside.slice(1) : inside;
  let found = false;
  for (let index = 0; index < items.length; index += 1) {
    const from = items.charAt(index);
    const isRange = items.charAt(index + 1) === '-' && index + 2 < items.length && from !== '-';
    const to = isRange ? items.charAt(index + 2) : from;
    if (from <= character && character <= to) found = true;
    if (isRange) index += 2;
  }
  return found !== negated;
}

/** Recursive descent over a glob inside one label. */
function globMatches(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob.startsWith('*')) {
    return globMatches(glob.slice(1), text) || (text !== '' && globMatches(glob, text.slice(1)));
  }
  if (text === '') return false;
  if (glob.startsWith('[')) {
    const end = glob.indexOf(']');
    return bracketMatches(glob.slice(1, end), text.charAt(0)) && globMatches(glob.slice(end + 1), text.slice(1));
  }
  return (glob.startsWith('?') || glob.charAt(0) === text.charAt(0)) && globMatches(glob.slice(1), text.slice(1));
}

function labelsMatch(labels: readonly RefLabel[], parts: readonly string[]): boolean {
  const [label, ...rest] = labels;
  const [part, ...others] = parts;
  if (label === undefined || part === undefined) return label === undefined && part === undefined;
  // one or more labels
  if (label.kind === 'deep') return labelsMatch(rest, others) || labelsMatch(labels, others);
  const fits = label.kind === 'literal' ? label.text === part : globMatches(label.text, part);
  return fits && labelsMatch(rest, others);
}

function portFits(pattern: RefNetworkPattern, port: number): boolean {
  return pattern.kind === 'prefix' || pattern.port === null || pattern.port === port;
}

export function patternMatchesName(pattern: RefNetworkPattern, name: string, port: number): boolean {
  if (!portFits(pattern, port)) return false;
  if (pattern.kind === 'any') return true;
  return pattern.kind === 'labels' && labelsMatch(pattern.labels, name.split('.'));
}

/** Address and prefix resources only; `**` is asked about apart. */
export function patternMatchesAddress(pattern: RefNetworkPattern, address: RefAddress, port: number): boolean {
  if (!portFits(pattern, port)) return false;
  if (pattern.kind === 'address') return sameAddress(pattern.address, address);
  return pattern.kind === 'prefix' && inPrefix(pattern.prefix, address);
}

export function patternMatchesAll(pattern: RefNetworkPattern, port: number): boolean {
  return pattern.kind === 'any' && portFits(pattern, port);
}

/** The public suffixes of two labels that the generators can produce; the rest of the real list is not needed here. */
const PUBLIC_SUFFIXES = ['co.uk', 'github.io'];

/** Section 5, "narrow". */
export function isNarrowRefNetwork(pattern: RefNetworkPattern): boolean {
  switch (pattern.kind) {
    case 'any':
      return false;
    case 'address':
      return true;
    case 'prefix':
      return pattern.prefix.length >= (pattern.prefix.family === 4 ? 16 : 48);
    case 'labels': {
      const lastGlob = pattern.labels.findLastIndex((label) => label.kind !== 'literal');
      if (lastGlob < 0) return true;
      const literal = pattern.labels.slice(lastGlob + 1).map((label) => (label.kind === 'literal' ? label.text : ''));
      return literal.length >= 2 && !PUBLIC_SUFFIXES.includes(literal.join('.'));
    }
  }
}

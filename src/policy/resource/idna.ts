import { domainToASCII, domainToUnicode } from 'node:url';

export const MAX_NAME_BYTES = 253;
export const MAX_LABEL_BYTES = 63;

/** What a mapped name must look like (Names 2); the total length is tested apart. */
const A_LABELS = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const ASCII_ONLY = /^[\0-\x7f]*$/;
/** Node's own list of the marks that may not begin a label is older than Unicode. */
const BEGINS_WITH_MARK = /^\p{M}/u;
/** Node ends its look at a label with the first joiner that is in order; more than one is refused. */
const TWO_JOINERS = /[\u200c\u200d].*[\u200c\u200d]/u;

/** The blocks of the scripts that run from right to left. */
const BLOCKS = String.raw`[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]`;
/** One such character, mark and Persian digit excepted, makes the whole name a bidi domain name. */
const RIGHT_TO_LEFT = new RegExp(String.raw`[${BLOCKS}--[\p{M}\u06f0-\u06f9]]`, 'v');
/** Labels that RFC 5893, section 2 lets stand in a bidi domain name, told by blocks: narrower than the RFC. */
const RIGHT_TO_LEFT_LABEL = new RegExp(
  String.raw`^[${BLOCKS}&&[\p{L}\u05f3\u05f4]](?:[${BLOCKS}\p{Mn}\u200c\u200d0-9_\-]*[[${BLOCKS}&&[\p{L}\p{Nd}\u05f3\u05f4]]0-9])?\p{Mn}*$`,
  'v',
);
const LEFT_TO_RIGHT_LABEL = /^\p{L}(?:.*[\p{L}\p{Mc}\p{Nd}])?\p{Mn}*$/u;

/** A last label that the WHATWG host parser takes for a number, and the name therefore for an IPv4 address. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * UTS #46, non-transitional, to lower-case A-labels (Names 2); null if there is no such form. A name whose last label
 * is numeric comes back as the IPv4 address that the WHATWG host parser reads (Names 3).
 */
export function mapName(name: string): string | null {
  const mapped = domainToASCII(name);
  if (mapped.length > MAX_NAME_BYTES || !A_LABELS.test(mapped)) return null;
  return readsBack(mapped) ? mapped : null;
}

/** One label of a rule, mapped by itself: the appended label keeps a number from being read as an address (Names 1). */
export function mapLabel(label: string): string | null {
  const mapped = mapName(`${label}.a`)?.slice(0, -2);
  return mapped === undefined || mapped.includes('.') ? null : mapped;
}

export function isNumericLabel(label: string): boolean {
  return NUMERIC_LABEL.test(label);
}

/**
 * Every `xn--` label must decode to something that is not plain ASCII and encode back to itself (Names 2). Node maps
 * label by label and skips some rules of UTS #46: those are tested here, and what is in doubt is refused.
 */
function readsBack(mapped: string): boolean {
  if (!mapped.includes('xn--')) return true;
  const decoded: string[] = [];
  for (const label of mapped.split('.')) {
    const text = label.startsWith('xn--') ? decodeLabel(label) : label;
    if (text === null || BEGINS_WITH_MARK.test(text) || TWO_JOINERS.test(text)) return false;
    decoded.push(text);
  }
  return !decoded.some((label) => RIGHT_TO_LEFT.test(label)) || decoded.every(fitsBidiName);
}

function fitsBidiName(label: string): boolean {
  return RIGHT_TO_LEFT.test(label) ? RIGHT_TO_LEFT_LABEL.test(label) : LEFT_TO_RIGHT_LABEL.test(label);
}

function decodeLabel(label: string): string | null {
  const text = domainToUnicode(`${label}.a`).slice(0, -2);
  if (ASCII_ONLY.test(text)) return null;
  return domainToASCII(`${text}.a`) === `${label}.a` ? text : null;
}

import { domainToASCII, domainToUnicode } from 'node:url';

export const MAX_NAME_BYTES = 253;
export const MAX_LABEL_BYTES = 63;

/** What a mapped name must look like (Names 2); the total length is tested apart. */
const A_LABELS = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const ASCII_ONLY = /^[\0-\x7f]*$/;
/** The blocks whose letters run from right to left: one of them makes the whole name a bidi domain name. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** A left-to-right label that RFC 5893, section 2 lets stand in a bidi domain name; narrower than the RFC. */
const LEFT_TO_RIGHT_IN_BIDI = /^\p{L}(?:.*[\p{L}\p{M}\p{Nd}])?$/u;

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
 * Every `xn--` label must decode to something that is not plain ASCII and encode back to itself (Names 2). Node looks
 * at labels one by one, so the rule that holds a whole bidi domain name together is tested here as well.
 */
function readsBack(mapped: string): boolean {
  if (!mapped.includes('xn--')) return true;
  const decoded: string[] = [];
  for (const label of mapped.split('.')) {
    const text = label.startsWith('xn--') ? decodeLabel(label) : label;
    if (text === null) return false;
    decoded.push(text);
  }
  if (!decoded.some((label) => RIGHT_TO_LEFT.test(label))) return true;
  return decoded.every((label) => RIGHT_TO_LEFT.test(label) || LEFT_TO_RIGHT_IN_BIDI.test(label));
}

function decodeLabel(label: string): string | null {
  const text = domainToUnicode(`${label}.a`).slice(0, -2);
  if (ASCII_ONLY.test(text)) return null;
  return domainToASCII(`${text}.a`) === `${label}.a` ? text : null;
}

import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_BYTES = 12;

type ObjectKind = 'pol' | 'rule';

/**
 * `pol_` or `rule_` and 28 characters of lower-case Crockford base32: 140 bits, of which the first 48 are the time in
 * milliseconds, so that ids sort by it. The rest is random.
 */
export function newObjectId(kind: ObjectKind, now: number): string {
  // 48 bits of time, 92 of chance
  const random = BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`);
  const bits = (BigInt(now) << 92n) | (random & ((1n << 92n) - 1n));
  let text = '';
  for (let shift = 135n; shift >= 0n; shift -= 5n) text += CROCKFORD.charAt(Number((bits >> shift) & 31n));
  return `${kind}_${text}`;
}

const OBJECT_ID = /^(?:pol|rule)_[0-9a-hjkmnp-tv-z]{28}$/;

export function isObjectId(text: string): boolean {
  return OBJECT_ID.test(text);
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import { MAX_TOKEN_LENGTH, TOKEN_CLOCK_SKEW_SECONDS, TOKEN_LIFETIME_SECONDS } from '../limits.ts';

const ISSUER = 'reeve-control-plane';
const AUDIENCE = 'governance';
/** The one header ever signed and ever accepted: `alg` is not negotiable. */
const HEADER = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

/** Whom a token speaks for. What they may do is looked up at each request: a revocation works at once. */
interface TokenSubject {
  readonly credential: string;
  readonly org: string;
}

/** `now` in milliseconds since the epoch. */
export function signToken(key: Uint8Array, subject: TokenSubject, now: number): string {
  const issued = Math.floor(now / 1_000);
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: subject.credential,
    org: subject.org,
    iat: issued,
    exp: issued + TOKEN_LIFETIME_SECONDS,
  };
  const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${signature(key, signed)}`;
}

/** Null for anything but a token of ours, for this service, that is in force. */
export function verifyToken(key: Uint8Array, token: string, now: number): TokenSubject | null {
  if (token.length > MAX_TOKEN_LENGTH) return null;
  const [header, payload, mac, ...rest] = token.split('.');
  if (header !== HEADER || payload === undefined || mac === undefined || rest.length > 0) return null;
  if (!sameText(mac, signature(key, `${header}.${payload}`))) return null;
  return subjectOf(payload, Math.floor(now / 1_000));
}

/** Only for a payload whose signature was checked. */
function subjectOf(payload: string, now: number): TokenSubject | null {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
  const { iss, aud, sub, org, iat, exp } = claims;
  if (iss !== ISSUER || aud !== AUDIENCE || typeof sub !== 'string' || typeof org !== 'string') return null;
  if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return null;
  if (Number(exp) <= now || Number(iat) > now + TOKEN_CLOCK_SKEW_SECONDS) return null;
  return { credential: sub, org };
}

function signature(key: Uint8Array, signed: string): string {
  return createHmac('sha256', key).update(signed).digest('base64url');
}

/** Compared as text, so that only the canonical spelling of a signature passes. */
function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

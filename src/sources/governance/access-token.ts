import type { Outbound } from '../../http/outbound.ts';
import { OutboundError } from '../../http/outbound-error.ts';
import { type Credential, readAccessToken, readTokenClaims } from '../../schema/governance.ts';
import { MAX_TOKEN_ANSWER_BYTES } from '../../schema/limits.ts';
import { parseStrictJson } from '../../schema/strict-json.ts';
import { SourceError } from '../source-failure.ts';

/** What a token is good for when it does not say, and the most that it is believed (delivery, Sources 1). */
const LIFETIME_MS = 600_000;
/** A token is replaced this long before it ends, so that it does not end inside a sync. */
const MARGIN_MS = 60_000;

interface HeldToken {
  readonly text: string;
  readonly refreshAt: number;
  readonly obtainedAt: number;
}

export interface AccessTokens {
  /** A token that should be in force; never `refused`, which the server has just turned down. */
  token(signal: AbortSignal, refused?: string): Promise<string>;
}

export interface TokenOptions {
  readonly outbound: Outbound;
  readonly readCredential: () => Credential;
  readonly now: () => number;
}

/** One exchange at a time; concurrent requests share it. */
export function createAccessTokens(options: TokenOptions): AccessTokens {
  let held: HeldToken | null = null;
  let exchange: Promise<HeldToken> | null = null;
  const usable = (refused: string | undefined): string | null => {
    const now = options.now();
    // a clock that was set back must not keep an old token in force
    if (held === null || held.text === refused || now >= held.refreshAt || now < held.obtainedAt) return null;
    return held.text;
  };
  return {
    async token(signal, refused) {
      const current = usable(refused);
      if (current !== null) return current;
      exchange ??= exchangeCredential(options, signal).finally(() => {
        exchange = null;
      });
      held = await exchange;
      return held.text;
    },
  };
}

async function exchangeCredential(options: TokenOptions, signal: AbortSignal): Promise<HeldToken> {
  const { identifier, secret } = options.readCredential();
  const obtainedAt = options.now();
  const answer = await options.outbound
    .send({
      method: 'POST',
      path: '/auth/token',
      body: { identifier, secret },
      maxBytes: MAX_TOKEN_ANSWER_BYTES,
      signal,
    })
    .catch((error: unknown) => {
      throw isRefusal(error) ? new SourceError('fetch', 'credential_refused', REFUSED) : error;
    });
  const token = readAccessToken(answer.value);
  if (token.kind === 'ok')
    return { text: token.value, refreshAt: obtainedAt + usefulMs(token.value, obtainedAt), obtainedAt };
  throw new SourceError('fetch', 'unexpected_answer', 'the token endpoint answered without an `access_token`');
}

const REFUSED = 'the server refused the credential: put a valid identifier and secret into the credential file';

function isRefusal(error: unknown): boolean {
  return error instanceof OutboundError && error.code === 'unauthenticated';
}

/** How long to use a token: what it says of itself, unverified, and therefore only to shorten the ten minutes. */
function usefulMs(token: string, now: number): number {
  const claims = claimsOf(token);
  // `iat` makes it independent of this machine's clock
  const claimed = claims === null ? LIFETIME_MS : claims.exp * 1_000 - (claims.iat ?? now / 1_000) * 1_000;
  const lifetime = claimed > 0 && claimed < LIFETIME_MS ? claimed : LIFETIME_MS;
  return Math.max(lifetime - MARGIN_MS, lifetime / 2);
}

function claimsOf(token: string): ReturnType<typeof readTokenClaims> {
  const reading = parseStrictJson(Buffer.from(token.split('.')[1] ?? '', 'base64url'));
  return reading.kind === 'value' ? readTokenClaims(reading.value) : null;
}

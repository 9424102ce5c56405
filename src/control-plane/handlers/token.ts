import { problem } from '../../http/problem.ts';
import { signToken } from '../auth/access-token.ts';
import { UNAUTHENTICATED } from '../auth/caller.ts';
import { NOBODY, secretMatches } from '../auth/secret-hash.ts';
import { type Call, failed, type Reply, refused } from '../endpoint.ts';
import { MAX_IDENTIFIER_CHARACTERS, MAX_SECRET_CHARACTERS } from '../limits.ts';
import { done, invalid, type Outcome } from '../outcome.ts';
import { readMembers } from '../read/members.ts';
import type { CredentialRow } from '../store/credential-rows.ts';

interface Claimed {
  readonly identifier: string;
  readonly secret: string;
}

/** `POST /v2/auth/token`: a long-lived secret for a token of ten minutes. */
export async function exchangeTokenEndpoint({ services, body, source }: Call): Promise<Reply> {
  const claimed = readClaim(body);
  if (claimed.kind === 'failure') return failed(claimed);
  const reply = await services.turnstile.pass(() => exchange(services, claimed.value, source));
  return reply ?? tooMany(1, 'too many token exchanges at once');
}

async function exchange(services: Call['services'], claimed: Claimed, source: string): Promise<Reply> {
  // after the wait in the turnstile: what was sent side by side counts one by one
  const wait = services.failures.wait(source);
  if (wait > 0) return tooMany(wait, 'too many failed token exchanges');
  const row = services.credentials.byIdentifier(claimed.identifier);
  const matches = await secretMatches(claimed.secret, row ?? NOBODY);
  if (row === undefined || !matches) {
    services.failures.record(source);
    return failed(UNAUTHENTICATED, { 'WWW-Authenticate': 'Bearer' });
  }
  return { status: 200, body: { access_token: tokenFor(services, row) } };
}

function tokenFor(services: Call['services'], row: CredentialRow): string {
  return signToken(services.key, { credential: row.id, org: row.org }, services.clock.now());
}

function readClaim(body: unknown): Outcome<Claimed> {
  const members = readMembers(body, { required: ['identifier', 'secret'], optional: [], subject: 'the body' });
  if (members.kind === 'failure') return members;
  const { identifier, secret } = members.value;
  if (typeof identifier !== 'string' || identifier === '' || identifier.length > MAX_IDENTIFIER_CHARACTERS) {
    return invalid(`\`identifier\` must be a string of 1 to ${MAX_IDENTIFIER_CHARACTERS} characters`);
  }
  if (typeof secret !== 'string' || secret === '' || secret.length > MAX_SECRET_CHARACTERS) {
    return invalid(`\`secret\` must be a string of 1 to ${MAX_SECRET_CHARACTERS} characters`);
  }
  return done({ identifier, secret });
}

function tooMany(seconds: number, what: string): Reply {
  const message = `${what}: try again in ${seconds} s`;
  return refused(429, problem('limit_exceeded', message), { 'Retry-After': String(seconds) });
}

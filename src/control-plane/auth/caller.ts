import type { Access } from '../endpoint.ts';
import { MAX_TOKEN_LENGTH } from '../limits.ts';
import { type Failure, failure } from '../outcome.ts';
import type { Services } from '../services.ts';
import type { CredentialKind } from '../store/credential-rows.ts';
import { verifyToken } from './access-token.ts';

export interface Caller {
  readonly credential: string;
  readonly org: string;
  readonly kind: CredentialKind;
}

export const UNAUTHENTICATED = failure('unauthenticated', 'unauthenticated');

const BEARER = /^Bearer +([A-Za-z0-9_.-]+)$/i;

/** Who sends this `Authorization` header, or null. The credential must still be in force. */
export function callerOf(services: Services, authorization: string | undefined): Caller | null {
  if (authorization === undefined || authorization.length > MAX_TOKEN_LENGTH + 16) return null;
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) return null;
  const subject = verifyToken(services.key, token, services.clock.now());
  if (subject === null) return null;
  const row = services.credentials.byId(subject.credential);
  if (row === undefined || row.org !== subject.org) return null;
  return { credential: row.id, org: row.org, kind: row.kind };
}

/** Null, or why this caller may not. An org that is not the caller's does not exist for it. */
export function denial(caller: Caller, access: Access, org: string | undefined): Failure | null {
  if (caller.org !== org) return failure('not_found', 'organization not found');
  if (access === 'write' && caller.kind !== 'admin') return failure('permission_denied', 'permission denied');
  return null;
}

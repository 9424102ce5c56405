import { randomBytes, scryptSync } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { quoted } from '../http/problem.ts';
import type { Database } from '../store/database.ts';
import { HASH_BYTES, SALT_BYTES, SCRYPT_COST } from './auth/secret-hash.ts';
import { ControlPlaneError } from './control-plane-error.ts';
import { MAX_IDENTIFIER_CHARACTERS } from './limits.ts';
import { type CredentialKind, type CredentialRow, isCredentialKind } from './store/credential-rows.ts';
import { storedList } from './store/rows.ts';
import { assertOrgName, assertTeamId } from './team-id.ts';

export type { CredentialKind } from './store/credential-rows.ts';

export interface NewCredential {
  readonly org: string;
  /** `admin` manages the org's policies, `machine` only reads them. */
  readonly kind: CredentialKind;
  /** What the holder sends beside the secret; unique among the credentials in force, of all orgs. */
  readonly identifier: string;
  /** Recorded with the credential and listed; decides nothing yet. */
  readonly teams?: readonly string[] | undefined;
}

/** A credential without its secret, which is not kept. */
export interface Credential {
  readonly id: string;
  readonly org: string;
  readonly kind: CredentialKind;
  readonly identifier: string;
  readonly teams: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

export interface CreatedCredential {
  readonly credential: Credential;
  /** Shown once: only a salted hash of it is stored. */
  readonly secret: string;
}

const SECRET_BYTES = 32;

/** Throws `invalid_credential` or `identifier_in_use`. */
export function createCredential(
  database: Database,
  wanted: NewCredential,
  clock: Clock = systemClock,
): CreatedCredential {
  assertWellFormed(wanted);
  const secret = `reeve_${wanted.kind}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const salt = randomBytes(SALT_BYTES);
  const row: CredentialRow = {
    id: `cred_${randomBytes(16).toString('hex')}`,
    org: wanted.org,
    kind: wanted.kind,
    identifier: wanted.identifier,
    teams: JSON.stringify(wanted.teams ?? []),
    salt,
    hash: scryptSync(secret, salt, HASH_BYTES, SCRYPT_COST),
    created_at: clock.now(),
    revoked_at: null,
  };
  database.transaction(() => insert(database, row)).immediate();
  return { credential: credentialOf(row), secret };
}

/** All credentials, or one org's, the revoked ones included, oldest first. */
export function listCredentials(database: Database, org?: string): readonly Credential[] {
  return database
    .prepare<{ org: string | null }, CredentialRow>(
      'SELECT * FROM credentials WHERE @org IS NULL OR org = @org ORDER BY created_at, rowid',
    )
    .all({ org: org ?? null })
    .map((row) => credentialOf(row));
}

/**
 * Revokes the credential in force with this identifier; tokens it was given stop working at once. Throws
 * `credential_not_found`.
 */
export function revokeCredential(database: Database, identifier: string, clock: Clock = systemClock): Credential {
  const row = database
    .prepare<[number, string], CredentialRow>(
      'UPDATE credentials SET revoked_at = ? WHERE identifier = ? AND revoked_at IS NULL RETURNING *',
    )
    .get(clock.now(), identifier);
  if (row !== undefined) return credentialOf(row);
  const message = `no credential ${quoted(identifier)} is in force: list them to see their identifiers`;
  throw new ControlPlaneError('credential_not_found', message);
}

function insert(database: Database, row: CredentialRow): void {
  const holder = database
    .prepare<[string], { id: string }>('SELECT id FROM credentials WHERE identifier = ? AND revoked_at IS NULL')
    .get(row.identifier);
  if (holder !== undefined) {
    const message = `a credential ${quoted(row.identifier)} exists: revoke it first, or choose another identifier`;
    throw new ControlPlaneError('identifier_in_use', message);
  }
  database
    .prepare<CredentialRow>(
      `INSERT INTO credentials (id, org, kind, identifier, teams, salt, hash, created_at, revoked_at)
       VALUES (@id, @org, @kind, @identifier, @teams, @salt, @hash, @created_at, @revoked_at)`,
    )
    .run(row);
}

const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/;

function assertWellFormed(wanted: NewCredential): void {
  assertOrgName(wanted.org);
  if (!isCredentialKind(wanted.kind)) {
    const message = `${quoted(String(wanted.kind))} is no kind of credential: choose \`admin\` or \`machine\``;
    throw new ControlPlaneError('invalid_credential', message);
  }
  if (!IDENTIFIER.test(wanted.identifier) || wanted.identifier.length > MAX_IDENTIFIER_CHARACTERS) {
    const message = `identifier ${quoted(wanted.identifier)} does not work: use up to ${MAX_IDENTIFIER_CHARACTERS} letters, digits and \`. _ @ + -\`, a letter or digit first`;
    throw new ControlPlaneError('invalid_credential', message);
  }
  for (const team of wanted.teams ?? []) assertTeamId(team);
}

function credentialOf(row: CredentialRow): Credential {
  return {
    id: row.id,
    org: row.org,
    kind: row.kind,
    identifier: row.identifier,
    teams: storedList(row.teams),
    createdAt: new Date(row.created_at).toISOString(),
    revokedAt: row.revoked_at === null ? null : new Date(row.revoked_at).toISOString(),
  };
}

import type { Database } from '../../store/database.ts';

export type CredentialKind = 'admin' | 'machine';

export function isCredentialKind(value: unknown): value is CredentialKind {
  return value === 'admin' || value === 'machine';
}

export interface CredentialRow {
  readonly id: string;
  readonly org: string;
  readonly kind: CredentialKind;
  readonly identifier: string;
  readonly teams: string;
  readonly salt: Buffer;
  readonly hash: Buffer;
  readonly created_at: number;
  readonly revoked_at: number | null;
}

/** Credentials in force; revoked ones do not exist for the server. */
export interface CredentialLookup {
  readonly byIdentifier: (identifier: string) => CredentialRow | undefined;
  readonly byId: (id: string) => CredentialRow | undefined;
  readonly count: () => number;
}

export function credentialLookup(database: Database): CredentialLookup {
  const byIdentifier = database.prepare<[string], CredentialRow>(
    'SELECT * FROM credentials WHERE identifier = ? AND revoked_at IS NULL',
  );
  const byId = database.prepare<[string], CredentialRow>(
    'SELECT * FROM credentials WHERE id = ? AND revoked_at IS NULL',
  );
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM credentials WHERE revoked_at IS NULL');
  return {
    byIdentifier: (identifier) => byIdentifier.get(identifier),
    byId: (id) => byId.get(id),
    count: () => count.get()?.n ?? 0,
  };
}

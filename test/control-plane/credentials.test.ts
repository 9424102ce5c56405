import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ControlPlaneErrorCode } from '../../src/control-plane/control-plane-error.ts';
import {
  type CredentialKind,
  createCredential,
  listCredentials,
  revokeCredential,
} from '../../src/control-plane/credentials.ts';
import { openControlPlaneDatabase } from '../../src/control-plane/store/open.ts';
import type { Database } from '../../src/store/database.ts';
import { settableClock, temporaryDatabase } from './running-server.ts';

function open(t: TestContext): Database {
  const database = openControlPlaneDatabase(temporaryDatabase(t));
  t.after(() => database.close());
  return database;
}

function coded(code: ControlPlaneErrorCode, message?: RegExp) {
  return { code, ...(message === undefined ? {} : { message }) };
}

test('a new credential shows its secret once; the list shows everything but that', (t) => {
  const database = open(t);
  const clock = settableClock();
  const admin = createCredential(database, { org: 'acme', kind: 'admin', identifier: 'ops@acme' }, clock);
  clock.time += 1_000;
  const machine = createCredential(
    database,
    { org: 'globex', kind: 'machine', identifier: 'fleet', teams: ['research'] },
    clock,
  );
  assert.match(admin.secret, /^reeve_admin_[A-Za-z0-9_-]{43}$/);
  assert.match(machine.secret, /^reeve_machine_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(listCredentials(database), [admin.credential, machine.credential]);
  assert.deepEqual(listCredentials(database, 'globex'), [
    {
      id: machine.credential.id,
      org: 'globex',
      kind: 'machine',
      identifier: 'fleet',
      teams: ['research'],
      createdAt: '2026-04-22T10:00:01.000Z',
      revokedAt: null,
    },
  ]);
  assert.equal(JSON.stringify(listCredentials(database)).includes(machine.secret.slice(-20)), false);
});

test('the stored hash is salted: the same secret twice would not be seen', (t) => {
  const database = open(t);
  for (const identifier of ['a', 'b']) createCredential(database, { org: 'acme', kind: 'machine', identifier });
  const rows = database.prepare<[], { salt: Buffer; hash: Buffer }>('SELECT salt, hash FROM credentials').all();
  assert.equal(rows.length, 2);
  assert.notDeepEqual(rows[0]?.salt, rows[1]?.salt);
  for (const row of rows) assert.deepEqual([row.salt.length, row.hash.length], [16, 32]);
});

test('an identifier is held by one credential in force, and free after its revocation', (t) => {
  const database = open(t);
  const wanted = { org: 'acme', kind: 'admin', identifier: 'ops' } as const;
  createCredential(database, wanted);
  assert.throws(
    () => createCredential(database, { ...wanted, org: 'globex' }),
    coded('identifier_in_use', /revoke it/),
  );
  const revoked = revokeCredential(database, 'ops');
  assert.notEqual(revoked.revokedAt, null);
  assert.throws(() => revokeCredential(database, 'ops'), coded('credential_not_found'));
  createCredential(database, wanted);
  assert.equal(listCredentials(database).length, 2);
});

test('refuses what would be no credential, and says what to write', (t) => {
  const database = open(t);
  const good = { org: 'acme', kind: 'admin', identifier: 'ops' } as const;
  const cases = [
    [{ ...good, org: '' }, coded('invalid_credential', /org/)],
    [{ ...good, org: 'Acme' }, coded('invalid_credential', /lower-case/)],
    [{ ...good, org: '../x' }, coded('invalid_credential')],
    [{ ...good, identifier: '' }, coded('invalid_credential', /identifier/)],
    [{ ...good, identifier: 'a b' }, coded('invalid_credential')],
    [{ ...good, identifier: 'x'.repeat(129) }, coded('invalid_credential', /128/)],
    [{ ...good, kind: 'root' as CredentialKind }, coded('invalid_credential', /`admin` or `machine`/)],
    [{ ...good, teams: [''] }, coded('invalid_team')],
  ] as const;
  for (const [wanted, expected] of cases) assert.throws(() => createCredential(database, wanted), expected);
  assert.deepEqual(listCredentials(database), []);
});

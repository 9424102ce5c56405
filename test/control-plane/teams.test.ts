import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openControlPlaneDatabase } from '../../src/control-plane/store/open.ts';
import { listTeams, registerTeam, removeTeam } from '../../src/control-plane/teams.ts';
import { at, POLICIES, startServer, textAt } from './running-server.ts';

test('an org without registered teams may scope to any id; with some, only to those', async (t) => {
  const server = await startServer(t);
  const database = openControlPlaneDatabase(server.database);
  t.after(() => database.close());
  const create = (name: string, teams: readonly string[]) =>
    server.ask(`POST ${POLICIES}`, { body: { name, scope: { teams } } });
  const free = await create('free', ['anything']);
  assert.equal(free.status, 201);

  registerTeam(database, 'acme', 'research');
  registerTeam(database, 'acme', 'research');
  registerTeam(database, 'globex', 'sales');
  assert.deepEqual(listTeams(database, 'acme'), ['research']);
  assert.equal((await create('good', ['research'])).status, 201);
  const refused = await create('bad', ['research', 'sales']);
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.body, {
    error: { code: 'invalid_argument', message: '`scope.teams`: `sales` is no team of the organization' },
  });
  const path = `${POLICIES}/${textAt(free.body, 'id')}`;
  assert.equal((await server.ask(`PATCH ${path}`, { body: { scope: { teams: ['sales'] } } })).status, 400);
  assert.equal((await server.ask(`PATCH ${path}`, { body: { name: 'still free' } })).status, 200);
  assert.deepEqual(at((await server.ask(`GET ${path}`)).body, 'scope', 'teams'), ['anything']);
  assert.equal((await create('org-wide', [])).status, 201);

  removeTeam(database, 'acme', 'research');
  assert.throws(() => removeTeam(database, 'acme', 'research'), { code: 'team_not_found' });
  assert.throws(() => registerTeam(database, 'acme', ' '), { code: 'invalid_team' });
});

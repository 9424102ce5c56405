import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROUTES } from '../../src/control-plane/routes.ts';
import { breakTable, mendTable } from './broken-table.ts';
import {
  at,
  NETWORK_RULE,
  newCredential,
  newPolicy,
  newRule,
  ORG,
  type RunningServer,
  startServer,
  textAt,
  tokenOf,
} from './running-server.ts';

/** A body that each writing endpoint takes, so that nothing but the caller can be what is refused. */
const GOOD_BODY: Readonly<Record<string, unknown>> = {
  'POST /v2/orgs/{org_name}/governance/policies': { name: 'new' },
  'PATCH /v2/orgs/{org_name}/governance/policies/{policy_id}': { name: 'renamed' },
  'POST /v2/orgs/{org_name}/governance/policies/{policy_id}/rules': { ...NETWORK_RULE, name: 'new' },
  'PATCH /v2/orgs/{org_name}/governance/policies/{policy_id}/rules/{rule_id}': { name: 'renamed' },
};
const GOVERNANCE = ROUTES.filter((route) => route.pattern.includes('{org_name}'));
const ABSENT = '0'.repeat(28);

interface Place {
  readonly org: string;
  readonly policy: string;
  readonly rule: string;
}

async function placed(server: RunningServer): Promise<Place> {
  const policy = await newPolicy(server);
  return { org: ORG, policy, rule: await newRule(server, policy) };
}

function lineOf({ method, pattern }: { method: string; pattern: string }, place: Place): string {
  const path = pattern
    .replace('/v2', '')
    .replace('{org_name}', place.org)
    .replace('{policy_id}', place.policy)
    .replace('{rule_id}', place.rule);
  return `${method} ${path}`;
}

test('the table holds the eight governance endpoints and the token exchange', () => {
  assert.equal(GOVERNANCE.length, 8);
  assert.deepEqual(
    ROUTES.filter((route) => !GOVERNANCE.includes(route)).map((route) => `${route.method} ${route.pattern}`),
    ['POST /v2/auth/token'],
  );
});

for (const route of GOVERNANCE) {
  const name = `${route.method} ${route.pattern}`;
  const body = GOOD_BODY[name];
  const writes = route.method !== 'GET';
  describe(name, () => {
    test(`answers ${route.method === 'POST' ? 201 : 200} to an administrator`, async (t) => {
      const server = await startServer(t);
      const answer = await server.ask(lineOf(route, await placed(server)), { body });
      assert.equal(answer.status, route.method === 'POST' ? 201 : 200);
      assert.equal(answer.headers.get('content-type'), 'application/json');
    });

    test('answers 401 without a token', async (t) => {
      const server = await startServer(t);
      const answer = await server.ask(lineOf(route, await placed(server)), { body, token: null });
      assert.equal(answer.status, 401);
      assert.deepEqual(answer.body, { error: { code: 'unauthenticated', message: 'unauthenticated' } });
    });

    test(writes ? 'answers 403 to a machine and changes nothing' : 'answers 200 to a machine', async (t) => {
      const server = await startServer(t);
      const place = await placed(server);
      const policy = `GET /orgs/${ORG}/governance/policies/${place.policy}`;
      const before = (await server.ask(policy)).body;
      const answer = await server.ask(lineOf(route, place), { body, token: await server.machine() });
      assert.equal(answer.status, writes ? 403 : 200);
      if (!writes) return;
      assert.deepEqual(answer.body, { error: { code: 'permission_denied', message: 'permission denied' } });
      assert.deepEqual((await server.ask(policy)).body, before);
      assert.equal(((await server.ask(`GET /orgs/${ORG}/governance/policies`)).body as { data: [] }).data.length, 1);
    });

    test('hides an org of others exactly as one that does not exist', async (t) => {
      const server = await startServer(t);
      const place = await placed(server);
      const login = newCredential(server.database, 'admin', { org: 'globex' });
      const stranger = await tokenOf(server.plane.url, login);
      const theirs = await server.ask(lineOf(route, place), { body, token: stranger });
      const nobodys = await server.ask(lineOf(route, { ...place, org: 'no-such-org' }), { body, token: stranger });
      for (const answer of [theirs, nobodys]) {
        assert.equal(answer.status, 404);
        assert.deepEqual(answer.body, { error: { code: 'not_found', message: 'organization not found' } });
      }
    });

    if (route.pattern.includes('{policy_id}')) {
      test('answers 404 to a policy that is not there', async (t) => {
        const server = await startServer(t);
        const place = await placed(server);
        for (const policy of [`pol_${ABSENT}`, 'x', '%00', '..%2Fx']) {
          const answer = await server.ask(lineOf(route, { ...place, policy }), { body });
          assert.equal(answer.status, 404, policy);
          assert.deepEqual(answer.body, { error: { code: 'not_found', message: 'policy not found' } });
        }
      });
    }

    if (route.pattern.includes('{rule_id}')) {
      test('answers 404 to a rule that is not there', async (t) => {
        const server = await startServer(t);
        const answer = await server.ask(lineOf(route, { ...(await placed(server)), rule: `rule_${ABSENT}` }), { body });
        assert.equal(answer.status, 404);
        assert.deepEqual(answer.body, { error: { code: 'not_found', message: 'rule not found' } });
      });
    }

    test('answers 500 without details when the database fails, logs the cause, and goes on', async (t) => {
      const server = await startServer(t);
      const place = await placed(server);
      breakTable(server.database);
      const answer = await server.ask(lineOf(route, place), { body });
      assert.equal(answer.status, 500);
      assert.deepEqual(answer.body, { error: { code: 'internal', message: 'internal error' } });
      const logged = server.log.find((entry) => entry.event === 'internal_error');
      assert.match(logged?.message ?? '', /policies/);
      mendTable(server.database);
      assert.equal((await server.ask(`GET /orgs/${ORG}/governance/policies`)).status, 200);
    });
  });
}

test('an admin of one org sees nothing of another', async (t) => {
  const server = await startServer(t);
  await newPolicy(server, 'ours');
  const login = newCredential(server.database, 'admin', { org: 'globex' });
  const token = await tokenOf(server.plane.url, login);
  const theirs = await server.ask('GET /orgs/globex/governance/policies', { token });
  assert.deepEqual(theirs.body, { data: [], next_page_token: null });
  // an id of ours under their own org is no way in
  const id = textAt((await server.ask(`GET /orgs/${ORG}/governance/policies`)).body, 'data', 0, 'id');
  const rule = await newRule(server, id);
  const body = { name: 'taken over' };
  for (const line of [
    `GET /orgs/globex/governance/policies/${id}`,
    `PATCH /orgs/globex/governance/policies/${id}`,
    `DELETE /orgs/globex/governance/policies/${id}`,
    `PATCH /orgs/globex/governance/policies/${id}/rules/${rule}`,
    `DELETE /orgs/globex/governance/policies/${id}/rules/${rule}`,
  ]) {
    const answer = await server.ask(line, { token, ...(line.startsWith('PATCH') ? { body } : {}) });
    assert.deepEqual([answer.status, at(answer.body, 'error', 'message')], [404, 'policy not found'], line);
  }
  // names are unique per org, not in the world
  const same = await server.ask('POST /orgs/globex/governance/policies', { token, body: { name: 'ours' } });
  assert.equal(same.status, 201);
});

test('unknown paths are 404, other methods 405 with Allow', async (t) => {
  const server = await startServer(t);
  const policies = `/orgs/${ORG}/governance/policies`;
  for (const line of ['GET /', 'GET /orgs', `GET ${policies}/`, `GET ${policies}/a/rules/b/c`, 'POST /auth/tokens']) {
    const answer = await server.ask(line);
    assert.equal(answer.status, 404, line);
    assert.deepEqual(answer.body, { error: { code: 'not_found', message: 'no such endpoint' } });
  }
  const cases: readonly [line: string, allow: string][] = [
    ['GET /auth/token', 'POST'],
    [`PUT ${policies}`, 'GET, POST'],
    [`DELETE ${policies}`, 'GET, POST'],
    [`PUT ${policies}/x`, 'DELETE, GET, PATCH'],
    [`GET ${policies}/x/rules`, 'POST'],
    [`GET ${policies}/x/rules/y`, 'DELETE, PATCH'],
  ];
  for (const [line, allow] of cases) {
    const answer = await server.ask(line);
    assert.equal(answer.status, 405, line);
    assert.equal(answer.headers.get('allow'), allow);
  }
});

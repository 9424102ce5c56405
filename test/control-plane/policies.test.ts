import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  at,
  NETWORK_RULE,
  newPolicy,
  newRule,
  POLICIES,
  settableClock,
  startServer,
  textAt,
} from './running-server.ts';

const TEAM = 'd290f1ee-6c54-4b01-90e6-d701748f0851';

describe('creating a policy', () => {
  test('answers 201 with the policy, without a rule set', async (t) => {
    const server = await startServer(t, { clock: settableClock() });
    const answer = await server.ask(`POST ${POLICIES}`, { body: { name: 'Research', scope: { teams: [TEAM] } } });
    assert.equal(answer.status, 201);
    assert.match(textAt(answer.body, 'id'), /^pol_[0-9a-hjkmnp-tv-z]{28}$/);
    assert.deepEqual(answer.body, {
      created_at: '2026-04-22T10:00:00.000Z',
      id: at(answer.body, 'id'),
      name: 'Research',
      org: 'acme',
      scope: { teams: [TEAM] },
      updated_at: '2026-04-22T10:00:00.000Z',
    });
  });

  for (const scope of [undefined, {}, { teams: [] }]) {
    test(`scope ${JSON.stringify(scope)} means the whole organisation`, async (t) => {
      const server = await startServer(t);
      const answer = await server.ask(`POST ${POLICIES}`, { body: { name: 'Research', scope } });
      assert.equal(answer.status, 201);
      assert.deepEqual(at(answer.body, 'scope'), { teams: [] });
    });
  }

  test('refuses what is no CreatePolicyRequest with 400 and the reason', async (t) => {
    const server = await startServer(t);
    const cases: readonly [body: unknown, message: string][] = [
      [{}, 'name is required'],
      [[], 'the body must be a JSON object'],
      [null, 'the body must be a JSON object'],
      ['x', 'the body must be a JSON object'],
      [{ name: '' }, '`name` must not be empty'],
      [{ name: ' ' }, '`name` must not be empty'],
      [{ name: null }, '`name` must be a string'],
      [{ name: 7 }, '`name` must be a string'],
      [{ name: 'a\nb' }, '`name` must not hold control characters or line breaks'],
      [{ name: 'n'.repeat(257) }, '`name` has at most 256 characters'],
      [{ name: 'x', enabled: false }, 'unknown member `enabled`: the body takes `name`, `scope`'],
      [{ name: 'x', scope: null }, '`scope` must be a JSON object'],
      [{ name: 'x', scope: { users: [] } }, 'unknown member `users`: `scope` takes `teams`'],
      [{ name: 'x', scope: { teams: null } }, '`scope.teams` must be an array of strings'],
      [{ name: 'x', scope: { teams: ['a', 1] } }, '`scope.teams[1]` must be a string'],
      [{ name: 'x', scope: { teams: [''] } }, '`scope.teams`: a team id must not be empty'],
      [{ name: 'x', scope: { teams: ['a', 'a'] } }, '`scope.teams` names `a` twice: name each team once'],
      [{ name: 'x', scope: { teams: ['t'.repeat(129)] } }, '`scope.teams`: a team id has at most 128 characters'],
      [
        { name: 'x', allowlist_v0: { rules: [] } },
        '`allowlist_v0` is not written with the policy: add its rules one by one at `/rules` below it',
      ],
    ];
    for (const [body, message] of cases) {
      const answer = await server.ask(`POST ${POLICIES}`, { body });
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.deepEqual(answer.body, { error: { code: 'invalid_argument', message } });
    }
    assert.deepEqual(at((await server.ask(`GET ${POLICIES}`)).body, 'data'), []);
  });

  test('says 501 to a policy type that it does not have', async (t) => {
    const server = await startServer(t);
    const answer = await server.ask(`POST ${POLICIES}`, { body: { name: 'x', cedar_v1: { text: '' } } });
    assert.equal(answer.status, 501);
    assert.equal(at(answer.body, 'error', 'code'), 'unimplemented');
  });

  test('says 409 to a name in use, and takes it again once the holder is gone', async (t) => {
    const server = await startServer(t);
    const id = await newPolicy(server, 'Research');
    const again = await server.ask(`POST ${POLICIES}`, { body: { name: 'Research' } });
    assert.equal(again.status, 409);
    assert.deepEqual(again.body, { error: { code: 'conflict', message: 'policy name already in use' } });
    await server.ask(`DELETE ${POLICIES}/${id}`);
    assert.equal((await server.ask(`POST ${POLICIES}`, { body: { name: 'Research' } })).status, 201);
  });
});

describe('reading policies', () => {
  test('the list shows summaries with their type and no rules', async (t) => {
    const server = await startServer(t, { clock: settableClock() });
    const id = await newPolicy(server);
    await newRule(server, id);
    const answer = await server.ask(`GET ${POLICIES}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, {
      data: [
        {
          created_at: '2026-04-22T10:00:00.000Z',
          id,
          name: 'egress',
          org: 'acme',
          scope: { teams: [] },
          type: 'allowlist_v0',
          updated_at: '2026-04-22T10:00:00.001Z',
        },
      ],
      next_page_token: null,
    });
  });

  test('one policy comes with its domain and its rules in the order of their creation', async (t) => {
    const server = await startServer(t);
    const id = await newPolicy(server);
    for (const name of ['c', 'a', 'b']) await newRule(server, id, { ...NETWORK_RULE, name });
    const { status, body } = await server.ask(`GET ${POLICIES}/${id}`);
    assert.equal(status, 200);
    assert.equal(at(body, 'allowlist_v0', 'domain'), 'network');
    const rules = at(body, 'allowlist_v0', 'rules') as { name: string; id: string }[];
    assert.deepEqual(
      rules.map((rule) => rule.name),
      ['c', 'a', 'b'],
    );
    assert.deepEqual({ ...rules[0] }, { ...NETWORK_RULE, name: 'c', id: rules[0]?.id });
    assert.equal(at(body, 'type'), undefined);
  });
});

describe('updating a policy', () => {
  const before = { name: 'Research', scope: { teams: ['a', 'b'] } };
  const cases: readonly [change: unknown, name: string, teams: readonly string[]][] = [
    [{ name: 'Other' }, 'Other', ['a', 'b']],
    [{ name: 'Research' }, 'Research', ['a', 'b']],
    [{ scope: {} }, 'Research', ['a', 'b']],
    [{ scope: { teams: ['c'] } }, 'Research', ['c']],
    [{ scope: { teams: [] } }, 'Research', []],
    [{ name: 'Other', scope: { teams: [] } }, 'Other', []],
  ];
  for (const [change, name, teams] of cases) {
    test(`${JSON.stringify(change)} changes what it names and nothing else`, async (t) => {
      const server = await startServer(t, { clock: settableClock() });
      const created = await server.ask(`POST ${POLICIES}`, { body: before });
      const id = textAt(created.body, 'id');
      await newRule(server, id);
      const old = (await server.ask(`GET ${POLICIES}/${id}`)).body;
      const answer = await server.ask(`PATCH ${POLICIES}/${id}`, { body: change });
      assert.equal(answer.status, 200);
      const expected = { ...(old as object), name, scope: { teams }, updated_at: '2026-04-22T10:00:00.002Z' };
      assert.deepEqual(answer.body, { new: expected, old });
      assert.deepEqual((await server.ask(`GET ${POLICIES}/${id}`)).body, expected);
    });
  }

  test('refuses no member, unknown members and wrong types, and changes nothing', async (t) => {
    const server = await startServer(t);
    const id = await newPolicy(server);
    const old = (await server.ask(`GET ${POLICIES}/${id}`)).body;
    const bodies = [
      {},
      [],
      { name: null },
      { name: '' },
      { scope: null },
      { scope: [] },
      { scope: { teams: null } },
      { scope: { teams: 'a' } },
      { scope: { team: [] } },
      { name: 'x', rules: [] },
      { name: 'x', allowlist_v0: {} },
      { id: 'pol_x' },
    ];
    for (const body of bodies) {
      const answer = await server.ask(`PATCH ${POLICIES}/${id}`, { body });
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal(at(answer.body, 'error', 'code'), 'invalid_argument');
    }
    assert.deepEqual((await server.ask(`GET ${POLICIES}/${id}`)).body, old);
  });

  test('says 409 to the name of another policy and changes nothing, the scope included', async (t) => {
    const server = await startServer(t);
    await newPolicy(server, 'taken');
    const id = await newPolicy(server, 'mine');
    const answer = await server.ask(`PATCH ${POLICIES}/${id}`, { body: { name: 'taken', scope: { teams: ['x'] } } });
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.body, { error: { code: 'conflict', message: 'policy name already in use' } });
    assert.deepEqual(at((await server.ask(`GET ${POLICIES}/${id}`)).body, 'scope'), { teams: [] });
  });
});

describe('deleting a policy', () => {
  test('returns it with its rules and the updated_at it had, and it is gone', async (t) => {
    const clock = settableClock();
    const server = await startServer(t, { clock });
    const id = await newPolicy(server);
    await newRule(server, id);
    const last = (await server.ask(`GET ${POLICIES}/${id}`)).body;
    clock.time += 60_000;
    const answer = await server.ask(`DELETE ${POLICIES}/${id}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { deleted: last });
    for (const line of [`GET ${POLICIES}/${id}`, `DELETE ${POLICIES}/${id}`]) {
      assert.equal((await server.ask(line)).status, 404);
    }
  });
});

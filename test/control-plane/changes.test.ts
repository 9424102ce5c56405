import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, NETWORK_RULE, newPolicy, newRule, POLICIES, startServer } from './running-server.ts';

test('whoever publishes hears of each write that has happened, and of nothing else', async (t) => {
  const heard: string[] = [];
  const server = await startServer(t, { onChange: (org) => heard.push(org) });
  const policy = await newPolicy(server);
  assert.deepEqual(heard, ['acme']);
  const rule = await newRule(server, policy);
  await server.ask(`PATCH ${POLICIES}/${policy}`, { body: { scope: { teams: ['a'] } } });
  await server.ask(`DELETE ${POLICIES}/${policy}/rules/${rule}`);
  assert.equal(heard.length, 4);
  await server.ask(`GET ${POLICIES}`);
  await server.ask(`GET ${POLICIES}/${policy}`);
  await server.ask(`POST ${POLICIES}`, { body: {} });
  await server.ask(`POST ${POLICIES}`, { body: { name: 'x' }, token: await server.machine() });
  await server.ask(`DELETE ${POLICIES}/pol_gone`);
  assert.equal(heard.length, 4);
});

test('all policies are those that the API shows, in its own words', async (t) => {
  const server = await startServer(t);
  const policy = await newPolicy(server, 'egress');
  await newRule(server, policy, NETWORK_RULE);
  await newPolicy(server, 'empty');
  const { body } = await server.ask(`GET ${POLICIES}`);
  const shown = await Promise.all(
    (at(body, 'data') as readonly { id: string }[]).map(
      async ({ id }) => (await server.ask(`GET ${POLICIES}/${id}`)).body,
    ),
  );
  assert.deepEqual(server.plane.policies('acme'), shown);
  assert.deepEqual(server.plane.policies('other'), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, NETWORK_RULE, newPolicy, newRule, POLICIES, startServer, textAt } from './running-server.ts';

const KB = 1024;

test('an org has at most 100 policies, and room again after a deletion', async (t) => {
  const server = await startServer(t);
  const ids: string[] = [];
  for (let index = 0; index < 100; index += 1) ids.push(await newPolicy(server, `p${index}`));
  const answer = await server.ask(`POST ${POLICIES}`, { body: { name: 'one more' } });
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.body, {
    error: { code: 'limit_exceeded', message: 'organization has reached the maximum of 100 policies' },
  });
  await server.ask(`DELETE ${POLICIES}/${ids[50] ?? ''}`);
  await newPolicy(server, 'one more');
});

test('a policy has at most 250 rules, and room again after a deletion', async (t) => {
  const server = await startServer(t);
  const id = await newPolicy(server);
  const rule = (name: string): unknown => ({ ...NETWORK_RULE, name, resources: ['a.example'] });
  let last = '';
  for (let index = 0; index < 250; index += 1) last = await newRule(server, id, rule(`r${index}`));
  const answer = await server.ask(`POST ${POLICIES}/${id}/rules`, { body: rule('one more') });
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.body, {
    error: { code: 'limit_exceeded', message: 'policy has reached the maximum of 250 rules' },
  });
  await server.ask(`DELETE ${POLICIES}/${id}/rules/${last}`);
  await newRule(server, id, rule('one more'));
});

/** Network resources of about `bytes` in JSON. */
function resources(bytes: number, prefix: string): readonly string[] {
  const one = (index: number): string => `${prefix}${String(index).padStart(6, '0')}.example.com`;
  return Array.from({ length: Math.floor(bytes / (one(0).length + 3)) }, (_, index) => one(index));
}

test('a policy has at most 400 KB, whichever write would cross that, and the refused write leaves nothing', async (t) => {
  const server = await startServer(t);
  const id = await newPolicy(server);
  const path = `${POLICIES}/${id}`;
  await newRule(server, id, { ...NETWORK_RULE, name: 'a', resources: resources(200 * KB, 'a') });
  const small = await newRule(server, id, { ...NETWORK_RULE, name: 'b', resources: resources(190 * KB, 'b') });
  const { body: before } = await server.ask(`GET ${path}`);
  const teams = Array.from({ length: 200 }, (_, index) => `${String(index).padStart(3, '0')}${'t'.repeat(100)}`);
  const writes = [
    await server.ask(`POST ${path}/rules`, {
      body: { ...NETWORK_RULE, name: 'c', resources: resources(20 * KB, 'c') },
    }),
    await server.ask(`PATCH ${path}/rules/${small}`, { body: { resources: resources(210 * KB, 'b') } }),
    await server.ask(`PATCH ${path}`, { body: { scope: { teams } } }),
  ];
  for (const { status, body } of writes) {
    assert.equal(status, 403);
    assert.equal(at(body, 'error', 'code'), 'limit_exceeded');
    assert.match(textAt(body, 'error', 'message'), /maximum is 400 KB: split it/);
  }
  assert.deepEqual((await server.ask(`GET ${path}`)).body, before);
  await newRule(server, id, { ...NETWORK_RULE, name: 'c', resources: resources(5 * KB, 'c') });
});

test('one rule or one scope beyond 400 KB is refused before anything else is looked at', async (t) => {
  const server = await startServer(t);
  const id = await newPolicy(server);
  const body = { ...NETWORK_RULE, resources: Array.from({ length: 150_000 }, () => '*') };
  const rule = await server.ask(`POST ${POLICIES}/${id}/rules`, { body });
  assert.equal(rule.status, 403);
  assert.equal(at(rule.body, 'error', 'code'), 'limit_exceeded');
  const teams = Array.from({ length: 4_000 }, (_, index) => `${String(index)}${'t'.repeat(110)}`);
  const policy = await server.ask(`POST ${POLICIES}`, { body: { name: 'wide', scope: { teams } } });
  assert.equal(policy.status, 403);
});

test('a page of policies with very long scopes ends early instead of growing without bound', async (t) => {
  const server = await startServer(t);
  const teams = Array.from({ length: 3_000 }, (_, index) => `${String(index).padStart(5, '0')}${'t'.repeat(115)}`);
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    ids.push(textAt((await server.ask(`POST ${POLICIES}`, { body: { name, scope: { teams } } })).body, 'id'));
  }
  const seen: string[] = [];
  for (let token: string | null = ''; token !== null; ) {
    const answer = await server.ask(`GET ${POLICIES}?page_token=${token}`);
    const page = answer.body as { data: { id: string }[]; next_page_token: string | null };
    assert.ok(page.data.length > 0 && page.data.length < 4);
    seen.push(...page.data.map((policy) => policy.id));
    token = page.next_page_token;
  }
  assert.deepEqual(seen.sort(), ids.sort());
});

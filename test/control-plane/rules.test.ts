import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  at,
  FILESYSTEM_RULE,
  NETWORK_RULE,
  newPolicy,
  newRule,
  POLICIES,
  type RunningServer,
  startServer,
  textAt,
} from './running-server.ts';

async function refusal(server: RunningServer, line: string, body: unknown): Promise<string> {
  const answer = await server.ask(line, { body });
  assert.equal(answer.status, 400, `${line} ${JSON.stringify(body)} ${JSON.stringify(answer.body)}`);
  assert.equal(at(answer.body, 'error', 'code'), 'invalid_argument');
  const message = textAt(answer.body, 'error', 'message');
  assert.doesNotMatch(message, /\n/);
  return message;
}

describe('creating a rule', () => {
  for (const rule of [NETWORK_RULE, FILESYSTEM_RULE, { ...NETWORK_RULE, decision: 'deny' }]) {
    test(`answers 201 with the rule as it was sent and an id: ${rule.decision} ${rule.actions.join()}`, async (t) => {
      const server = await startServer(t);
      const id = await newPolicy(server);
      const answer = await server.ask(`POST ${POLICIES}/${id}/rules`, { body: rule });
      assert.equal(answer.status, 201);
      assert.match(textAt(answer.body, 'id'), /^rule_[0-9a-hjkmnp-tv-z]{28}$/);
      assert.deepEqual(answer.body, { ...rule, id: at(answer.body, 'id') });
    });
  }

  test('names the first member that is missing', async (t) => {
    const server = await startServer(t);
    const line = `POST ${POLICIES}/${await newPolicy(server)}/rules`;
    for (const member of ['name', 'decision', 'actions', 'resources'] as const) {
      assert.equal(await refusal(server, line, { ...NETWORK_RULE, [member]: undefined }), `${member} is required`);
    }
  });

  test('refuses wrong types, empty lists, unknown members and unknown values', async (t) => {
    const server = await startServer(t);
    const line = `POST ${POLICIES}/${await newPolicy(server)}/rules`;
    const cases: readonly [change: Record<string, unknown>, message: RegExp][] = [
      [{ name: 3 }, /`name` must be a string/],
      [{ name: '' }, /`name` must not be empty/],
      [{ decision: 'ask' }, /`decision` must be `allow` or `deny`/],
      [{ decision: null }, /`decision` must be `allow` or `deny`/],
      [{ actions: 'connect:tcp' }, /`actions` must be an array of strings/],
      [{ actions: [] }, /`actions` must name at least one action/],
      [{ actions: [1] }, /`actions\[0\]` must be a string/],
      [{ actions: ['connect:icmp'] }, /unknown action `connect:icmp`: use `connect:tcp`/],
      [{ actions: ['CONNECT:TCP'] }, /unknown action `CONNECT:TCP`/],
      [{ resources: [] }, /resource/],
      [{ resources: ['a.com', {}] }, /`resources\[1\]` must be a string/],
      [{ resources: null }, /`resources` must be an array of strings/],
      [{ id: 'rule_1' }, /unknown member `id`/],
      [{ enabled: true }, /unknown member `enabled`/],
      [{ actions: ['connect:tcp', 'read'] }, /mix/],
    ];
    for (const [change, message] of cases) {
      assert.match(await refusal(server, line, { ...NETWORK_RULE, ...change }), message);
    }
  });

  test('says of HTTP rules that they are not supported', async (t) => {
    const server = await startServer(t);
    const line = `POST ${POLICIES}/${await newPolicy(server)}/rules`;
    const target = { host: 'api.example.com', path: '/**' };
    const http = { name: 'h', decision: 'allow', actions: ['request:get'], http_resources: [target] };
    const mixed = { ...NETWORK_RULE, actions: ['connect:tcp', 'request:get'] };
    const both = { ...NETWORK_RULE, http_resources: [target] };
    for (const body of [http, mixed, both])
      assert.match(await refusal(server, line, body), /HTTP rules .* not supported/);
  });

  test('refuses what a daemon could not evaluate, quotes it, and says what to write instead', async (t) => {
    const server = await startServer(t);
    const network = `POST ${POLICIES}/${await newPolicy(server, 'net')}/rules`;
    const hosts: readonly [resource: string, hint: RegExp][] = [
      ['*', /`\*\*`/],
      [':443', /`\*\*:443`/],
      ['https://example.com', /scheme|example\.com/],
      ['2001:db8::1', /\[2001:db8::1\]|\/128/],
      ['10.0.0.0/8:443', /port/],
      ['10.0.0.*', /10\.0\.0\.0\/24/],
      ['example.com:0', /port|65535/],
      ['a.com,b.com', /./],
      ['', /./],
    ];
    for (const [resource, hint] of hosts) {
      const message = await refusal(server, network, { ...NETWORK_RULE, resources: ['good.example.com', resource] });
      assert.match(message, hint, resource);
      assert.ok(message.includes(`\`${resource}\``), message);
    }
    const filesystem = `POST ${POLICIES}/${await newPolicy(server, 'fs')}/rules`;
    for (const resource of ['data', '$HOME/x', '~other/x', '/a/../b', '%TEMP%/x']) {
      const message = await refusal(server, filesystem, { ...FILESYSTEM_RULE, resources: [resource] });
      assert.ok(message.includes(`\`${resource.slice(0, 4)}`), message);
    }
  });

  test('names five bad resources and counts the others', async (t) => {
    const server = await startServer(t);
    const line = `POST ${POLICIES}/${await newPolicy(server)}/rules`;
    const resources = Array.from({ length: 40 }, (_, index) => `http://bad${index}.example`);
    const message = await refusal(server, line, { ...NETWORK_RULE, resources });
    assert.match(message, /bad4\.example/);
    assert.doesNotMatch(message, /bad5\.example/);
    assert.match(message, /and 35 more$/);
  });

  test('keeps a policy to one domain until its last rule is gone', async (t) => {
    const server = await startServer(t);
    const id = await newPolicy(server);
    const rule = await newRule(server, id);
    const line = `POST ${POLICIES}/${id}/rules`;
    assert.match(await refusal(server, line, FILESYSTEM_RULE), /network domain/);
    await server.ask(`DELETE ${POLICIES}/${id}/rules/${rule}`);
    assert.equal(at((await server.ask(`GET ${POLICIES}/${id}`)).body, 'allowlist_v0'), undefined);
    await newRule(server, id, FILESYSTEM_RULE);
    assert.equal(at((await server.ask(`GET ${POLICIES}/${id}`)).body, 'allowlist_v0', 'domain'), 'filesystem');
  });

  test('says 409 to a rule name that the policy has, not to one of another policy', async (t) => {
    const server = await startServer(t);
    const [one, other] = [await newPolicy(server, 'one'), await newPolicy(server, 'other')];
    await newRule(server, one);
    const answer = await server.ask(`POST ${POLICIES}/${one}/rules`, { body: NETWORK_RULE });
    assert.equal(answer.status, 409);
    assert.deepEqual(answer.body, { error: { code: 'conflict', message: 'rule name already in use' } });
    await newRule(server, other);
  });
});

describe('updating a rule', () => {
  const cases: readonly Record<string, unknown>[] = [
    { name: 'renamed' },
    { name: NETWORK_RULE.name },
    { decision: 'deny' },
    { actions: ['connect:udp'] },
    { resources: ['research.mitre.org'] },
    { name: 'n', decision: 'deny', actions: ['connect:tcp'], resources: ['**'] },
  ];
  for (const change of cases) {
    test(`${JSON.stringify(change)} changes what it names and nothing else`, async (t) => {
      const server = await startServer(t);
      const policy = await newPolicy(server);
      await newRule(server, policy, { ...NETWORK_RULE, name: 'first' });
      const id = await newRule(server, policy);
      await newRule(server, policy, { ...NETWORK_RULE, name: 'last' });
      const answer = await server.ask(`PATCH ${POLICIES}/${policy}/rules/${id}`, { body: change });
      assert.equal(answer.status, 200);
      const old = { ...NETWORK_RULE, id };
      assert.deepEqual(answer.body, { new: { ...old, ...change }, old });
      const stored = at((await server.ask(`GET ${POLICIES}/${policy}`)).body, 'allowlist_v0', 'rules');
      assert.deepEqual(at(stored, 1), { ...old, ...change });
    });
  }

  test('refuses no member, wrong types, unknown members, and what is not whole with the old members', async (t) => {
    const server = await startServer(t);
    const policy = await newPolicy(server);
    const line = `PATCH ${POLICIES}/${policy}/rules/${await newRule(server, policy)}`;
    const before = (await server.ask(`GET ${POLICIES}/${policy}`)).body;
    const cases: readonly [body: unknown, message: RegExp][] = [
      [{}, /at least one of/],
      [[], /JSON object/],
      [{ name: null }, /`name`/],
      [{ decision: 'maybe' }, /`decision`/],
      [{ actions: [] }, /`actions`/],
      [{ resources: [] }, /resource/],
      [{ resources: ['/data'] }, /./],
      [{ resources: null }, /`resources`/],
      [{ id: 'rule_x' }, /unknown member `id`/],
      [{ http_resources: [] }, /HTTP rules/],
      [{ resources: ['a.com'], http_resources: [] }, /HTTP rules/],
    ];
    for (const [body, message] of cases) assert.match(await refusal(server, line, body), message);
    assert.deepEqual((await server.ask(`GET ${POLICIES}/${policy}`)).body, before);
  });

  test('never lets actions cross to the other domain, also for the only rule and with new resources', async (t) => {
    const server = await startServer(t);
    const policy = await newPolicy(server);
    const line = `PATCH ${POLICIES}/${policy}/rules/${await newRule(server, policy)}`;
    for (const body of [{ actions: ['read'] }, { actions: ['read', 'write'], resources: ['/data'] }]) {
      assert.match(await refusal(server, line, body), /network rule stay in that domain/);
    }
    assert.match(await refusal(server, line, { actions: ['connect:tcp', 'read'] }), /mix/);
  });

  test('says 409 to the name of another rule of the policy', async (t) => {
    const server = await startServer(t);
    const policy = await newPolicy(server);
    await newRule(server, policy, { ...NETWORK_RULE, name: 'taken' });
    const id = await newRule(server, policy);
    const answer = await server.ask(`PATCH ${POLICIES}/${policy}/rules/${id}`, { body: { name: 'taken' } });
    assert.equal(answer.status, 409);
    assert.equal(at(answer.body, 'error', 'code'), 'conflict');
  });
});

describe('deleting a rule', () => {
  test('returns the rule, keeps the order of the others, and then it is not found', async (t) => {
    const server = await startServer(t);
    const policy = await newPolicy(server);
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) ids.push(await newRule(server, policy, { ...NETWORK_RULE, name }));
    const line = `${POLICIES}/${policy}/rules/${ids[1]}`;
    const answer = await server.ask(`DELETE ${line}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { deleted: { ...NETWORK_RULE, name: 'b', id: ids[1] } });
    assert.deepEqual((await server.ask(`DELETE ${line}`)).body, {
      error: { code: 'not_found', message: 'rule not found' },
    });
    await newRule(server, policy, { ...NETWORK_RULE, name: 'd' });
    const rules = at((await server.ask(`GET ${POLICIES}/${policy}`)).body, 'allowlist_v0', 'rules');
    assert.deepEqual(
      (rules as { name: string }[]).map((rule) => rule.name),
      ['a', 'c', 'd'],
    );
  });

  test('a rule is found in its own policy only', async (t) => {
    const server = await startServer(t);
    const [one, other] = [await newPolicy(server, 'one'), await newPolicy(server, 'other')];
    const rule = await newRule(server, one);
    assert.equal((await server.ask(`DELETE ${POLICIES}/${other}/rules/${rule}`)).status, 404);
    const patched = await server.ask(`PATCH ${POLICIES}/${other}/rules/${rule}`, { body: { name: 'x' } });
    assert.equal(patched.status, 404);
    assert.equal((await server.ask(`DELETE ${POLICIES}/${one}/rules/${rule}`)).status, 200);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('every write moves updated_at strictly forward: within one millisecond, and when the clock is set back', async (t) => {
  const clock = settableClock();
  const server = await startServer(t, { clock });
  const id = await newPolicy(server);
  const path = `${POLICIES}/${id}`;
  const state = async (): Promise<unknown> => (await server.ask(`GET ${path}`)).body;
  const created = textAt(await state(), 'created_at');
  let rule = await newRule(server, id, { ...NETWORK_RULE, name: 'kept' });
  const writes: (() => Promise<unknown>)[] = [
    async () => void (rule = await newRule(server, id)),
    () => server.ask(`PATCH ${path}/rules/${rule}`, { body: { name: 'renamed' } }),
    () => server.ask(`PATCH ${path}/rules/${rule}`, { body: { name: 'renamed' } }),
    () => server.ask(`DELETE ${path}/rules/${rule}`),
    () => server.ask(`PATCH ${path}`, { body: { name: 'egress' } }),
    () => server.ask(`PATCH ${path}`, { body: { scope: {} } }),
  ];
  let last = textAt(await state(), 'updated_at');
  for (const step of [0, -50_000, 0, 5]) {
    clock.time += step;
    for (const write of writes) {
      await write();
      const now = textAt(await state(), 'updated_at');
      assert.ok(now > last, `${now} after ${last}`);
      assert.match(now, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      last = now;
    }
  }
  assert.equal(textAt(await state(), 'created_at'), created);
  clock.time += 300_000;
  await server.ask(`PATCH ${path}`, { body: { name: 'later' } });
  assert.equal(textAt(await state(), 'updated_at'), new Date(clock.time).toISOString());
});

test('what is read or refused moves nothing', async (t) => {
  const clock = settableClock();
  const server = await startServer(t, { clock });
  const id = await newPolicy(server);
  const path = `${POLICIES}/${id}`;
  const rule = await newRule(server, id);
  const { body: before } = await server.ask(`GET ${path}`);
  clock.time += 1_000;
  await server.ask(`GET ${POLICIES}`);
  await server.ask(`POST ${path}/rules`, { body: NETWORK_RULE });
  await server.ask(`POST ${path}/rules`, { body: { ...NETWORK_RULE, name: 'bad', resources: ['*'] } });
  await server.ask(`PATCH ${path}/rules/${rule}`, { body: { decision: 'ask' } });
  await server.ask(`PATCH ${path}`, { body: {} });
  await server.ask(`DELETE ${path}`, { token: await server.machine() });
  await newPolicy(server, 'another');
  const { body: after } = await server.ask(`GET ${path}`);
  assert.deepEqual(after, before);
  assert.equal(at(after, 'allowlist_v0', 'rules', 1), undefined);
});

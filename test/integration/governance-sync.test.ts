import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import type { Compilation } from '../../src/policy/compilation.ts';
import { compile } from '../../src/policy/compile.ts';
import { createActivator } from '../../src/sources/activate.ts';
import { createGovernanceSource } from '../../src/sources/governance/source.ts';
import type { PolicySource } from '../../src/sources/source.ts';
import { type BundleStore, createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import {
  type Login,
  NETWORK_RULE,
  newCredential,
  newPolicy,
  newRule,
  ORG,
  POLICIES,
  type RunningServer,
  startServer,
} from '../control-plane/running-server.ts';
import { activationParts } from '../support/activation-parts.ts';
import { temporaryDirectory } from '../support/governance-stage.ts';
import { emptySet } from '../support/policy-sets.ts';

interface Machine {
  readonly source: PolicySource;
  readonly holder: SnapshotHolder;
  readonly serving: () => Compilation | null;
  readonly store: BundleStore;
}

/** Everything between the control plane and the snapshot, with the real clock and in one thread. */
function machine(t: TestContext, server: RunningServer, login: Login, intervalMs = 1_000): Machine {
  const directory = temporaryDirectory(t);
  const credentialFile = join(directory, 'credential.json');
  writeFileSync(credentialFile, JSON.stringify(login), { mode: 0o600 });
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  const store = createBundleStore(database);
  const holder = createSnapshotHolder(() => Date.now());
  let serving: Compilation | null = null;
  const activator = createActivator({
    ...activationParts(directory),
    store,
    clock: systemClock,
    policySet: (org) =>
      emptySet(org.kind === 'delivered' ? { revision: org.revision, stored: org.stored, now: Date.now() } : {}),
    compile: (set) => Promise.resolve(compile(set)),
    publish: (compilation, cause) => {
      serving = compilation;
      return holder.swap(compilation, cause).generation;
    },
  });
  const source = createGovernanceSource({
    config: { baseUrl: server.plane.url, org: ORG, credentialFile, intervalMs },
    store,
    clock: systemClock,
    random: Math.random,
    hostId: 'integration',
    bundleIntervalMs: () => null,
    onPolicies: (bundle) => activator.activate(bundle),
  });
  t.after(() => source.close());
  return { source, holder, serving: () => serving, store };
}

async function until(what: () => boolean, deadlineMs = 8_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!what()) {
    assert.ok(performance.now() < end, 'it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const resources = ({ serving }: Machine): string =>
  (serving()?.listing ?? []).flatMap((rule) => rule.resources).join(' ');

test('a machine pulls what an administrator wrote, by itself, and goes on without the server', async (t) => {
  const server = await startServer(t);
  const policy = await newPolicy(server);
  await newRule(server, policy);
  const pulling = machine(t, server, newCredential(server.database, 'machine'));
  const { source, holder, store } = pulling;
  source.start();
  await until(() => holder.current() !== null);
  assert.equal(resources(pulling), NETWORK_RULE.resources.join(' '));
  assert.equal(source.status().state, 'ok');
  assert.deepEqual(
    source.status().warnings.map((warning) => warning.code),
    ['no_rollback_protection'],
  );
  await newRule(server, policy, { ...NETWORK_RULE, name: 'more', resources: ['more.example'] });
  await until(() => resources(pulling).includes('more.example'));
  const revision = holder.current()?.policy.revision;
  await server.plane.close();
  await until(() => source.status().state === 'failing');
  assert.equal(source.status().last_error?.code, 'unreachable');
  assert.equal(holder.current()?.policy.revision, revision);
  const active = store.active();
  assert.ok(active.kind === 'active' && active.header.revision === revision);
});

test('sync answers when what was just written is live', async (t) => {
  const server = await startServer(t);
  const policy = await newPolicy(server);
  const pulling = machine(t, server, newCredential(server.database, 'machine'), 3_600_000);
  const { source, holder } = pulling;
  source.start();
  await source.sync();
  for (const name of ['one', 'two', 'three']) {
    await newRule(server, policy, { ...NETWORK_RULE, name, resources: [`${name}.example`] });
    const answer = await source.sync();
    assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'ok' && answer.outcome.result === 'activated');
    assert.equal(answer.outcome.generation, holder.current()?.generation);
    assert.match(resources(pulling), new RegExp(`${name}\\.example`));
  }
});

test('an administrator credential on a machine is warned of, a revoked or foreign one refused', async (t) => {
  const server = await startServer(t);
  await newRule(server, await newPolicy(server));
  const admin = machine(t, server, newCredential(server.database, 'admin'));
  await admin.source.sync();
  assert.ok(admin.source.status().warnings.some((warning) => warning.code === 'credential_can_write'));
  const wrong = machine(t, server, { identifier: 'machine-x', secret: 'reeve_machine_wrong' });
  await wrong.source.sync();
  assert.equal(wrong.source.status().last_error?.code, 'credential_refused');
  const foreign = machine(t, server, newCredential(server.database, 'machine', { org: 'other' }));
  await foreign.source.sync();
  assert.match(foreign.source.status().last_error?.code ?? '', /^(not_found|permission_denied)$/);
  assert.equal(foreign.holder.current(), null);
});

test('a policy that was deleted serves on until that is confirmed', async (t) => {
  const server = await startServer(t);
  const policy = await newPolicy(server);
  await newRule(server, policy);
  const pulling = machine(t, server, newCredential(server.database, 'machine'));
  const { source } = pulling;
  await source.sync();
  await server.ask(`DELETE ${POLICIES}/${policy}`);
  const answer = await source.sync();
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'ok');
  assert.deepEqual(answer.outcome.heldPolicies, [policy]);
  assert.equal(resources(pulling), NETWORK_RULE.resources.join(' '));
});

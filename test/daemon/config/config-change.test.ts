import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configChange, policyLoss } from '../../../src/daemon/config/config-change.ts';
import type { DaemonConfig } from '../../../src/daemon/config/daemon-config.ts';
import type { DomainClosure } from '../../../src/policy/snapshot.ts';
import { configOf } from '../config.ts';

const RUNNING = configOf({});

const changeTo = (more: Partial<DaemonConfig>): ReturnType<typeof configChange> =>
  configChange(RUNNING, { ...RUNNING, ...more });

describe('another configuration', () => {
  test('that says the same changes nothing, however it came about', () => {
    const same = { kind: 'changed', settings: [], policy: false };
    assert.deepEqual(changeTo({}), same);
    assert.deepEqual(configChange(RUNNING, structuredClone(RUNNING)), same);
  });

  test('makes the policy anew where it decides by it, and not where it does not', () => {
    const preset = { name: 'open', rules: [] };
    assert.deepEqual(changeTo({ preset }), { kind: 'changed', settings: ['preset'], policy: true });
    for (const [more, name] of [
      [{ source: null, localDirectory: '/srv/other' }, 'local_directory'],
      [{ metadataAddresses: ['10.0.0.1'] }, 'metadata_addresses'],
      [{ nat64Prefixes: ['2001:db8::/96'] }, 'nat64_prefixes'],
    ] as const) {
      assert.deepEqual(changeTo(more), { kind: 'changed', settings: [name], policy: true });
    }
    const more = { decisionLog: null, authzenIdentifier: 'https://pdp.example.com' };
    const settings = ['authzen.identifier', 'decision_log'];
    assert.deepEqual(changeTo(more), { kind: 'changed', settings, policy: false });
  });

  test('sees a pinned root or key that was exchanged under the same name', () => {
    const source = { type: 'file', path: '/etc/reeve/bundle.json', owners: [0], publicKeys: ['one'] } as const;
    const shared = { org: 'acme', teams: null, governs: {}, trustedFiles: [] };
    const before = { ...RUNNING, source: { ...shared, ...source } };
    const after = { ...RUNNING, source: { ...shared, ...source, publicKeys: ['two'] } };
    assert.deepEqual(configChange(before, after), { kind: 'changed', settings: ['source'], policy: true });
  });

  test('has its authorities read again, which may be others under the same name', () => {
    const server = { type: 'governance', baseUrl: 'https://policy.example.com', credentialFile: '/c.json' } as const;
    const source = { ...server, org: 'acme', teams: null, governs: {}, trustedFiles: [] };
    const policyAgain = (more: object): unknown => {
      const running: DaemonConfig = { ...RUNNING, source: { ...source, ...more } };
      return configChange(running, structuredClone(running));
    };
    assert.deepEqual(policyAgain({ caFile: '/ca.pem' }), { kind: 'changed', settings: [], policy: true });
    assert.deepEqual(policyAgain({}), { kind: 'changed', settings: [], policy: false });
  });

  test('cannot move what is open: it is refused whole, and says to restart', () => {
    const outcome = changeTo({
      preset: { name: 'open', rules: [] },
      decideSocket: '/srv/decide.sock',
      adminSocket: '/srv/admin.sock',
      stateDirectory: '/srv/state',
    });
    assert.ok(outcome.kind === 'refused');
    assert.match(
      outcome.message,
      /^`sockets\.decide`, `sockets\.admin`, `state_directory` cannot change.*: restart it, /,
    );
    assert.match(
      JSON.stringify(changeTo({ service: 'user' })) + JSON.stringify(changeTo({ service: 'system' })),
      /kind of service/,
    );
  });
});

describe('a stored policy that another configuration cannot use', () => {
  const closed = (code: DomainClosure['code'], uid: number | null = null): { closures: DomainClosure[] } => ({
    closures: [{ domain: 'network', code, reason: 'this is why', uid, byOrg: true }],
  });
  const none = { closures: [] };

  test('is a loss, and the reason is told', () => {
    assert.match(policyLoss(closed('not_ready'), none) ?? '', /would serve no longer: this is why; restart the daemon/);
    assert.match(policyLoss(closed('org_conflict'), closed('no_policy')) ?? '', /this is why/);
  });

  test('is none where it was so before, where nothing serves, or where only one user is closed', () => {
    assert.equal(policyLoss(closed('not_ready'), closed('not_ready')), null);
    assert.equal(policyLoss(closed('not_ready'), null), null);
    assert.equal(policyLoss(closed('not_ready', 1000), none), null);
  });

  test('is none where the configuration asks for a policy that has still to come', () => {
    assert.equal(policyLoss(closed('no_policy'), none), null);
    assert.equal(policyLoss(closed('policy_stale'), none), null);
  });
});

import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import type { DaemonConfig } from '../../../src/daemon/config/daemon-config.ts';
import { type PolicyFacts, policySetOf, stalenessNow } from '../../../src/daemon/policy/policy-inputs.ts';
import type { BundleTerms } from '../../../src/policy/bundle-terms.ts';
import type { PolicySet, StoredPolicies } from '../../../src/policy/policy-set.ts';
import type { OrgPolicies } from '../../../src/sources/org-policies.ts';
import { allow, connect, localFile, NOW, outcome, policy, reading, rule } from '../../policy/asking.ts';
import { PLAIN_TERMS } from '../../support/bundle-terms.ts';
import { configOf } from '../config.ts';

const DAY = 24 * 3_600_000;

const SOURCE = {
  type: 'governance',
  base_url: 'https://policy.example.com/v2',
  org: 'acme',
  credential_file: '/srv/own/secret.json',
};

const stored = (policies: readonly unknown[]): StoredPolicies => ({ digest: 'd', load: () => policies });

const DELIVERED: Extract<OrgPolicies, { kind: 'delivered' }> = {
  kind: 'delivered',
  org: 'acme',
  source: 'governance',
  terms: null,
  revision: 'sha256:1',
  stored: stored([policy([allow('org.example')])]),
  wasGoverned: [],
};
const NOTHING: OrgPolicies = { kind: 'none', wasGoverned: [] };

function facts(more: Partial<PolicyFacts> = {}): PolicyFacts {
  return {
    now: () => NOW,
    tick: () => undefined,
    lastSync: () => ({ completedAt: NOW, verifiedTime: NOW, confirmedAt: NOW }),
    enrolledOrg: () => 'acme',
    localFiles: () => [localFile([allow('local.example')])],
    homes: () => new Map(),
    foldingMounts: () => [],
    links: () => new Map(),
    ...more,
  };
}

interface Inputs {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly org?: OrgPolicies;
  readonly facts?: Partial<PolicyFacts>;
}

function inputs({ config = { source: SOURCE }, org = DELIVERED, facts: more = {} }: Inputs): PolicySet {
  return policySetOf(configOf(config), facts(more), org);
}

const seen = (from: Inputs): string[] => [
  outcome(inputs(from), connect('org.example')),
  outcome(inputs(from), connect('local.example')),
  outcome(inputs(from), reading('/srv/x')),
];

describe('what a snapshot is made from', () => {
  test('is the delivered policy beside the local files', () => {
    assert.deepEqual(seen({}), ['org_allow org.example', 'default_deny', 'default_deny']);
    assert.deepEqual([inputs({}).revision, inputs({}).teams], ['sha256:1', null]);
  });

  test('without a source and an organisation is what this machine says', () => {
    const alone = { config: {}, org: NOTHING, facts: { lastSync: () => null, enrolledOrg: () => null } };
    assert.deepEqual(seen(alone), ['default_deny', 'local_allow local.example', 'default_deny']);
  });

  test('closes both domains while a configured source has delivered nothing, whatever the config says it governs', () => {
    const unreached = { lastSync: () => null, enrolledOrg: () => null };
    const closed = ['no_policy', 'no_policy', 'no_policy'];
    assert.deepEqual(seen({ org: NOTHING, facts: unreached }), closed);
    const governs = { network: false, filesystem: false };
    assert.deepEqual(seen({ config: { source: { ...SOURCE, governs } }, org: NOTHING, facts: unreached }), closed);
    assert.deepEqual(inputs({ org: NOTHING, facts: unreached }).governs, { network: true, filesystem: true });
  });

  test('closes both domains where the configuration names another organisation than the enrolled one', () => {
    for (const org of [DELIVERED, NOTHING]) {
      const conflict = { org, facts: { enrolledOrg: () => 'globex' } };
      assert.deepEqual(seen(conflict), ['org_conflict', 'org_conflict', 'org_conflict']);
    }
  });

  test('closes both domains where the stored policy is not what was written, with and without a source', () => {
    const org: OrgPolicies = { kind: 'damaged', message: 'edited', wasGoverned: [] };
    for (const config of [{ source: SOURCE }, {}]) {
      assert.deepEqual(seen({ config, org }), ['not_ready', 'not_ready', 'not_ready']);
    }
  });

  test('stays governed when the source leaves the configuration, and when the last policy goes', () => {
    const without = { config: {} };
    assert.deepEqual(seen(without), ['org_allow org.example', 'default_deny', 'default_deny']);
    const emptied = { org: { ...DELIVERED, stored: stored([]), wasGoverned: ['network'] } as OrgPolicies };
    assert.deepEqual(seen(emptied), ['default_deny', 'default_deny', 'default_deny']);
  });

  test('follows `source.governs`, which alone releases a domain', () => {
    const governs = { network: false, filesystem: true };
    const said = seen({ config: { source: { ...SOURCE, governs } } });
    assert.deepEqual(said, ['default_deny', 'local_allow local.example', 'default_deny']);
    assert.equal(inputs({ config: { source: { ...SOURCE, governs } } }).governs.filesystem, true);
  });

  test('holds this machine’s teams', () => {
    assert.deepEqual(inputs({ config: { source: { ...SOURCE, teams: ['eng'] } } }).teams, ['eng']);
    assert.deepEqual(inputs({ config: { source: { ...SOURCE, teams: [] } } }).teams, []);
  });

  test('protects this installation’s own files against an allow of everything', () => {
    const config = configOf({ source: SOURCE });
    const everything = [policy([rule('allow', ['read', 'write'], '/**')])];
    const set = policySetOf(config, facts(), {
      ...DELIVERED,
      stored: stored(everything),
    });
    const write = (path: string): string => outcome(set, { action: 'write', path });
    const { file, stateDirectory, localDirectory, decideSocket, adminSocket } = config;
    for (const place of [file, stateDirectory, localDirectory, decideSocket, adminSocket]) {
      assert.match(write(place), /^builtin_deny /, place);
    }
    assert.match(write(`${config.stateDirectory}/policy.db`), /^builtin_deny /);
    assert.match(outcome(set, reading(SOURCE.credential_file)), /^builtin_deny /);
    assert.match(write('/srv/other'), /^org_allow /);
  });

  test('protects the program that runs, its Node.js and its log from being written, and from nothing else', () => {
    const everything = [policy([rule('allow', ['read', 'write'], '/**')])];
    const answers = (config: DaemonConfig, path: string): string[] => {
      const set = policySetOf(config, facts(), { ...DELIVERED, stored: stored(everything) });
      return [outcome(set, { action: 'write', path }), outcome(set, reading(path))].map(
        (text) => text.split(' ')[0] ?? '',
      );
    };
    const config = configOf({ source: SOURCE, log: { destination: '/srv/logs/reeve.log' } });
    const main = realpathSync('src/cli/main.ts');
    const log = ['/srv/logs/reeve.log', '/srv/logs/reeve.log.1'];
    for (const path of [main, realpathSync('node_modules'), realpathSync(process.execPath), ...log]) {
      assert.deepEqual(answers(config, path), ['builtin_deny', 'org_allow'], path);
    }
    for (const path of ['/srv/logs/other.log', '/srv/logs/reeve.logs', `${process.cwd()}-other`]) {
      assert.deepEqual(answers(config, path), ['org_allow', 'org_allow'], path);
    }
    const toDevice = configOf({ source: SOURCE, log: { destination: '/dev/null' } });
    assert.deepEqual(answers(toDevice, '/dev/null'), ['org_allow', 'org_allow'], 'what everybody writes to');
  });

  test('protects what `reeve init` wrote before a secret counted, and what it replaced', () => {
    const everything = [policy([rule('allow', ['read', 'write'], '/**')])];
    const bundle = { type: 'file', org: 'acme', path: '/srv/bundle.json' };
    for (const source of [SOURCE, bundle]) {
      const config = configOf({ source });
      const set = policySetOf(config, facts(), { ...DELIVERED, stored: stored(everything) });
      const read = (path: string): string => outcome(set, reading(path));
      const beside = `${dirname(config.file)}/credential.json`;
      for (const path of source === SOURCE ? [beside, SOURCE.credential_file] : [beside]) {
        for (const name of [path, `${path}.before-20261123T200000`, `${path}.4711.new`]) {
          assert.match(read(name), /^builtin_deny /, name);
        }
        assert.match(read(`${path}x`), /^org_allow /, 'what is no secret may be read');
      }
    }
    for (const name of ['', '.before-20261123T200000', '.4711.new']) {
      const set = policySetOf(configOf({}), facts(), { ...DELIVERED, stored: stored(everything) });
      assert.match(outcome(set, reading(`/etc/reeve/credential.json${name}`)), /^builtin_deny /, name);
    }
  });
});

describe('what a bundle says beside its policies', () => {
  const TERMS: BundleTerms = {
    ...PLAIN_TERMS,
    issuedAt: NOW - 40 * DAY,
    expiresAt: NOW + DAY,
    delegated: { network: true },
    supportMessage: 'ask #security',
    change: { by: 'ann', ticket: 'SEC-1' },
  };
  const bundle = (more: Partial<BundleTerms> = {}, source = 'tuf'): OrgPolicies => ({
    ...DELIVERED,
    source,
    terms: { ...TERMS, ...more },
  });

  test('decides who governs, whatever the configuration and the policies show', () => {
    const config = { source: { ...SOURCE, governs: { network: false, filesystem: true } } };
    const { governs, delegated, supportMessage, change } = inputs({ config, org: bundle() });
    assert.deepEqual(governs, { network: true, filesystem: false });
    assert.deepEqual([delegated, supportMessage, change], [{ network: true }, 'ask #security', TERMS.change]);
    assert.deepEqual(seen({ org: bundle() }), ['org_allow org.example', 'local_allow local.example', 'default_deny']);
    const silent = ['default_deny', 'local_allow local.example', 'default_deny'];
    assert.deepEqual(seen({ org: bundle({ governed: [], delegated: {} }) }), silent);
  });

  test('ends it, without any grace', () => {
    const ended = bundle({ expiresAt: NOW });
    assert.deepEqual(seen({ org: ended }), ['policy_expired', 'policy_expired', 'default_deny']);
    assert.equal(inputs({ org: bundle() }).expiresAt, NOW + DAY);
  });

  test('sets the limits of its age, which counts from what has confirmed it', () => {
    const limits = { warnAfterMs: DAY, restrictAfterMs: 2 * DAY, blockAfterMs: 3 * DAY };
    const confirmed = (days: number): Partial<PolicyFacts> => ({
      lastSync: () => ({ completedAt: NOW, verifiedTime: null, confirmedAt: NOW - days * DAY }),
    });
    const state = (days: number, org = bundle({ staleness: limits })): string =>
      stalenessNow(facts(confirmed(days)), org);
    assert.deepEqual([state(0.5), state(1), state(2), state(3)], ['fresh', 'warn', 'restrict', 'block']);
    assert.equal(state(3, bundle()), 'warn');
  });

  test('of a file has no age unless it says so, and then it counts from its issue', () => {
    const nothing: Partial<PolicyFacts> = { lastSync: () => null };
    assert.equal(stalenessNow(facts(nothing), bundle({}, 'file')), 'fresh');
    const limits = { warnAfterMs: DAY, restrictAfterMs: 2 * DAY, blockAfterMs: 41 * DAY };
    assert.equal(stalenessNow(facts(nothing), bundle({ staleness: limits }, 'file')), 'restrict');
  });
});

describe('the age that counts', () => {
  test('is that of the last complete sync, with a source in the configuration or without', () => {
    const aged = (days: number): Partial<PolicyFacts> => ({
      lastSync: () => ({ completedAt: NOW, verifiedTime: null, confirmedAt: NOW - days * DAY }),
    });
    assert.equal(stalenessNow(facts(aged(0)), DELIVERED), 'fresh');
    assert.equal(stalenessNow(facts(aged(8)), DELIVERED), 'restrict');
    for (const config of [{ source: SOURCE }, {}]) {
      assert.equal(inputs({ config, facts: aged(31) }).staleness, 'block');
      assert.deepEqual(seen({ config, facts: aged(31) }), ['policy_stale', 'policy_stale', 'default_deny']);
    }
  });

  test('is none where no organisation ever was, and the worst where its record is gone', () => {
    assert.equal(stalenessNow(facts({ lastSync: () => null, enrolledOrg: () => null }), NOTHING), 'fresh');
    assert.equal(stalenessNow(facts({ lastSync: () => null }), NOTHING), 'block');
  });
});

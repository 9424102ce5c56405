import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { admitBundle, type BundleArrival } from '../../src/sources/admit-bundle.ts';
import { FEATURES } from '../../src/sources/bundle-demands.ts';
import { SourceError } from '../../src/sources/source-failure.ts';
import { bundleBytes, bundlePolicy } from '../support/bundle-documents.ts';

const NOW = Date.parse('2026-06-02T12:00:00Z');
const SECRET = 'hunter2-do-not-print';

type Members = Readonly<Record<string, unknown>>;

function arrival(members: Members = {}, more: Partial<BundleArrival> = {}): BundleArrival {
  return { document: bundleBytes(members), org: 'acme', version: '1.2.0', now: NOW, ...more };
}

function refusal(members: Members, more: Partial<BundleArrival> = {}): string {
  try {
    admitBundle(arrival(members, more));
  } catch (error) {
    assert.ok(error instanceof SourceError, String(error));
    assert.equal(error.stage, 'verify');
    assert.ok(!error.message.includes(SECRET) && !/[\n\r]/.test(error.message), error.message);
    return `${error.code}: ${error.message}`;
  }
  return 'admitted';
}

const net = (decision: string, ...resources: readonly string[]): Members => ({
  id: `${decision} ${resources.join(' ')}`,
  decision,
  actions: ['connect:tcp'],
  resources,
});
const file = (decision: string, ...resources: readonly string[]): Members => ({
  ...net(decision, ...resources),
  actions: ['read'],
});
const to = (host: string, more: Members = {}): Members => ({ action: 'connect:tcp', host, port: 443, ...more });

test('a bundle that passes everything is handed on with its terms and policies', () => {
  const policies = [bundlePolicy([net('allow', 'a.example.com')])];
  const admitted = admitBundle(arrival({ policies, support_message: 'ask', requires: ['network'] }));
  assert.equal(admitted.org, 'acme');
  assert.equal(admitted.revision, '7');
  assert.deepEqual(admitted.policies, policies);
  assert.deepEqual([admitted.terms.supportMessage, admitted.terms.governed], ['ask', ['network']]);
});

test('what is no bundle is refused with the reader’s own words', () => {
  assert.match(refusal({ governed: undefined }), /^invalid_bundle: the bundle `governed` is missing$/);
  assert.match(refusal({ governs: SECRET }), /^unknown_member: unknown member `governs`: /);
  for (const text of ['', '{}', '<html><body>log in</body></html>', '{"schema":"reeve.bundle/1"']) {
    assert.match(refusal({}, { document: Buffer.from(text) }), /^invalid_bundle: /);
  }
});

test('a bundle of another organisation, or with a policy of one, is refused', () => {
  assert.match(refusal({ org: 'other' }), /^other_org: the bundle belongs to another organisation than `acme`/);
  assert.match(refusal({ policies: [bundlePolicy([], { org: 'other' })] }), /^other_org: policy `egress` belongs/);
  assert.match(refusal({}, { org: 'Acme' }), /^other_org: /);
});

test('a bundle that requires what this version does not have is refused', () => {
  assert.match(refusal({ requires: ['network', 'http_rules'] }), /^unknown_feature: the bundle requires `http_rules`/);
  assert.equal(refusal({ requires: [...FEATURES] }), 'admitted');
});

test('a bundle for a newer version is refused, also where this version cannot be told', () => {
  const refused = (version: string, minimum: string): string => refusal({ min_version: minimum }, { version });
  assert.match(
    refused('1.2.0', '1.2.1'),
    /^version_too_low: the bundle is for reeve 1\.2\.1 or newer, and this is 1\.2\.0/,
  );
  assert.match(refused('1.2.0', '1.10.0'), /^version_too_low: /);
  assert.match(refused('1.2.0-rc.1', '1.2.0'), /^version_too_low: /);
  assert.match(refused('unknown', '0.0.1'), /^version_too_low: /);
  for (const minimum of ['1.2.0', '1.2.0-rc.1', '0.9.9']) assert.equal(refused('1.2.0', minimum), 'admitted');
});

test('a bundle that has ended is refused when it arrives, and not when it is checked again at a start', () => {
  const end = Date.parse('2026-07-01T12:00:00Z');
  assert.match(refusal({}, { now: end }), /^expired_bundle: the bundle ended at 2026-07-01T12:00:00\.000Z/);
  assert.equal(refusal({}, { now: end - 1 }), 'admitted');
  assert.equal(refusal({}, { now: null }), 'admitted');
});

test('policies are judged as those of the governance API', () => {
  const judged = (members: Members): string => refusal({ policies: [bundlePolicy([], members)] });
  assert.match(judged({ status: 'unheard-of' }), /^unknown_status: policy `egress` cannot be evaluated: /);
  assert.match(judged({ status: 'unheard-of', enabled: false }), /^unknown_status: /);
  assert.match(judged({ enabled: 'yes' }), /^invalid_policy: /);
  assert.match(judged({ valid_from: 'tomorrow' }), /^invalid_policy: /);
  assert.match(judged({ deny_all: true }), /^unknown_member: unknown member `policies\.0\.deny_all`/);
  assert.equal(judged({ status: 'draft', valid_until: '2026-06-30T00:00:00Z' }), 'admitted');
  // one bad rule closes its domain when it is compiled: it is no reason to keep a whole bundle away
  assert.equal(refusal({ policies: [bundlePolicy([net('deny', '10.0.0.*')])] }), 'admitted');
});

describe('the tests of a bundle', () => {
  const policies = [
    bundlePolicy([net('allow', '**.example.com'), net('deny', 'b.example.com')]),
    bundlePolicy([file('allow', '/srv/**'), file('deny', '/srv/private')], { id: 'files' }),
  ];
  const rest = { policies, governed: ['network', 'filesystem'] };
  const run = (tests: readonly Members[], members: Members = {}): string => refusal({ ...rest, ...members, tests });

  it('have to come out as they say', () => {
    const right: readonly (readonly [Members, unknown])[] = [
      [to('a.example.com'), 'allow'],
      [to('a.example.com'), { decision: 'allow', code: 'org_allow' }],
      [to('b.example.com'), { decision: 'deny', code: 'org_deny' }],
      [to('elsewhere.org'), { decision: 'deny', code: 'default_deny' }],
      [to('a.example.com', { ip: '127.0.0.1' }), { decision: 'deny', code: 'address_guard' }],
      [{ action: 'read', path: '/srv/x' }, 'allow'],
      [{ action: 'read', path: '/srv/link', real: '/srv/private' }, 'deny'],
      [
        { action: 'write', path: '/etc/reeve/config.yaml' },
        { decision: 'deny', code: 'builtin_deny' },
      ],
      [to('not a name'), { decision: 'deny', code: 'invalid_request' }],
    ];
    assert.equal(run(right.map(([request, expect]) => ({ request, expect }))), 'admitted');
    for (const [request, expect] of right) {
      const decision = typeof expect === 'string' ? expect : (expect as Members)['decision'];
      const wrong = { name: 'the one', request, expect: decision === 'allow' ? 'deny' : 'allow' };
      const message = run([{ request: to('a.example.com'), expect: 'allow' }, wrong]);
      assert.match(message, /^failing_test: a test of the bundle fails: `the one` \(`tests\.1`\) expects `/);
    }
  });

  it('may ask for a code, and another one is a failure', () => {
    const message = run([{ request: to('elsewhere.org'), expect: { decision: 'deny', code: 'org_deny' } }]);
    assert.match(message, /`tests\.0` expects `deny` \(org_deny\) and gets `deny` \(default_deny\)$/);
  });

  it('are judged as enforce, whatever the mode', () => {
    const mode = { mode: { network: 'monitor', filesystem: 'monitor' } };
    assert.equal(run([{ request: to('b.example.com'), expect: 'deny' }], mode), 'admitted');
    assert.match(run([{ request: to('b.example.com'), expect: 'allow' }], mode), /^failing_test/);
  });

  it('are judged by what is governed, and without a preset', () => {
    const free = { governed: [] };
    assert.equal(
      run([{ request: to('a.example.com'), expect: { decision: 'deny', code: 'default_deny' } }], free),
      'admitted',
    );
    assert.equal(
      run([{ request: to('b.example.com'), expect: { decision: 'deny', code: 'org_deny' } }], free),
      'admitted',
    );
  });

  it('are judged at the time of issue, however late', () => {
    const until = { valid_until: '2026-06-01T12:00:01Z' };
    const members = { policies: [bundlePolicy([net('allow', 'a.example.com')], until)] };
    assert.equal(run([{ request: to('a.example.com'), expect: 'allow' }], members), 'admitted');
    const since = { valid_from: '2026-06-01T12:00:00Z' };
    const now = { policies: [bundlePolicy([net('allow', 'a.example.com')], since)] };
    assert.equal(run([{ request: to('a.example.com'), expect: 'allow' }], now), 'admitted');
    const from = { valid_from: '2026-06-01T12:00:01Z' };
    const later = { policies: [bundlePolicy([net('allow', 'a.example.com')], from)] };
    assert.equal(run([{ request: to('a.example.com'), expect: 'deny' }], later), 'admitted');
  });

  it('are judged for a machine without a team list', () => {
    const scope = { scope: { teams: ['core'] } };
    const members = { policies: [bundlePolicy([net('allow', 'a.example.com'), net('deny', 'b.example.com')], scope)] };
    assert.equal(run([{ request: to('a.example.com'), expect: 'deny' }], members), 'admitted');
    assert.equal(
      run([{ request: to('b.example.com'), expect: { decision: 'deny', code: 'org_deny' } }], members),
      'admitted',
    );
  });

  it('of a name with control characters is shown on one line', () => {
    const message = run([{ name: 'a\nb\u001b[2J', request: to('b.example.com'), expect: 'allow' }]);
    assert.match(message, /^failing_test: a test of the bundle fails: `a\\u\{a\}b\\u\{1b\}\[2J`/);
  });
});

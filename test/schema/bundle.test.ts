import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { type Bundle, readBundle } from '../../src/schema/bundle.ts';
import { bundlePolicySchema, bundleSchema } from '../../src/schema/bundle-shape.ts';
import { GOVERNANCE_POLICY_MEMBERS } from '../../src/schema/governance.ts';
import { MAX_BUNDLE_CHARACTERS } from '../../src/schema/limits.ts';
import { bundleBytes, bundleDocument, bundlePolicy, bundleText } from '../support/bundle-documents.ts';

const SECRET = 'hunter2-do-not-print';

const RULE = { id: 'r1', name: 'r1', decision: 'allow', actions: ['connect:tcp'], resources: ['a.example.com'] };
const DAY_MS = 86_400_000;

/** Every member that a bundle may have. */
const FULL = {
  policies: [bundlePolicy([RULE])],
  governed: ['network', 'filesystem'],
  delegated: { network: true, filesystem: false },
  mode: { network: 'enforce', filesystem: 'monitor' },
  staleness: { warn_after: 'P1D', restrict_after: 'P7D', block_after: 'P30DT12H' },
  poll_interval: 'PT90S',
  support_message: 'ask #platform',
  requires: ['network', 'monitor'],
  min_version: '0.1.0',
  tests: [
    { name: 'the mirror', request: { action: 'connect:tcp', host: 'a.example.com', port: 443 }, expect: 'allow' },
    { request: { action: 'read', path: '/x' }, expect: { decision: 'deny', code: 'default_deny' } },
  ],
  change: { by: 'ann', at: '2026-06-01T11:00:00Z', reason: 'the mirror moved', ticket: 'SEC-12' },
  shadow: bundleDocument({ revision: '8' }),
};

function read(members: Readonly<Record<string, unknown>> = {}): Bundle {
  const reading = readBundle(bundleText(members));
  assert.ok(reading.kind === 'bundle', JSON.stringify(reading));
  return reading.bundle;
}

function refusal(members: Readonly<Record<string, unknown>>): string {
  return refusalOf(bundleText(members));
}

function refusalOf(document: string | Uint8Array): string {
  const reading = readBundle(document);
  assert.ok(reading.kind === 'invalid', 'it was read');
  assert.ok(!reading.message.includes(SECRET) && !/[\n\r]/.test(reading.message), reading.message);
  return `${reading.code} ${reading.message}`;
}

describe('a bundle', () => {
  it('is read with everything that it says', () => {
    const { tests, policies, ...bundle } = read(FULL);
    assert.deepEqual(bundle, {
      org: 'acme',
      revision: '7',
      terms: {
        issuedAt: Date.parse('2026-06-01T12:00:00Z'),
        expiresAt: Date.parse('2026-07-01T12:00:00Z'),
        governed: ['network', 'filesystem'],
        delegated: { network: true, filesystem: false },
        monitored: { network: false, filesystem: true },
        staleness: { warnAfterMs: DAY_MS, restrictAfterMs: 7 * DAY_MS, blockAfterMs: 30.5 * DAY_MS },
        pollIntervalMs: 90_000,
        supportMessage: 'ask #platform',
        change: { by: 'ann', at: '2026-06-01T11:00:00Z', reason: 'the mirror moved', ticket: 'SEC-12' },
        requires: ['network', 'monitor'],
        minVersion: '0.1.0',
        shadow: true,
      },
    });
    assert.equal(policies[0]?.id, 'egress');
    assert.deepEqual(
      tests.map(({ name, request, expect }) => [name, request.kind, expect]),
      [
        ['the mirror', 'network', { decision: 'allow', code: null }],
        [null, 'filesystem', { decision: 'deny', code: 'default_deny' }],
      ],
    );
  });

  it('may say no more than it has to', () => {
    assert.deepEqual(read({ governed: [] }), {
      org: 'acme',
      revision: '7',
      policies: [],
      tests: [],
      terms: {
        issuedAt: Date.parse('2026-06-01T12:00:00Z'),
        expiresAt: Date.parse('2026-07-01T12:00:00Z'),
        governed: [],
        delegated: {},
        monitored: {},
        staleness: null,
        pollIntervalMs: null,
        supportMessage: null,
        change: null,
        requires: [],
        minVersion: null,
        shadow: false,
      },
    });
  });

  it('is the same from bytes and from text', () => {
    assert.deepEqual(readBundle(bundleBytes(FULL)), readBundle(bundleText(FULL)));
  });

  it('survives being stored: its terms are plain JSON', () => {
    const { terms } = read(FULL);
    assert.deepEqual(JSON.parse(JSON.stringify(terms)), terms);
  });
});

describe('a bundle is refused', () => {
  it('without a member that it must have, by its name', () => {
    for (const member of ['schema', 'org', 'revision', 'issued_at', 'expires_at', 'policies', 'governed']) {
      const message = refusal({ [member]: undefined });
      const value = member === 'schema' ? 'invalid_bundle the bundle `schema` is missing' : `\`${member}\` is missing`;
      assert.ok(message.includes(value), message);
    }
  });

  it('for a member that nobody knows, at every level', () => {
    const places: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      ['extra', { extra: SECRET }],
      ['__proto__', JSON.parse('{"__proto__": {"governed": []}}') as Readonly<Record<string, unknown>>],
      ['delegated.dns', { delegated: { dns: true } }],
      ['mode.dns', { mode: { dns: 'monitor' } }],
      ['staleness.never', { staleness: { warn_after: 'P1D', restrict_after: 'P2D', block_after: 'P3D', never: 1 } }],
      ['change.email', { change: { email: SECRET } }],
      ['tests.0.extra', { tests: [{ ...FULL.tests[0], extra: SECRET }] }],
      ['tests.0.expect.reason', { tests: [{ ...FULL.tests[0], expect: { decision: 'deny', reason: SECRET } }] }],
      ['policies.0.deny_all', { policies: [bundlePolicy([], { deny_all: SECRET })] }],
      ['policies.0.scope.groups', { policies: [bundlePolicy([], { scope: { groups: [SECRET] } })] }],
      [
        'policies.1.allowlist_v0.rules.0.unless',
        { policies: [bundlePolicy([]), bundlePolicy([{ ...RULE, unless: SECRET }], { id: 'b' })] },
      ],
      ['shadow', { shadow: { ...bundleDocument(), extra: SECRET } }],
    ];
    for (const [member, members] of places) {
      const text = Object.hasOwn(members, '__proto__')
        ? bundleText().replace('{', '{"__proto__":{"governed":[]},')
        : bundleText(members);
      const message = refusalOf(text);
      assert.ok(message.startsWith('unknown_member ') && message.includes(`\`${member}\``), message);
    }
  });

  it('for a value that is not what it must be, without repeating it', () => {
    const wrong: readonly Readonly<Record<string, unknown>>[] = [
      { schema: 'reeve.bundle/2' },
      { org: '' },
      { org: 7 },
      ...['07', '-1', '1.0', 'one', '', '9007199254740992', 7].map((revision) => ({ revision })),
      ...['2026-06-01', SECRET, '2026-02-30T00:00:00Z', 0].map((at) => ({ issued_at: at })),
      { expires_at: '2026-06-01T12:00:00Z' },
      { expires_at: '2026-05-01T12:00:00Z' },
      { policies: {} },
      { policies: [SECRET] },
      { policies: [bundlePolicy([], { org: undefined })] },
      { policies: [bundlePolicy([], { updated_at: SECRET })] },
      { policies: [bundlePolicy([]), bundlePolicy([])] },
      { governed: ['dns'] },
      { governed: ['network', 'network'] },
      { governed: 'network' },
      { governed: null },
      { delegated: ['network'] },
      { delegated: { network: 'yes' } },
      { delegated: null },
      { mode: { network: 'audit' } },
      { mode: { network: true } },
      { staleness: { warn_after: 'P1D', restrict_after: 'P7D' } },
      { staleness: { warn_after: 'P7D', restrict_after: 'P7D', block_after: 'P30D' } },
      { staleness: { warn_after: 'P1D', restrict_after: 'P40D', block_after: 'P30D' } },
      ...['P1M', 'P1Y', 'P1W', '1d', 'P', 'PT', 'P1DT', 'PT1.5S', 'PT-1S', SECRET, 60].map((poll) => ({
        poll_interval: poll,
      })),
      { poll_interval: 'PT0S' },
      { poll_interval: 'PT3601S' },
      { support_message: 'x'.repeat(501) },
      { support_message: 7 },
      { requires: ['No Feature'] },
      { requires: 'network' },
      ...['1', '1.2', '01.2.3', '1.2.3-', 'v1.2.3', 1].map((version) => ({ min_version: version })),
      { tests: [{ request: { action: 'connect:tcp' }, expect: 'allow' }] },
      { tests: [{ request: { action: 'connect:tcp', host: 'a', port: 1, extra: 1 }, expect: 'allow' }] },
      { tests: [{ request: SECRET, expect: 'allow' }] },
      { tests: [{ ...FULL.tests[0], expect: 'maybe' }] },
      { tests: [{ ...FULL.tests[0], expect: { decision: 'deny', code: 'nope' } }] },
      { tests: [{ ...FULL.tests[0], expect: undefined }] },
      { tests: Array<unknown>(1_001).fill(FULL.tests[0]) },
      { change: { at: 'yesterday' } },
      { change: { by: '' } },
      { change: SECRET },
      { shadow: null },
      { shadow: {} },
      { shadow: { ...bundleDocument(), shadow: bundleDocument() } },
      { policies: [bundlePolicy([], { metadata: { ratio: 0.5 } })] },
      { policies: [bundlePolicy([], { version: 2 ** 53 })] },
    ];
    for (const members of wrong) {
      const message = refusal(members);
      const [member = ''] = Object.keys(members);
      assert.match(message, new RegExp(`^invalid_bundle .*\`${member}`), JSON.stringify(members));
    }
  });

  it('that is no object, no strict JSON, or larger than one may be', () => {
    for (const text of ['', '{}', '[]', 'null', '7', '<html></html>', bundleText().slice(0, -1), `${bundleText()}{}`]) {
      assert.match(refusalOf(text), /^invalid_bundle /);
    }
    assert.match(refusalOf(bundleText().replace('{', '{"org":"acme",')), /the key `org` is repeated/);
    assert.match(refusalOf(Buffer.from([0x7b, 0xff, 0x7d])), /not valid UTF-8/);
    assert.match(refusalOf(' '.repeat(MAX_BUNDLE_CHARACTERS + 1)), /is larger than 67108864/);
    let nested: unknown = 1;
    for (let depth = 0; depth < 30; depth += 1) nested = [nested];
    assert.match(refusal({ policies: [bundlePolicy([], { metadata: nested })] }), /nested deeper than 20/);
  });

  it('for a fraction, where two readers might read two numbers', () => {
    const text = bundleText({ policies: [bundlePolicy([], { metadata: { ratio: 7 } })] });
    const path = /`policies\.0\.metadata\.ratio` is a number with a fraction/;
    for (const number of ['0.5', '1e-3', '9007199254740993', '1e999', '-1e400']) {
      assert.match(refusalOf(text.replace('"ratio":7', `"ratio":${number}`)), path, number);
    }
    for (const number of ['7', '-7', '1.0', '1e3', '9007199254740991']) {
      assert.equal(readBundle(text.replace('"ratio":7', `"ratio":${number}`)).kind, 'bundle', number);
    }
  });
});

test('a support message may have 500 characters, whatever they are', () => {
  assert.equal(read({ support_message: '🙂'.repeat(500) }).terms.supportMessage?.length, 1_000);
});

test('durations are sums of days, hours, minutes and seconds', () => {
  const parts = [
    ['PT30S', 30],
    ['PT1M', 60],
    ['PT1H', 3_600],
    ['PT59M60S', 3_600],
    ['P0DT0H1M', 60],
  ] as const;
  for (const [text, seconds] of parts)
    assert.equal(read({ poll_interval: text }).terms.pollIntervalMs, seconds * 1_000, text);
});

test('the published schema of a policy has the members that the reader knows, and so has that of a bundle', () => {
  assert.deepEqual(Object.keys(bundlePolicySchema.shape).sort(), [...GOVERNANCE_POLICY_MEMBERS].sort());
  assert.deepEqual(Object.keys(bundleSchema.shape).sort(), Object.keys(bundleDocument(FULL)).sort());
  assert.equal(bundleSchema.safeParse(bundleDocument(FULL)).success, true);
});

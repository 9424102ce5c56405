import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide, decideText } from '../../src/policy/decide.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { inputs, trying } from '../support/inputs.ts';
import {
  allow,
  allowRead,
  BOTH,
  connect,
  deny,
  denyRead,
  dial,
  localFile,
  policy,
  type RawRule,
  reading,
  requestOf,
  rule,
  setOf,
  snapshotOf,
} from './asking.ts';

const NAMES = ['plain', 'with "quotes"', 'back\\slash', 'line\nbreak', 'grüße “schön”', '', '`ticks`', '\u2028', '😀'];

/** Rules whose names, and paths that, need escapes in JSON, and some that do not. */
const RULES: readonly RawRule[] = [
  ...NAMES.map((name, index) => ({ ...allow(`a${index}.example.com`, `10.${index}.0.0/16`), id: `i${name}`, name })),
  ...NAMES.map((name, index) => ({ ...deny(`d${index}.example.com`), id: `d${name}`, name })),
  ...NAMES.map((name, index) => ({ ...allowRead(`/r${index}/${name}x/**`), id: `p${name}`, name })),
  ...NAMES.map((name, index) => ({ ...denyRead(`/r${index}/${name}x/no`), id: `q${name}`, name })),
  allow('**.example.org', '[2001:db8::1]:443'),
];

const ofPaths = ({ actions }: RawRule): boolean => Array.isArray(actions) && actions.includes('read');

/** A policy speaks of one domain. */
function both(members: RawRule = {}): RawRule[] {
  return [
    policy(
      RULES.filter((one) => !ofPaths(one)),
      members,
    ),
    { ...policy(RULES.filter(ofPaths), members), id: 'p2' },
  ];
}

const SETS: readonly PolicySet[] = [
  setOf({ policies: both(), governs: BOTH }),
  setOf({ policies: both({ name: 'two “words”' }), governs: BOTH, supportMessage: 'ask "us"' }),
  setOf({ policies: both(), governs: BOTH, monitored: BOTH }),
  setOf({ policies: both({ approval_required: true }), governs: BOTH, supportMessage: 'ask\n“us” \\' }),
  setOf({ policies: both(), governs: { network: true }, supportMessage: 'ask', expiresAt: 1 }),
  setOf({ policies: both({ approval_required: true }) }),
  setOf({ local: [localFile(RULES)] }),
  setOf({ preset: { name: 'mine', rules: RULES }, builtin: [rule('deny', ['write'], '/r0/**')] }),
  setOf({ policies: [...both(), policy([rule('maybe', ['read'], '/x')])] }),
  setOf({ wasGoverned: ['network', 'filesystem'] }),
  setOf({ closed: { network: { code: 'no_policy', reason: 'none "yet"' } }, revision: 'odd "revision"' }),
];

const host = fc.oneof(
  fc.nat(NAMES.length).map((index) => `a${index}.example.com`),
  fc.nat(NAMES.length).map((index) => `D${index}.example.com.`),
  fc.constantFrom('x.example.org', 'example.org', '10.1.2.3', '[2001:db8::1]', 'bücher.example', 'localhost', ''),
);
const address = fc.constantFrom('10.1.2.3', '127.0.0.1', '2001:db8::1', '::ffff:10.2.2.2', '169.254.169.254');
const uid = fc.constantFrom<RawRule[]>({}, {}, { uid: 1000 }, { uid: 7 });
const network = fc
  .tuple(host, fc.option(fc.array(address, { maxLength: 3 })), fc.constantFrom(443, 22, 0), uid)
  .map(([name, ip, port, more]) => connect(name, port, { ...(ip === null ? {} : { ip }), ...more }));
const path = fc
  .tuple(fc.nat(NAMES.length), fc.constantFrom(...NAMES), fc.constantFrom('', '/no', '/a/../b', '/ü"'))
  .map(([index, name, rest]) => `/r${index}/${name}x${rest}`);
const filesystem = fc
  .tuple(path, fc.option(path), fc.constantFrom('read', 'write'), fc.boolean(), uid)
  .map(([asked, real, action, recursive, more]) =>
    reading(asked, { action, recursive, ...(real === null ? { resolved: true } : { real }), ...more }),
  );
const asked = fc.oneof(
  network,
  filesystem,
  address.map((ip) => dial(ip)),
);

test('an answer as text is what JSON makes of the answer, character for character', () => {
  const snapshots = SETS.map((set) => snapshotOf(set));
  const codes = new Map<string, number>();
  fc.assert(
    fc.property(fc.constantFrom(...snapshots), asked, (snapshot, fields) => {
      const request = requestOf(fields);
      const answer = decide(snapshot, request, { uid: 1000 });
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      assert.equal(decideText(snapshot, request, { uid: 1000 }), JSON.stringify(answer));
    }),
    trying(20_000),
  );
  for (const code of ['org_allow', 'local_allow', 'preset_allow', 'org_deny', 'local_deny', 'default_deny']) {
    assert.ok((codes.get(code) ?? 0) > inputs(100), `${code}: ${codes.get(code)}`);
  }
  assert.ok(codes.size >= 11, [...codes.keys()].join(' '));
});

test('an answer to what is no question is the same as text, whoever asks', () => {
  const snapshot = snapshotOf(setOf({ governs: BOTH, policies: both() }));
  for (const fields of [connect('', 443), connect('a0.example.com', 443, { uid: 7 })]) {
    for (const uid of [0, 1000, null]) {
      const request = requestOf(fields);
      assert.equal(decideText(snapshot, request, { uid }), JSON.stringify(decide(snapshot, request, { uid })));
    }
  }
});

test('an answer of each form is the same as text', () => {
  const policies = [
    policy([allow('a.example.com', '192.0.2.1'), deny('d.example.com')]),
    policy([allowRead('/r/**', '/q"/**'), denyRead('/r/no/**')], { id: 'p2', name: 'two “words”' }),
  ];
  const files = [
    reading('/r/x'),
    reading('/r/x', { uid: 1000 }),
    reading('/r/x', { recursive: true }),
    reading('/r', { recursive: true }),
    reading('/r/no/x'),
    reading('/link', { real: '/r/x' }),
    reading('/link"', { real: '/q"/x' }),
    reading('/q"/x'),
    reading('/r/x', { real: '/elsewhere' }),
    reading('/elsewhere'),
    reading('/elsewhere', { recursive: true }),
    reading('/dev/fd/0'),
  ];
  const destinations = [
    connect('a.example.com'),
    connect('a.example.com', 443, { ip: '192.0.2.1' }),
    connect('a.example.com', 443, { ip: '127.0.0.1' }),
    connect('d.example.com'),
    connect('elsewhere.org'),
    connect('192.0.2.1'),
    dial(['192.0.2.1', '192.0.2.1']),
    dial('192.0.2.2'),
  ];
  const sets = [
    setOf({ governs: BOTH, policies }),
    setOf({ governs: BOTH, policies, monitored: BOTH }),
    setOf({ governs: BOTH, policies, supportMessage: 'ask "us"' }),
    setOf({ governs: BOTH, policies, staleness: 'block' }),
    setOf({ governs: BOTH, policies: policies.map((one) => ({ ...one, approval_required: true })) }),
    setOf({ preset: { name: 'open', rules: [allow('**'), allowRead('/**')] } }),
  ];
  for (const set of sets) {
    const snapshot = snapshotOf(set);
    for (const fields of [...files, ...destinations]) {
      const request = requestOf(fields);
      const expected = JSON.stringify(decide(snapshot, request, { uid: 1000 }));
      assert.equal(decideText(snapshot, request, { uid: 1000 }), expected);
      assert.doesNotMatch(expected, /undefined|null/);
    }
  }
  // nobody has looked where it leads
  const pending = requestOf({ action: 'read', path: '/r/x', resolved: false });
  for (const set of sets) {
    const snapshot = snapshotOf(set);
    assert.equal(
      decideText(snapshot, pending, { uid: 1000 }),
      JSON.stringify(decide(snapshot, pending, { uid: 1000 })),
    );
  }
});

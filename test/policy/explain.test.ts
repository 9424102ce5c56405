import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/policy/decide.ts';
import { explain } from '../../src/policy/explain.ts';
import {
  allow,
  allowRead,
  ask,
  BOTH,
  connect,
  deny,
  denyRead,
  dial,
  explained,
  localFile,
  policy,
  reading,
  rule,
  setOf,
  snapshotOf,
  unresolved,
} from './asking.ts';

const A = connect('a.example.com');

describe('explain', () => {
  const set = setOf({
    governs: { network: true },
    policies: [
      policy([allow('**.example.com:443'), allow('a.example.com:80'), rule('deny', ['connect:udp'], 'a.example.com')], {
        updated_at: '2026-05-01T00:00:00Z',
        updated_by: 'ann',
        change_reason: 'ticket 7',
      }),
      policy([deny('a.example.com')], { id: 'z', scope: { teams: ['other'] } }),
    ],
    local: [localFile([allow('a.example.com'), deny('b.example.com')])],
    preset: { name: 'open', rules: [allow('**')] },
  });

  it('says what decide says, with the rules that count and the near misses with their cause', () => {
    const explanation = explained(set, A);
    assert.deepEqual(explanation.answer, ask(set, A));
    const { rules } = explanation;
    assert.deepEqual(
      rules.map(({ origin, resource, decision, counts, cause }) => [origin, resource, decision, counts, cause ?? '']),
      [
        ['org', '**.example.com:443', 'allow', true, ''],
        ['org', 'a.example.com:80', 'allow', false, 'it names another port'],
        ['org', 'a.example.com', 'deny', false, 'it names another action'],
        ['org', 'a.example.com', 'deny', false, 'for another team'],
        ['local', 'a.example.com', 'allow', false, rules[4]?.cause],
        ['preset', '**', 'allow', false, 'the organisation governs the network domain'],
      ],
    );
    assert.match(rules[4]?.cause ?? '', /does not delegate/);
  });

  it('says what each layer says on its own', () => {
    assert.deepEqual(explained(set, A).layers, [
      { origin: 'builtin', outcome: 'none', matching: 0, near_misses: 0 },
      { origin: 'org', outcome: 'allow', matching: 1, near_misses: 3 },
      { origin: 'local', outcome: 'none', matching: 0, near_misses: 1 },
      { origin: 'preset', outcome: 'none', matching: 0, near_misses: 1 },
    ]);
    const denied = explained(set, connect('b.example.com'));
    assert.deepEqual(
      denied.layers.map((layer) => layer.outcome),
      ['none', 'allow', 'deny', 'none'],
    );
    assert.equal(denied.answer.code, 'local_deny');
  });

  it('says how the domain is ruled', () => {
    assert.deepEqual(explained(set, A).domain, { name: 'network', governed: true, delegated: false, mode: 'enforce' });
    const monitored = setOf({ governs: BOTH, delegated: BOTH, monitored: BOTH });
    assert.deepEqual(explained(monitored, reading('/x')).domain, {
      name: 'filesystem',
      governed: true,
      delegated: true,
      mode: 'monitor',
    });
  });

  it('says who changed the policy of an organisation’s rule, when and why', () => {
    assert.deepEqual(explained(set, A).changed, {
      of: 'policy',
      at: '2026-05-01T00:00:00Z',
      by: 'ann',
      reason: 'ticket 7',
    });
    assert.equal('changed' in explained(set, connect('b.example.com')), false, 'a local rule decided');
    assert.equal('changed' in explained(set, connect('elsewhere.org')), false, 'no rule decided');
    const bare = setOf({ governs: BOTH, policies: [policy([allow('**')])] });
    assert.equal('changed' in explained(bare, A), false, 'it does not say');
    const dated = setOf({ governs: BOTH, policies: [policy([allow('**')], { updated_at: '2026-05-01T00:00:00Z' })] });
    assert.deepEqual(explained(dated, A).changed, { of: 'policy', at: '2026-05-01T00:00:00Z' });
  });

  it('says who made the bundle, where the policy names nobody', () => {
    const change = { by: 'bob', at: '2026-05-02T00:00:00Z', reason: 'the audit', ticket: 'SEC-12' };
    const ofBundle = { of: 'bundle', ...change };
    const bundle = setOf({
      governs: BOTH,
      change,
      policies: [
        policy([allow('a.example.com')], { id: 'by', updated_by: 'ann' }),
        policy([allow('b.example.com')], { id: 'why', change_reason: 'a mirror' }),
        policy([allow('c.example.com')], { id: 'dated', updated_at: '2026-05-01T00:00:00Z' }),
      ],
      local: [localFile([deny('d.example.com')])],
    });
    const changedOf = (host: string): unknown => explained(bundle, connect(host)).changed;
    assert.deepEqual(changedOf('a.example.com'), { of: 'policy', by: 'ann' });
    assert.deepEqual(changedOf('b.example.com'), { of: 'policy', reason: 'a mirror' });
    assert.deepEqual(changedOf('c.example.com'), ofBundle);
    assert.deepEqual(changedOf('elsewhere.org'), ofBundle, 'nothing of the bundle allows it');
    assert.equal(changedOf('d.example.com'), undefined, 'a local rule decided');
    const closed = setOf({ governs: BOTH, change, closed: { network: { code: 'org_conflict', reason: 'two' } } });
    assert.equal('changed' in explained(closed, A), false, 'not the organisation’s policy');
    const expired = setOf({ governs: BOTH, change, expiresAt: 1 });
    assert.deepEqual(explained(expired, A).changed, ofBundle);
    const free = setOf({ change, governs: { network: false } });
    assert.equal('changed' in explained(free, A), false, 'the organisation does not govern');
  });

  it('shows the closures of the domain that concern the one who asks', () => {
    const closed = setOf({
      local: [localFile([], { uid: 1000, broken: 'no YAML' })],
      closed: { filesystem: { code: 'no_policy', reason: 'none yet' } },
    });
    const codes = (request: Parameters<typeof explained>[1], uid: number | null): string[] =>
      explained(closed, request, uid).closures.map(({ code }) => code);
    assert.deepEqual(codes(A, 1000), ['local_invalid']);
    assert.deepEqual(codes({ ...A, uid: 1000 }, 0), ['local_invalid'], 'root asks for that user');
    assert.deepEqual(codes(A, 1001), []);
    assert.deepEqual(codes(A, null), []);
    assert.deepEqual(codes(reading('/x'), 1000), ['no_policy', 'local_invalid']);
  });

  it('shows nothing for a request that cannot be judged, nor for one in another user’s name', () => {
    const nothing = { closures: [], layers: [], rules: [], rules_left_out: 0 };
    const invalid = explained(set, connect('a b'));
    assert.equal(invalid.answer.code, 'invalid_request');
    assert.deepEqual({ ...invalid, answer: undefined }, { ...nothing, answer: undefined });
    const other = explained(setOf({ local: [localFile([deny('**')], { uid: 0 })] }), { ...A, uid: 0 }, 1000);
    assert.equal(other.answer.code, 'invalid_request');
    assert.deepEqual({ ...other, answer: undefined }, { ...nothing, answer: undefined });
  });

  it('names a hundred rules at most, those that count first, and counts the others', () => {
    const many = Array.from({ length: 150 }, (_, index) => allow(index < 140 ? 'a.example.com:80' : 'a.example.com'));
    const big = setOf({ governs: BOTH, policies: [policy(many)] });
    const bounded = explained(big, A);
    assert.equal(bounded.rules.length, 100);
    assert.equal(bounded.rules_left_out, 50);
    assert.deepEqual(
      bounded.rules.slice(0, 11).map(({ counts }) => counts),
      [...Array<boolean>(10).fill(true), false],
    );
    const full = explained(big, A, 1000, Number.POSITIVE_INFINITY);
    assert.deepEqual([full.rules.length, full.rules_left_out], [150, 0]);
    assert.equal(full.layers[1]?.near_misses, 140);
  });

  it('names a rule once for each resource that meets, in whatever form', () => {
    const loop = setOf({ governs: BOTH, policies: [policy([deny('localhost', '127.0.0.1'), allow('127.0.0.0/8')])] });
    const { rules } = explained(loop, dial('127.0.0.1'));
    assert.deepEqual(
      rules.map(({ decision, resource }) => `${decision} ${resource}`),
      ['deny localhost', 'deny 127.0.0.1', 'allow 127.0.0.0/8'],
    );
  });

  it('takes the forms of denies for no forms of allows', () => {
    const loop = setOf({ governs: BOTH, policies: [policy([allow('127.0.0.1'), deny('[::1]:80')])] });
    assert.deepEqual(
      explained(loop, connect('localhost')).rules.map(({ resource, cause }) => [resource, cause]),
      [['[::1]:80', 'it names another port']],
    );
    const [nfc, nfd] = ['/caf\u00e9', '/cafe\u0301'];
    const files = setOf({ governs: BOTH, policies: [policy([allowRead(nfc), denyRead(`${nfc}/**`)])] });
    assert.deepEqual(
      explained(files, reading(nfd)).rules.map(({ decision }) => decision),
      ['deny'],
    );
  });

  it('gives a cause to what does not count, and to nothing else', () => {
    const teams = [
      policy([deny('a.example.com')], { scope: { teams: ['other'] } }),
      policy([allow('**')], { id: 'q' }),
    ];
    const { rules } = explained(setOf({ governs: BOTH, policies: teams, teams: ['mine'] }), A);
    assert.deepEqual(
      rules.map((one) => [one.decision, one.counts, 'cause' in one]),
      [
        ['allow', true, false],
        ['deny', false, true],
      ],
    );
  });

  it('explains paths by both forms, homes and links', () => {
    const files = setOf({
      governs: { filesystem: true },
      policies: [policy([allowRead('/srv/**', '~/x', '/link/**'), denyRead('/code/private/*')])],
      host: {
        homes: new Map([[1001, '/srv/bob']]),
        links: new Map([['/link', { resolved: '/srv/real', trusted: false }]]),
      },
    });
    const of = (path: string, real: string): string[] =>
      explained(files, reading(path, { real })).rules.map(
        ({ resource, counts, cause }) => `${resource} ${counts} ${cause ?? ''}`,
      );
    assert.deepEqual(of('/code/private/x', '/srv/bob/x'), [
      '/srv/** true ',
      '/code/private/* true ',
      '~/x false `~` is the home of another user',
    ]);
    assert.deepEqual(of('/w', '/srv/real/x'), [
      '/srv/** true ',
      '/link/** false it leads through a link that is not owned by root',
    ]);
    const mine = setOf({ local: [localFile([allowRead('/x')], { uid: 1000 })] });
    assert.deepEqual(
      explained(mine, reading('/x'), 1001).rules.map(({ cause }) => cause),
      ['it counts for another user'],
    );
  });

  it('meets no rules where the path cannot be resolved', () => {
    const files = snapshotOf(setOf({ policies: [policy([denyRead('/**')])] }));
    const request = unresolved(reading('/x'));
    const explanation = explain(files, request, { uid: 1 });
    assert.deepEqual(explanation.answer, decide(files, request, { uid: 1 }));
    assert.deepEqual([explanation.answer.code, explanation.rules], ['unresolvable_path', []]);
  });
});

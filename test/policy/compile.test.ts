import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { compile, type Reuse } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import type { OrgPart } from '../../src/policy/org-part.ts';
import type { HostFacts, PolicySet } from '../../src/policy/policy-set.ts';
import type { Section } from '../../src/policy/section.ts';
import { inputs } from '../support/inputs.ts';
import {
  allow,
  allowRead,
  ask,
  BOTH,
  connect,
  deny,
  denyRead,
  localFile,
  NOW,
  policy,
  reading,
  requestOf,
  rule,
  type SetChanges,
  setOf,
} from './asking.ts';

const WHOLE = setOf({
  governs: { network: true },
  policies: [policy([deny('b.example.com'), allow('**.example.com', '10.0.0.0/8', 'crl*.example.org')], { id: 'z' })],
  local: [localFile([allowRead('/data/**', '~/x'), denyRead('/data/*/secret')])],
  preset: { name: 'open', rules: [allow('**')] },
  builtin: [rule('deny', ['write'], '/etc/reeve/**')],
  host: { homes: new Map([[1000, '/home/ann']]), foldingMounts: ['/mnt'], nat64Prefixes: ['2001:db8::/96'] },
});

describe('compile', () => {
  it('gives plain data that crosses threads and answers the same there', () => {
    const policies = compile(WHOLE);
    const copy = structuredClone(policies);
    assert.deepEqual(copy, policies);
    for (const fields of [
      connect('a.example.com'),
      connect('b.example.com'),
      connect('crl3.example.org'),
      reading('/data/x'),
      reading('/data/x/secret'),
      reading('/home/ann/x'),
      { action: 'write', path: '/etc/reeve/x' },
    ]) {
      const request = requestOf(fields);
      const here = decide({ policy: policies, generation: 1, ttlMs: 0 }, request, { uid: 1000 });
      assert.deepEqual(decide({ policy: copy, generation: 1, ttlMs: 0 }, request, { uid: 1000 }), here);
    }
  });

  it('lists every rule as it was written, in the order of layers, policies and positions', () => {
    const { listing } = compile(WHOLE);
    assert.deepEqual(
      listing.map(({ origin, policy: from, domain, decision, active }) => [origin, from, domain, decision, active]),
      [
        ['builtin', 'reeve', 'filesystem', 'deny', true],
        ['org', 'z', 'network', 'deny', true],
        ['org', 'z', 'network', 'allow', true],
        ['local', '10-mine.yaml', 'filesystem', 'allow', true],
        ['local', '10-mine.yaml', 'filesystem', 'deny', true],
        ['preset', 'open', 'network', 'allow', false],
      ],
    );
    assert.deepEqual(listing[1], {
      id: 'deny b.example.com',
      name: '',
      policy: 'z',
      policy_name: 'first',
      origin: 'org',
      decision: 'deny',
      domain: 'network',
      actions: ['connect:tcp'],
      resources: ['b.example.com'],
      active: true,
    });
  });

  it('lists with the rules of an organisation who last changed their policy, where it says so', () => {
    const said = { updated_at: '2026-05-01T00:00:00Z', updated_by: 'ann', change_reason: 'a mirror' };
    const { listing } = compile(
      setOf({
        policies: [policy([allow('a.example.com'), deny('*')], said), policy([allow('b.example.com')], { id: 'p2' })],
        local: [localFile([allow('c.example.com')])],
      }),
    );
    const changed = { of: 'policy', at: '2026-05-01T00:00:00Z', by: 'ann', reason: 'a mirror' };
    assert.deepEqual(
      listing.map((rule) => rule.changed),
      [changed, changed, undefined, undefined],
    );
  });

  it('lists who changed the bundle with the rules of a policy that names nobody, also where their section is kept', () => {
    const change = { by: 'bob', ticket: 'SEC-12' };
    const policies = [
      policy([allow('a.example.com')], { updated_by: 'ann' }),
      policy([allow('b.example.com')], { id: 'p2', updated_at: '2026-05-01T00:00:00Z' }),
    ];
    const set = setOf({ policies, local: [localFile([allow('c.example.com')])] });
    const stored = { digest: 'sha256:1', load: () => policies };
    const first = compile({ ...set, stored });
    const listed = (made: typeof first): readonly unknown[] => made.listing.map((rule) => rule.changed);
    const dated = { of: 'policy', at: '2026-05-01T00:00:00Z' };
    assert.deepEqual(listed(first), [{ of: 'policy', by: 'ann' }, dated, undefined]);
    const second = compile({ ...set, stored, change }, { org: first.org });
    assert.deepEqual(listed(second), [{ of: 'policy', by: 'ann' }, { of: 'bundle', ...change }, undefined]);
  });

  it('hands on what the bundle says about itself', () => {
    const change = { by: 'bob', ticket: 'SEC-12' };
    assert.deepEqual(compile(setOf({ change })).change, change);
    assert.equal(compile(setOf()).change, null);
  });

  it('lists the actions that a local rule leaves out as they count', () => {
    const local = [
      localFile([
        { decision: 'allow', resources: ['a.example.com'] },
        { decision: 'deny', resources: ['b.example.com'] },
        { decision: 'allow', resources: ['/srv/**'] },
        { decision: 'deny', resources: ['/srv/**'] },
      ]),
    ];
    assert.deepEqual(
      compile(setOf({ local })).listing.map((rule) => rule.actions),
      [['connect:tcp'], ['connect:tcp', 'connect:udp'], ['read'], ['read', 'write']],
    );
  });

  it('lists what cannot be read as well as it can', () => {
    const raw = {
      id: 7,
      name: ['x'],
      decision: 'block',
      actions: ['connect:tcp', 7],
      resources: ['a.example.com', null],
    };
    assert.deepEqual(compile(setOf({ policies: [policy([raw])] })).listing, [
      {
        id: '#1',
        name: '',
        policy: 'p1',
        policy_name: 'first',
        origin: 'org',
        decision: 'block',
        domain: null,
        actions: ['connect:tcp'],
        resources: ['a.example.com'],
        active: false,
        cause: 'cannot be evaluated: `id` must be a string',
      },
    ]);
  });

  it('never throws, whatever was delivered', () => {
    const odd: readonly unknown[] = [
      null,
      7,
      'x',
      [],
      {},
      { allowlist_v0: null },
      {
        allowlist_v0: { rules: [null, 7, [], {}, { resources: [{}] }, { actions: [{}] }, { http_resources: [null] }] },
      },
      JSON.parse('{"__proto__":{"enabled":false},"id":"p"}'),
      JSON.parse('{"id":"p","allowlist_v0":{"rules":[{"__proto__":{},"constructor":1}]}}'),
    ];
    for (const raw of odd) {
      const set = setOf({
        policies: [raw],
        local: [localFile([raw])],
        preset: { name: 'p', rules: [raw] },
        builtin: [raw],
      });
      assert.equal(ask(set, connect('a.example.com')).decision, 'deny');
      assert.equal(ask(set, reading('/x')).decision, 'deny');
    }
  });

  it('lets the last of ten thousand rules deny', () => {
    const many = Array.from({ length: inputs(10_000) }, (_, index) => allow(`h${index}.example.com`, '**.example.com'));
    const set = setOf({ governs: BOTH, policies: [policy([...many, deny('last.example.com')])] });
    assert.equal(ask(set, connect('last.example.com')).code, 'org_deny');
    assert.equal(ask(set, connect('other.example.com')).code, 'org_allow');
  });

  it('adds nothing to a domain without rules: it denies', () => {
    assert.equal(ask(setOf({ governs: BOTH }), connect('a.example.com')).code, 'default_deny');
    assert.equal(ask(setOf(), reading('/x')).code, 'default_deny');
  });
});

test('what is kept of builtin rules and presets stands in for the same rules on the same machine only', () => {
  const kept = new Map<string, Section>();
  const reuse: Reuse = (key, make) => {
    const section = kept.get(key) ?? make();
    kept.set(key, section);
    return section;
  };
  const homes = (home: string): Partial<HostFacts> => ({ homes: new Map([[1000, home]]) });
  const builtin = [rule('deny', ['write'], '~/.config/reeve/**')];
  const open = { name: 'open', rules: [allow('**'), allowRead('~/**')] };
  for (const changes of [
    { builtin, preset: open, host: homes('/home/ann') },
    { builtin, preset: { name: 'shut', rules: [deny('**')] }, host: homes('/home/ann') },
    { builtin, preset: null, host: homes('/home/ann') },
    { builtin, preset: open, host: homes('/srv/ann') },
    { builtin, preset: open, governs: BOTH, host: homes('/srv/ann') },
    { builtin, preset: open, host: { ...homes('/home/ann'), foldingMounts: ['/mnt'] } },
    { builtin, preset: open, host: homes('/home/ann') },
  ]) {
    const set = setOf(changes);
    assert.deepEqual(compile(set, { reuse }), compile(set));
  }
  assert.equal(kept.size, 10, 'the last set is the first, and a preset says nothing of builtin rules');
});

test('only paths have prefixes to look up', () => {
  assert.ok(compile(WHOLE).literalPrefixes.every((prefix) => prefix.startsWith('/')));
});

test('what is wrong with a rule is said beside its id', () => {
  const rules = [
    { ...deny('a b'), id: 'spaced' },
    { ...rule('allow', ['request:get'], 'x.example.com'), id: 'http' },
  ];
  assert.deepEqual(
    compile(setOf({ policies: [policy(rules)] })).issues.map(({ rule: id, resource, refused }) => [
      id,
      resource,
      refused,
    ]),
    [
      ['spaced', 'a b', true],
      ['http', undefined, true],
    ],
  );
});

test('prefixes to look up start with everybody’s rules, whatever a user calls a file', () => {
  const set = setOf({
    local: [
      localFile([denyRead('/of/one/**')], { name: 'a.yaml', uid: 1000 }),
      localFile([denyRead('/of/all/**')], { name: 'z.yaml' }),
    ],
  });
  const prefixes = compile(set).literalPrefixes.filter((prefix) => prefix.startsWith('/of/'));
  assert.deepEqual(prefixes, ['/of/all', '/of/one']);
});

describe('what an earlier compile has made of the org', () => {
  const HOUR = 3_600_000;
  const raw = [
    policy([allow('a.example.com'), deny('b.example.com'), rule('maybe', ['read'], '/x')]),
    { ...policy([allow('c.example.com')], { valid_until: new Date(NOW + HOUR).toISOString() }), id: 'p2' },
    { ...policy([denyRead('/srv/x/**')]), id: 'p3' },
  ];
  let loads = 0;
  const stored = {
    digest: 'd1',
    load: () => {
      loads += 1;
      return raw;
    },
  };
  const set = setOf({ stored });
  const madeBefore = (): OrgPart | null => compile(set, { unlisted: true }).org;

  function recompiled(changes: SetChanges, kept = madeBefore()): 'kept' | 'anew' {
    const before = loads;
    const again = compile(setOf({ stored, ...changes }), { unlisted: true, org: kept });
    const { stored: other, ...rest } = changes;
    const whole = compile(setOf({ ...rest, policies: (other?.load ?? (() => raw))() }), { unlisted: true });
    // whatever was taken over, the policy is the one that would have been made
    assert.deepEqual({ ...again, org: null }, { ...whole, org: null });
    return loads === before + (other === undefined ? 0 : 1) ? 'kept' : 'anew';
  }

  it('stands in for the same policies, also where it was written out and read back', () => {
    assert.equal(recompiled({}), 'kept');
    assert.equal(recompiled({}, deserialize(serialize(madeBefore())) as OrgPart), 'kept');
    assert.equal(recompiled({ now: NOW + HOUR - 1, local: [localFile([allow('x.example')])] }), 'kept');
    assert.equal(recompiled({ staleness: 'block', supportMessage: 'ask' }), 'kept');
    assert.equal(recompiled({ expiresAt: NOW, change: { by: 'bob' } }), 'kept', 'the rules are the same');
    const elsewhere = new Map([['/lib', { resolved: '/usr/lib', trusted: true }]]);
    assert.equal(
      recompiled({ host: { homes: new Map([[7, '/home/g']]), links: elsewhere } }),
      'kept',
      'it has none of them',
    );
  });

  it('stands in for nothing that could have become something else', () => {
    assert.equal(
      recompiled({ stored: { digest: 'd2', load: () => ((loads += 1), [policy([deny('z.example')])]) } }),
      'anew',
    );
    assert.equal(recompiled({ now: NOW + HOUR }), 'anew', 'a policy ended');
    assert.equal(recompiled({ now: NOW - 1 }), 'anew', 'the clock was set back');
    assert.equal(recompiled({ teams: ['eng'] }), 'anew');
    assert.equal(recompiled({ governs: { network: false } }), 'anew', 'another government');
    const links = new Map([['/srv/x', { resolved: '/y', trusted: true }]]);
    assert.equal(recompiled({ host: { links } }), 'anew', 'one of its paths leads elsewhere');
    assert.equal(recompiled({ host: { foldingMounts: ['/mnt'] } }), 'anew');
  });

  it('is made anew for another home where its rules say `~`', () => {
    const below = { digest: 'h', load: () => ((loads += 1), [policy([denyRead('~/x')])]) };
    const at = (home: string): PolicySet => setOf({ stored: below, host: { homes: new Map([[7, home]]) } });
    const kept = compile(at('/home/g')).org;
    const before = loads;
    compile(at('/home/g'), { org: kept });
    assert.equal(loads, before);
    compile(at('/home/h'), { org: kept });
    assert.equal(loads, before + 1);
    const mixed = { digest: 'm', load: () => ((loads += 1), [policy([denyRead('/y', '~/x')])]) };
    const of = (home: string): PolicySet => setOf({ stored: mixed, host: { homes: new Map([[7, home]]) } });
    const made = compile(of('/home/g')).org;
    const since = loads;
    compile(of('/home/h'), { org: made });
    assert.equal(loads, since + 1, 'one resource with a home is enough');
  });

  it('is not made where nobody says what the policies are', () => {
    assert.equal(compile(setOf({ policies: raw })).org, null);
  });

  it('counts rules as the listing shows them, listed or not', () => {
    const { listing } = compile(set);
    const active = listing.filter((listed) => listed.active).length;
    const first = compile(set, { unlisted: true });
    assert.deepEqual([first.counts.active, first.counts.inactive], [active, listing.length - active]);
    assert.deepEqual(first.listing, []);
  });
});

describe('several policies', () => {
  it('are taken in the order of their ids, however they come', () => {
    const ids = ['a', 'b', 'c'];
    for (const order of ['a b c', 'a c b', 'b a c', 'b c a', 'c a b', 'c b a']) {
      const policies = order.split(' ').map((id) => policy([deny('a.example.com')], { id }));
      const { listing } = compile(setOf({ policies }));
      assert.deepEqual(
        listing.map(({ policy: id }) => id),
        ids,
        order,
      );
    }
  });

  it('change next when the first of them does, and never for one that cannot be read', () => {
    const until = (hours: number): object =>
      policy([], { id: `p${hours}`, valid_until: new Date(NOW + hours * 3_600_000).toISOString() });
    for (const policies of [
      [until(1), until(2)],
      [until(2), until(1)],
      [until(1), until(3), until(2)],
      [until(3), policy([], { id: 'q' }), until(1)],
    ]) {
      assert.equal(compile(setOf({ policies })).nextChange, NOW + 3_600_000);
    }
    const unreadable = { id: 'x', unheard: true };
    const { nextChange, issues } = compile(setOf({ policies: [unreadable] }));
    assert.equal(nextChange, null);
    const message = 'policy `x` cannot be evaluated: unknown member `unheard`';
    assert.deepEqual(issues, [{ rule: 'x', refused: true, message }]);
  });

  it('are made anew once a verified time has ended a deny, and not before', () => {
    const ended = policy([deny('a.example.com')], { valid_until: new Date(NOW - 3_600_000).toISOString() });
    let loads = 0;
    const stored = { digest: 'd', load: () => ((loads += 1), [ended]) };
    const at = (verifiedNow: number | null): PolicySet => setOf({ governs: BOTH, stored, verifiedNow });
    const kept = compile(at(null)).org;
    for (const [verifiedNow, anew] of [
      [null, false],
      [NOW - 3_600_001, false],
      [NOW - 3_600_000, true],
      [NOW, true],
    ] as const) {
      const before = loads;
      const { layers } = compile(at(verifiedNow), { org: kept });
      assert.equal(loads > before, anew, `${verifiedNow}`);
      assert.equal(layers[1]?.speaks.network.deny, !anew);
    }
  });

  it('are made anew where one of their links leads elsewhere, or is of another’s making', () => {
    let loads = 0;
    const stored = { digest: 'd', load: () => ((loads += 1), [policy([denyRead('/srv/x/**')])]) };
    const at = (resolved: string, trusted: boolean): PolicySet =>
      setOf({ stored, host: { links: new Map([['/srv/x', { resolved, trusted }]]) } });
    const kept = compile(at('/y', true)).org;
    for (const [set, anew] of [
      [at('/y', true), false],
      [at('/z', true), true],
      [at('/y', false), true],
    ] as const) {
      const before = loads;
      compile(set, { org: kept });
      assert.equal(loads > before, anew);
    }
  });
});

test('of rules that cannot be evaluated the first closes for each whom it concerns', () => {
  const bad = (id: string): object => ({ ...deny('a b'), id });
  const { closures } = compile(
    setOf({
      local: [
        localFile([bad('one'), bad('two')], { name: '1.yaml', uid: 7 }),
        localFile([bad('three')], { name: '2.yaml' }),
        localFile([bad('four')], { name: '3.yaml', uid: 8 }),
        localFile([bad('five')], { name: '4.yaml' }),
      ],
    }),
  );
  assert.deepEqual(
    closures.map(({ uid, reason }) => [uid, /^rule `(\w+)`/.exec(reason)?.[1]]),
    [
      [7, 'one'],
      [null, 'three'],
      [8, 'four'],
    ],
  );
});

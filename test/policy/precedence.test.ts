import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../src/policy/compile.ts';
import type { Closure, PolicySet } from '../../src/policy/policy-set.ts';
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
  outcome,
  policy,
  type RawRule,
  reading,
  rule,
  type SetChanges,
  setOf,
} from './asking.ts';

const NET = { network: true };
const OPEN = { name: 'open', rules: [allow('**'), allowRead('/**')] };

const A = connect('a.example.com');

/** The three columns of the table of semantics 5, for the network domain. */
function columns(rest: SetChanges): Record<'governed' | 'delegated' | 'free', PolicySet> {
  return {
    governed: setOf({ ...rest, governs: NET }),
    delegated: setOf({ ...rest, governs: NET, delegated: NET }),
    free: setOf({ ...rest, governs: { network: false } }),
  };
}

function row(changes: SetChanges, request: RawRule = A): string[] {
  const { governed, delegated, free } = columns(changes);
  return [outcome(governed, request), outcome(delegated, request), outcome(free, request)];
}

/** Why the last rule of the listing takes no part. */
function cause(set: PolicySet): string | undefined {
  return compile(set).listing.at(-1)?.cause;
}

describe('precedence: a builtin deny', () => {
  it('wins everywhere, over every allow', () => {
    const builtin = [deny('a.example.com')];
    const all = {
      builtin,
      policies: [policy([allow('**')])],
      local: [localFile([allow('a.example.com')])],
      preset: OPEN,
    };
    const wins = 'builtin_deny a.example.com';
    assert.deepEqual(row(all), [wins, wins, wins]);
  });
});

describe('precedence: an org deny', () => {
  const policies = [policy([deny('a.example.com')])];

  it('wins everywhere', () => {
    const wins = 'org_deny a.example.com';
    assert.deepEqual(row({ policies, local: [localFile([allow('a.example.com')])], preset: OPEN }), [wins, wins, wins]);
  });

  it('warns where the domain is not governed', () => {
    const { governed, free } = columns({ policies });
    assert.deepEqual(compile(governed).warnings, []);
    const [warning] = compile(free).warnings;
    assert.equal(warning?.code, 'ungoverned_deny');
    assert.match(warning.message, /does not govern the network domain/);
  });
});

describe('precedence: an org allow', () => {
  const policies = [policy([allow('a.example.com')])];

  it('grants where the domain is governed, and takes no part elsewhere', () => {
    assert.deepEqual(row({ policies }), ['org_allow a.example.com', 'org_allow a.example.com', 'default_deny']);
    const { free } = columns({ policies });
    assert.equal(cause(free), 'the organisation does not govern the network domain');
    assert.equal(compile(free).listing[0]?.active, false);
  });
});

describe('precedence: a local deny', () => {
  it('narrows what the org allows, and denies elsewhere', () => {
    const local = [localFile([deny('a.example.com')])];
    const denies = 'local_deny a.example.com';
    assert.deepEqual(row({ policies: [policy([allow('**')])], local, preset: OPEN }), [denies, denies, denies]);
  });
});

describe('precedence: a local allow', () => {
  it('is inactive where governed, grants where delegated, grants where not governed', () => {
    const local = [localFile([allow('a.example.com')])];
    const grants = 'local_allow a.example.com';
    assert.deepEqual(row({ local }), ['default_deny', grants, grants]);
    assert.match(cause(columns({ local }).governed) ?? '', /governs the network domain and does not delegate it/);
  });

  it('of a glob denies whoever else’s rules come before it', () => {
    const local = [
      localFile([deny('x.example.com')], { name: '00-planted.yaml', uid: 66 }),
      localFile([deny('a*.example.com')], { name: '10-mine.yaml' }),
    ];
    assert.equal(outcome(setOf({ local, preset: OPEN }), connect('ab.example.com')), 'local_deny a*.example.com');
  });

  it('never loosens what an org deny says', () => {
    const local = [localFile([allow('a.example.com')])];
    assert.equal(row({ policies: [policy([deny('**.example.com')])], local })[1], 'org_deny **.example.com');
  });

  it('must be narrow in every resource where delegated', () => {
    const wide: readonly (readonly string[])[] = [
      ['**'],
      ['**:443'],
      ['*.com'],
      ['**.co.uk'],
      ['*.github.io'],
      ['10.0.0.0/15'],
      ['2001:db8::/47'],
      ['a.example.com', '**.com'],
    ];
    for (const resources of wide) {
      const { delegated, free } = columns({ local: [localFile([allow(...resources)])] });
      assert.equal(ask(delegated, A).code, 'default_deny', resources.join(' '));
      assert.match(cause(delegated) ?? '', /is too wide for a delegated domain/);
      assert.equal(cause(free), undefined);
    }
    for (const resource of [
      'a.example.com',
      '*.example.com',
      '**.example.com',
      '10.0.0.0/16',
      '2001:db8::/48',
      '10.1.2.3',
    ]) {
      assert.equal(cause(columns({ local: [localFile([allow(resource)])] }).delegated), undefined, resource);
    }
  });

  it('of paths must be narrow too', () => {
    const delegatedFor = (...resources: readonly string[]): PolicySet =>
      setOf({ governs: BOTH, delegated: BOTH, local: [localFile([allowRead(...resources)])] });
    for (const resource of ['/**', '/*', '/*/x/y', '/home/**', '/usr/*', '/libx/**', '/Users/*', '~/**', '~/*']) {
      assert.match(cause(delegatedFor(resource)) ?? '', /too wide/, resource);
    }
    for (const resource of ['/', '/etc', '/home/ann/**', '~/code/**', '/workspace/**', 'C:\\work\\**']) {
      assert.doesNotMatch(cause(delegatedFor(resource)) ?? '', /too wide/, resource);
    }
    assert.equal(ask(delegatedFor('/workspace/**'), reading('/workspace/x')).code, 'local_allow');
  });
});

describe('precedence: a preset', () => {
  it('applies only where the domain is not governed', () => {
    assert.deepEqual(row({ preset: OPEN }), ['default_deny', 'default_deny', 'preset_allow **']);
    assert.equal(
      compile(columns({ preset: OPEN }).governed).listing[0]?.cause,
      'the organisation governs the network domain',
    );
  });

  it('with a deny denies like a local file', () => {
    const preset = { name: 'mine', rules: [allow('**'), deny('a.example.com')] };
    assert.deepEqual(row({ preset }), ['default_deny', 'default_deny', 'local_deny a.example.com']);
  });
});

describe('precedence: nothing matches', () => {
  it('denies where governed, and leaves the preset’s default elsewhere', () => {
    assert.deepEqual(row({}), ['default_deny', 'default_deny', 'default_deny']);
    assert.deepEqual(row({ preset: { name: 'locked-down', rules: [] } }), [
      'default_deny',
      'default_deny',
      'default_deny',
    ]);
  });
});

describe('a domain is governed', () => {
  const governed = (set: PolicySet): boolean[] => {
    const { network, filesystem } = compile(set).domains;
    return [network.governed, filesystem.governed];
  };

  it('from the first policy of it that takes part', () => {
    assert.deepEqual(governed(setOf()), [false, false]);
    assert.deepEqual(governed(setOf({ policies: [policy([allow('x.example.com')])] })), [true, false]);
    assert.deepEqual(governed(setOf({ policies: [policy([denyRead('/x')])] })), [false, true]);
    assert.deepEqual(governed(setOf({ policies: [policy([allow('x.example.com')], { enabled: false })] })), [
      false,
      false,
    ]);
    assert.deepEqual(governed(setOf({ policies: [policy([allow('x.example.com')], { status: 'draft' })] })), [
      false,
      false,
    ]);
  });

  it('by a policy of any team, and of rules none of which can be evaluated', () => {
    const other = policy([allow('x.example.com')], { scope: { teams: ['other'] } });
    assert.deepEqual(governed(setOf({ policies: [other] })), [true, false]);
    assert.deepEqual(governed(setOf({ policies: [policy([allow('10.0.0.*')])] })), [true, false]);
    assert.deepEqual(governed(setOf({ policies: [policy([rule('allow', ['request:get'], 'x.example.com')])] })), [
      true,
      false,
    ]);
  });

  it('as was said outright, whatever the policies', () => {
    const policies = [policy([allow('x.example.com')])];
    assert.deepEqual(governed(setOf({ policies, governs: { network: false, filesystem: true } })), [false, true]);
    assert.deepEqual(governed(setOf({ wasGoverned: ['network'], governs: { network: false } })), [false, false]);
  });

  it('stays so when its last policy goes, and denies', () => {
    const set = setOf({
      wasGoverned: ['network', 'filesystem'],
      preset: OPEN,
      local: [localFile([allow('a.example.com')])],
    });
    assert.deepEqual(governed(set), [true, true]);
    const answer = ask(set, A);
    assert.equal(answer.code, 'default_deny');
    assert.match(answer.reason, /\(governed, no policies left\)/);
    assert.match(ask(set, reading('/x')).reason, /\(governed, no policies left\)/);
    const other = setOf({ wasGoverned: ['network'], policies: [policy([allow('x.example.com')])] });
    assert.doesNotMatch(ask(other, A).reason, /no policies left/);
  });
});

describe('monitor mode', () => {
  const MONITORED = { governs: BOTH, monitored: BOTH } as const;

  it('lets through what only an org deny or the default stands against', () => {
    const set = setOf({ ...MONITORED, policies: [policy([allow('**.example.com'), deny('a.example.com')])] });
    const denied = ask(set, A);
    assert.deepEqual(
      [denied.decision, denied.would_deny, denied.code, denied.kind, denied.ttl_ms, denied.rule?.resource],
      ['allow', true, 'org_deny', 'explicit', 0, 'a.example.com'],
    );
    assert.match(denied.reason, /let through in monitor mode/);
    const implicit = ask(set, connect('elsewhere.org'));
    assert.deepEqual(
      [implicit.decision, implicit.would_deny, implicit.code, implicit.kind, implicit.ttl_ms],
      ['allow', true, 'default_deny', 'implicit', 0],
    );
    const allowed = ask(set, connect('b.example.com'));
    assert.deepEqual([allowed.decision, 'would_deny' in allowed, allowed.ttl_ms], ['allow', false, 5_000]);
  });

  it('gives the path to open with it', () => {
    const set = setOf({ ...MONITORED, policies: [policy([denyRead('/x')])] });
    const answer = ask(set, reading('/link', { real: '/x' }));
    assert.deepEqual([answer.decision, answer.code, answer.resolved_path], ['allow', 'org_deny', '/x']);
  });

  it('leaves every other denial, also beside an org deny', () => {
    const policies = [policy([allow('b.example.com'), deny('a.example.com')])];
    const local = [localFile([deny('a.example.com', 'c.example.com')])];
    const set = setOf({ ...MONITORED, policies, local });
    const both = ask(set, A);
    assert.deepEqual([both.decision, both.code, 'would_deny' in both], ['deny', 'org_deny', false]);
    assert.equal(ask(set, connect('c.example.com')).decision, 'deny');
    assert.equal(ask(set, connect('b.example.com', 443, { ip: '127.0.0.1' })).decision, 'deny');
    assert.equal(ask(setOf({ ...MONITORED, builtin: [deny('**')] }), A).decision, 'deny');
    const approving = policy([allow('a.example.com')], { approval_required: true });
    assert.equal(ask(setOf({ ...MONITORED, policies: [approving] }), A).decision, 'deny');
    assert.equal(ask(setOf({ ...MONITORED, policies: [policy([deny('10.0.0.*')])] }), A).decision, 'deny');
    const dev = reading('/dev/fd/1');
    assert.equal(ask(setOf(MONITORED), dev).decision, 'deny');
    const invalid = ask(setOf(MONITORED), connect('', 443));
    assert.deepEqual([invalid.decision, invalid.code], ['deny', 'invalid_request']);
  });

  it('leaves a denial of a whole domain, whatever its cause', () => {
    const closures: readonly (readonly [SetChanges, Closure['code'] | 'local_invalid'])[] = [
      [{ expiresAt: NOW }, 'policy_expired'],
      [{ staleness: 'block' }, 'policy_stale'],
      ...(['no_policy', 'org_conflict', 'not_ready'] as const).map(
        (code) => [{ closed: { network: { code, reason: 'closed' } } }, code] as const,
      ),
      [{ policies: [policy([rule('maybe', ['connect:tcp'], 'a.example.com')])] }, 'policy_invalid'],
      [{ delegated: BOTH, local: [localFile([], { broken: 'no YAML' })] }, 'local_invalid'],
    ];
    for (const [changes, code] of closures) {
      const answer = ask(setOf({ ...MONITORED, ...changes }), A);
      assert.deepEqual([answer.decision, answer.code, 'would_deny' in answer], ['deny', code, false], code);
    }
  });

  it('leaves what is no denial of a rule alone: a subtree, a preset’s deny, one domain of two', () => {
    const files = setOf({ ...MONITORED, policies: [policy([allowRead('/srv/**'), denyRead('/srv/private/**')])] });
    const subtree = ask(files, reading('/srv', { recursive: true }));
    assert.deepEqual([subtree.decision, subtree.would_deny, subtree.code], ['allow', true, 'org_deny']);
    const one = setOf({ governs: BOTH, monitored: { network: true }, policies: [policy([denyRead('/x')])] });
    assert.equal(ask(one, reading('/x')).decision, 'deny');
    assert.equal(ask(one, A).would_deny, true);
  });

  it('means nothing where the domain is not governed', () => {
    assert.equal(ask(setOf({ monitored: BOTH, policies: [policy([denyRead('/x')])] }), A).decision, 'deny');
    const set = setOf({ governs: { network: false }, monitored: BOTH, policies: [policy([deny('a.example.com')])] });
    assert.equal(ask(set, A).decision, 'deny');
  });
});

describe('staleness', () => {
  const aged = (staleness: PolicySet['staleness']): PolicySet =>
    setOf({
      staleness,
      governs: NET,
      delegated: BOTH,
      monitored: NET,
      policies: [policy([allow('org.example.com')])],
      local: [localFile([allow('a.example.com')]), localFile([allowRead('/x')], { name: '20.yaml' })],
    });

  it('warns first, and changes nothing', () => {
    for (const staleness of ['fresh', 'warn'] as const) {
      assert.equal(ask(aged(staleness), A).code, 'local_allow');
      assert.equal(ask(aged(staleness), connect('elsewhere.org')).would_deny, true);
    }
  });

  it('restricts: local allows, delegation and monitor mode are off', () => {
    const set = aged('restrict');
    assert.deepEqual([ask(set, A).decision, ask(set, A).code], ['deny', 'default_deny']);
    assert.equal(ask(set, connect('org.example.com')).code, 'org_allow');
    assert.equal(ask(set, reading('/x')).code, 'local_allow', 'an ungoverned domain keeps its local rules');
  });

  it('says why a local allow takes no part any more', () => {
    const states = compile(aged('restrict')).domains;
    assert.deepEqual([states.network.delegationSuspended, states.filesystem.delegationSuspended], [true, false]);
    assert.deepEqual([states.network.delegated, states.filesystem.delegated], [false, false]);
    const young = compile(aged('fresh')).domains;
    assert.deepEqual([young.network.delegated, young.filesystem.delegated], [true, false], 'what it governs');
    const cause = compile(aged('restrict')).listing.find(({ resources }) => resources.includes('a.example.com'))?.cause;
    assert.equal(cause, 'the policy is too old for the network domain to stay delegated');
    assert.equal(compile(aged('warn')).domains.network.delegationSuspended, false);
    const undelegated = setOf({ staleness: 'restrict', governs: NET, local: [localFile([allow('a.example.com')])] });
    assert.match(compile(undelegated).listing[0]?.cause ?? '', /does not delegate it/);
  });

  it('blocks: a governed domain denies everything', () => {
    const set = aged('block');
    const answer = ask(set, connect('org.example.com'));
    assert.deepEqual([answer.decision, answer.code, answer.kind, answer.ttl_ms], ['deny', 'policy_stale', 'error', 0]);
    assert.equal(
      answer.reason,
      'the policy is too old to be trusted: this machine needs a newer one from its policy source',
    );
    assert.equal(ask(set, reading('/x')).code, 'local_allow');
  });
});

describe('the end of a bundle', () => {
  const rest: SetChanges = {
    policies: [policy([allow('**'), deny('b.example.com')])],
    local: [localFile([allow('a.example.com')])],
    expiresAt: NOW,
  };

  it('denies where the organisation governs, delegated or not, from that moment on', () => {
    assert.deepEqual(row(rest), ['policy_expired', 'policy_expired', 'local_allow a.example.com']);
    const later = row({ ...rest, expiresAt: NOW + 1 });
    assert.deepEqual(later, ['org_allow **', 'org_allow **', 'local_allow a.example.com']);
    const long = row({ ...rest, now: NOW + 365 * 86_400_000, expiresAt: NOW });
    assert.deepEqual(long, ['policy_expired', 'policy_expired', 'local_allow a.example.com']);
  });

  it('takes nothing away from what the organisation denies elsewhere', () => {
    const { free } = columns(rest);
    assert.equal(outcome(free, connect('b.example.com')), 'org_deny b.example.com');
  });

  it('is a change that is waited for, like the end of a policy', () => {
    const next = (changes: SetChanges): number | null => compile(setOf(changes)).nextChange;
    const until = new Date(NOW + 60_000).toISOString();
    const policies = [policy([], { valid_until: until })];
    assert.equal(next({}), null);
    assert.equal(next({ expiresAt: NOW + 90_000 }), NOW + 90_000);
    assert.equal(next({ policies, expiresAt: NOW + 90_000 }), NOW + 60_000);
    assert.equal(next({ policies, expiresAt: NOW + 30_000 }), NOW + 30_000);
    assert.equal(next({ expiresAt: NOW }), null, 'it has ended, and ends no more');
    assert.equal(next({ policies, expiresAt: NOW }), NOW + 60_000);
  });

  it('is said before the age of a policy', () => {
    const { governed } = columns({ ...rest, staleness: 'block' });
    const answer = ask(governed, A);
    assert.deepEqual([answer.code, answer.kind, answer.ttl_ms], ['policy_expired', 'error', 0]);
    assert.match(answer.reason, /has expired/);
  });
});

describe('a closed domain', () => {
  it('denies whatever the rules say, with the code of its closure', () => {
    const codes: readonly Closure['code'][] = [
      'no_policy',
      'policy_expired',
      'org_conflict',
      'not_ready',
      'policy_stale',
    ];
    for (const code of codes) {
      const closed = { network: { code, reason: 'closed' } };
      const set = setOf({
        governs: NET,
        closed,
        policies: [policy([allow('**')])],
        local: [localFile([allowRead('/x')])],
      });
      const answer = ask(set, A);
      assert.deepEqual(
        [answer.decision, answer.code, answer.kind, answer.reason, answer.ttl_ms],
        ['deny', code, 'error', 'closed', 0],
      );
      assert.equal(ask(set, reading('/x')).code, 'local_allow', 'the other domain is open');
    }
  });
});

describe('a local file', () => {
  it('that is broken closes what local files may govern', () => {
    const local = [localFile([], { broken: 'line 3 is no YAML' })];
    const rest = { local, preset: OPEN, policies: [policy([allow('**')])] };
    const { governed, delegated, free } = columns(rest);
    assert.equal(ask(governed, A).code, 'org_allow');
    for (const set of [delegated, free]) {
      const answer = ask(set, A);
      assert.deepEqual([answer.code, answer.kind], ['local_invalid', 'error']);
      assert.match(answer.reason, /local file `10-mine\.yaml` cannot be used: line 3 is no YAML/);
      assert.equal(ask(set, reading('/x')).code, 'local_invalid');
    }
  });

  it('of a user counts for that user only, broken or not', () => {
    const local = [localFile([allow('a.example.com'), deny('b.example.com')], { uid: 1000 })];
    const set = setOf({ local, preset: { name: 'p', rules: [allow('b.example.com')] } });
    assert.equal(ask(set, A, 1000).code, 'local_allow');
    assert.equal(ask(set, A, 1001).code, 'default_deny');
    assert.equal(ask(set, A, null).code, 'default_deny');
    assert.equal(ask(set, { ...A, uid: 1000 }, 0).code, 'local_allow');
    assert.equal(ask(set, connect('b.example.com'), 1000).code, 'local_deny');
    assert.equal(ask(set, connect('b.example.com'), 1001).code, 'preset_allow');
    const broken = setOf({ local: [localFile([], { uid: 1000, broken: 'x' })], preset: OPEN });
    assert.equal(ask(broken, A, 1000).code, 'local_invalid');
    assert.equal(ask(broken, { ...A, uid: 1000 }, 0).code, 'local_invalid');
    assert.equal(ask(broken, A, 1001).code, 'preset_allow');
  });

  it('of a wrong owner or mode keeps its denies and loses its allows', () => {
    const local = [localFile([allow('a.example.com'), deny('b.example.com')], { allowsInert: 'it belongs to uid 7' })];
    const set = setOf({ local, preset: { name: 'p', rules: [allow('b.example.com')] } });
    assert.equal(ask(set, A).code, 'default_deny');
    assert.equal(ask(set, connect('b.example.com')).code, 'local_deny');
    assert.equal(compile(set).listing[0]?.cause, 'it belongs to uid 7');
  });

  it('with a rule that cannot be evaluated closes for a deny, is inert for an allow, and leaves the others', () => {
    const rest = [allow('a.example.com')];
    const inert = setOf({ local: [localFile([allow('10.0.0.*'), ...rest])] });
    assert.equal(ask(inert, A).code, 'local_allow');
    const closing = setOf({
      local: [localFile([deny('10.0.0.*'), ...rest]), localFile([allowRead('/x')], { name: 'b' })],
    });
    assert.equal(ask(closing, A).code, 'policy_invalid');
    assert.equal(ask(closing, reading('/x')).code, 'local_allow');
    const others = setOf({ local: [localFile([deny('10.0.0.*')], { uid: 1001 }), localFile(rest, { name: 'b' })] });
    assert.equal(ask(others, A, 1000).code, 'local_allow');
    assert.equal(ask(others, A, 1001).code, 'policy_invalid');
  });
});

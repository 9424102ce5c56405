import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../src/policy/compile.ts';
import { readPolicy } from '../../src/policy/policy-document.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import {
  allow,
  allowRead,
  ask,
  BOTH,
  connect,
  deny,
  NOW,
  policy,
  type RawRule,
  reading,
  type SetChanges,
  setOf,
} from './asking.ts';

const AHEAD = '2026-06-01T13:00:00Z';
const BEHIND = '2026-06-01T11:00:00Z';
const HOUR = 3_600_000;

/** One policy with an allow of `a.example.com` and a deny of `b.example.com` beside an allow of everything else. */
function withMembers(members: RawRule, changes: SetChanges = {}): PolicySet {
  const rest = policy([allow('**.example.org', 'b.example.com')], { id: 'rest' });
  return setOf({
    governs: BOTH,
    policies: [policy([allow('a.example.com'), deny('b.example.com')], members), rest],
    ...changes,
  });
}

/** What becomes of its allow and its deny. */
function parts(members: RawRule, changes: SetChanges = {}): string {
  const set = withMembers(members, changes);
  const code = (host: string): string => ask(set, connect(host)).code;
  const said: Record<string, string> = {
    'org_allow org_deny': 'both',
    'default_deny org_allow': 'none',
    'default_deny org_deny': 'denies',
    'org_allow org_allow': 'allows',
  };
  const seen = `${code('a.example.com')} ${code('b.example.com')}`;
  return said[seen] ?? seen;
}

/** The cause that `rules` lists for its allow. */
function cause(members: RawRule, changes: SetChanges = {}): string | undefined {
  return compile(withMembers(members, changes)).listing.find((rule) => rule.resources[0] === 'a.example.com')?.cause;
}

describe('a policy’s teams', () => {
  it('are everybody when empty or absent', () => {
    for (const scope of [undefined, null, {}, { teams: null }, { teams: [] }]) {
      for (const teams of [null, [], ['ops']]) {
        assert.equal(parts({ scope }, { teams }), 'both', JSON.stringify({ scope, teams }));
      }
    }
  });

  it('are united: one of them is enough', () => {
    const scope = { teams: ['dev', 'ops'] };
    assert.equal(parts({ scope }, { teams: ['ops', 'other'] }), 'both');
    assert.equal(parts({ scope }, { teams: ['other'] }), 'none');
    assert.equal(parts({ scope }, { teams: [] }), 'none', '`[]` is a list');
    assert.equal(cause({ scope }, { teams: ['other'] }), 'for another team');
  });

  it('where the machine has no list, deny and do not allow', () => {
    const scope = { teams: ['dev'] };
    assert.equal(parts({ scope }, { teams: null }), 'denies');
    assert.match(cause({ scope }, { teams: null }) ?? '', /no team list/);
  });

  it('of another team close nothing by a rule that cannot be evaluated', () => {
    const bad = policy([deny('10.0.0.*')], { scope: { teams: ['dev'] }, id: 'bad' });
    const set = (teams: readonly string[] | null): PolicySet =>
      setOf({ governs: BOTH, teams, policies: [bad, policy([allow('**')])] });
    assert.equal(ask(set(['ops']), connect('a.example.com')).code, 'org_allow');
    assert.equal(ask(set(null), connect('a.example.com')).code, 'policy_invalid');
  });
});

describe('a policy’s status', () => {
  it('takes part when absent, active or approved', () => {
    for (const members of [{}, { status: 'active' }, { status: 'approved' }, { enabled: true }]) {
      assert.equal(parts(members), 'both', JSON.stringify(members));
    }
  });

  it('takes no part as long as it is on its way, rejected or archived, and is listed', () => {
    for (const status of ['draft', 'in_review', 'pending_review', 'rejected', 'archived']) {
      assert.equal(parts({ status }), 'none', status);
      assert.equal(cause({ status }), `status \`${status}\``);
    }
    assert.equal(parts({ enabled: false }), 'none');
    assert.equal(cause({ enabled: false }), 'disabled');
    assert.deepEqual(
      compile(withMembers({ enabled: false })).warnings.map(({ code, message }) => `${code}: ${message}`),
      ['policy_inactive: policy `p1` takes no part: disabled'],
    );
  });

  it('of any other value rejects everything, also beside `enabled: false`', () => {
    for (const members of [
      { status: 'paused' },
      { status: null },
      { status: 1 },
      { status: 'ACTIVE' },
      { status: 'x', enabled: false },
    ]) {
      assert.equal(parts(members), 'policy_invalid policy_invalid', JSON.stringify(members));
      assert.equal(ask(withMembers(members), reading('/x')).code, 'policy_invalid', 'both domains');
    }
    const [warning] = compile(withMembers({ status: 'paused' })).warnings;
    assert.deepEqual(
      [warning?.code, warning?.message],
      ['policy_rejected', 'policy `p1` cannot be evaluated: unknown status `paused`'],
    );
  });
});

describe('a policy’s validity', () => {
  it('lies between `valid_from` and `valid_until`', () => {
    assert.equal(parts({ valid_from: BEHIND }), 'both');
    assert.equal(parts({ valid_from: AHEAD }), 'none');
    assert.equal(parts({ valid_until: AHEAD }), 'both');
    assert.equal(parts({ valid_until: BEHIND }), 'none');
    assert.equal(parts({ valid_from: BEHIND, valid_until: AHEAD }), 'both');
    assert.equal(parts({ valid_from: null, valid_until: null }), 'both');
    assert.match(cause({ valid_from: AHEAD }) ?? '', /not valid before `2026-06-01T13:00:00Z`/);
    assert.match(cause({ valid_until: BEHIND }) ?? '', /not valid after `2026-06-01T11:00:00Z`/);
  });

  it('reads offsets and fractions', () => {
    assert.equal(parts({ valid_from: '2026-06-01T14:30:00+03:00' }), 'both');
    assert.equal(parts({ valid_from: '2026-06-01T12:00:00.001Z' }), 'none');
  });

  it('ends a deny only when a verified time has passed it', () => {
    assert.equal(parts({ valid_until: BEHIND }, { verifiedNow: null }), 'denies');
    assert.equal(parts({ valid_until: BEHIND }, { verifiedNow: NOW - 2 * HOUR }), 'denies');
    assert.equal(parts({ valid_until: BEHIND }, { verifiedNow: NOW }), 'none');
    assert.match(cause({ valid_until: BEHIND }, { verifiedNow: null }) ?? '', /not valid after/);
  });

  it('tells when it changes by itself next', () => {
    const next = (members: RawRule): number | null => compile(withMembers(members)).nextChange;
    assert.equal(next({}), null);
    assert.equal(next({ valid_from: AHEAD }), NOW + HOUR);
    assert.equal(next({ valid_from: AHEAD, valid_until: '2026-06-02T00:00:00Z' }), NOW + HOUR);
    assert.equal(next({ valid_until: AHEAD }), NOW + HOUR);
    assert.equal(next({ valid_until: BEHIND }), null);
    const two = [policy([], { valid_from: AHEAD }), policy([], { id: 'p2', valid_until: '2026-06-01T12:30:00Z' })];
    assert.equal(compile(setOf({ policies: two })).nextChange, NOW + HOUR / 2);
  });

  it('changes nothing of a policy that takes no part whatever the time', () => {
    for (const off of [{ enabled: false }, { status: 'draft' }, { type: 'rego', allowlist_v0: undefined }]) {
      for (const end of [{ valid_from: AHEAD }, { valid_until: AHEAD }, { valid_until: BEHIND }]) {
        const { nextChange, awaitsVerified } = compile(withMembers({ ...off, ...end }, { verifiedNow: null }));
        assert.deepEqual([nextChange, awaitsVerified], [null, null], JSON.stringify({ ...off, ...end }));
      }
    }
  });
});

describe('a policy that cannot be read', () => {
  it('closes both domains, whatever else is delivered', () => {
    const rules = [allow('**')];
    const faults: readonly (readonly [unknown, RegExp])[] = [
      ['text', /a policy is an object/],
      [null, /a policy is an object/],
      [policy(rules, { deny_all: true }), /unknown member `deny_all`/],
      [policy(rules, { valid_from: 'tomorrow' }), /`valid_from` must be an RFC 3339 time/],
      [policy(rules, { valid_until: 1_780_000_000 }), /`valid_until` must be an RFC 3339 time/],
      [policy(rules, { valid_until: '2026-13-01T00:00:00Z' }), /`valid_until`/],
      [policy(rules, { valid_until: '2026-02-30T00:00:00Z' }), /`valid_until`/],
      [policy(rules, { valid_until: '2026-06-02T24:00:00Z' }), /`valid_until`/],
      [policy(rules, { enabled: 'no' }), /`enabled` must be true or false/],
      [policy(rules, { scope: 'dev' }), /`scope` must be an object/],
      [policy(rules, { scope: { teams: 'dev' } }), /`scope.teams` must hold strings/],
      [policy(rules, { scope: { teams: [1] } }), /`scope.teams` must hold strings/],
      [policy(rules, { scope: { users: ['x'] } }), /unknown member `scope.users`/],
      [{ id: 'x', allowlist_v0: [] }, /`allowlist_v0` must be an object/],
      [{ id: 'x', allowlist_v0: {} }, /`allowlist_v0.rules` must be an array/],
      [{ id: 'x', allowlist_v0: { rules, default: 'deny' } }, /unknown member `allowlist_v0.default`/],
      [{ id: 'x', allowlist_v0: { rules, domain: 'dns' } }, /`allowlist_v0.domain` must be/],
      [{ id: 'x', allowlist_v0: { rules }, cedar_v1: {} }, /either `allowlist_v0` or `cedar_v1`/],
    ];
    for (const [raw, message] of faults) {
      const set = setOf({ governs: BOTH, policies: [raw, policy([allow('**')], { id: 'good' })] });
      const answer = ask(set, connect('a.example.com'));
      assert.deepEqual([answer.code, answer.kind], ['policy_invalid', 'error'], JSON.stringify(raw));
      assert.match(answer.reason, message);
      assert.equal(ask(set, reading('/x')).code, 'policy_invalid');
    }
  });

  it('is named by its id, its name or its position', () => {
    const idOf = (raw: unknown): string => readPolicy(raw, { now: 0, verifiedNow: 0, teams: [] }, 4).id;
    assert.equal(idOf({ id: 'i', name: 'n' }), 'i');
    assert.equal(idOf({ name: 'n' }), 'n');
    assert.equal(idOf({}), '#5');
    assert.equal(idOf({ id: 7 }), '#5');
    assert.equal(idOf(7), '#5');
    const named = readPolicy({ id: 'i', name: 7 }, { now: 0, verifiedNow: 0, teams: [] }, 0);
    assert.ok(named.kind === 'policy');
    assert.equal(named.name, 'i');
  });
});

describe('a policy of a type that is not supported', () => {
  it('takes no part and is listed', () => {
    for (const members of [{ type: 'cedar_v1', cedar_v1: {} }, { cedar_v1: {} }, { type: 'rego' }]) {
      const odd = { id: 'odd', ...members };
      const set = setOf({ policies: [odd] });
      assert.equal(compile(set).domains.network.governed, false);
      assert.match(
        compile(set).warnings[0]?.message ?? '',
        /policy `odd` takes no part: policy type `\w+` is not supported/,
      );
      const beside = setOf({ policies: [odd, policy([allow('a.example.com')])] });
      assert.equal(ask(beside, connect('a.example.com')).code, 'org_allow');
    }
    assert.equal(parts({ type: 'allowlist_v0' }), 'both');
  });

  it('is something that would have been refused when written', () => {
    for (const members of [{ type: 'cedar_v1', cedar_v1: {} }, { cedar_v1: {} }, { type: 'rego', enabled: false }]) {
      const [issue] = compile(setOf({ policies: [{ id: 'odd', ...members }] })).issues;
      assert.deepEqual([issue?.rule, issue?.refused], ['odd', true]);
      assert.match(issue?.message ?? '', /policy type `\w+` is not supported/);
    }
    assert.deepEqual(compile(withMembers({ enabled: false })).issues, []);
  });
});

describe('a policy’s domain', () => {
  it('is the one that it says, else that of its rules’ actions', () => {
    const governed = (raw: unknown): boolean[] => {
      const { domains } = compile(setOf({ policies: [raw] }));
      return [domains.network.governed, domains.filesystem.governed];
    };
    assert.deepEqual(governed(policy([allow('a.example.com')])), [true, false]);
    assert.deepEqual(governed(policy([allowRead('/x')])), [false, true]);
    assert.deepEqual(governed({ id: 'x', allowlist_v0: { domain: 'filesystem', rules: [] } }), [false, true]);
    assert.deepEqual(governed(policy([])), [false, false]);
    assert.deepEqual(governed({ id: 'x' }), [false, false]);
    assert.deepEqual(governed(policy([{ decision: 'allow', actions: ['fly'], resources: ['x'] }, 1])), [true, true]);
  });

  it('is one only: a rule of another one cannot be evaluated', () => {
    const declared = (rules: readonly unknown[]): PolicySet =>
      setOf({ governs: BOTH, policies: [{ id: 'x', allowlist_v0: { domain: 'network', rules } }] });
    assert.equal(ask(declared([allow('**'), allowRead('/x')]), reading('/x')).code, 'default_deny');
    const denying = declared([allow('**'), { ...allowRead('/x'), decision: 'deny' }]);
    assert.equal(ask(denying, connect('a.example.com')).code, 'policy_invalid', 'its policy’s domain');
    assert.equal(ask(denying, reading('/x')).code, 'policy_invalid', 'and its own');
  });
});

describe('the edges of a policy', () => {
  const at = (members: RawRule, changes: SetChanges = {}): string =>
    ask(withMembers(members, changes), connect('b.example.com')).code;
  const now = new Date(NOW).toISOString();

  it('are moments that belong to what begins with them', () => {
    assert.equal(at({ valid_from: now }), 'org_deny');
    assert.equal(at({ valid_from: new Date(NOW + 1).toISOString() }), 'org_allow');
    assert.equal(at({ valid_until: now }, { verifiedNow: NOW }), 'org_allow');
    assert.equal(at({ valid_until: now }, { verifiedNow: NOW - 1 }), 'org_deny');
    assert.equal(at({ valid_until: new Date(NOW + 1).toISOString() }, { verifiedNow: NOW }), 'org_deny');
  });

  it('are times in whole, with a zone', () => {
    for (const text of ['2026-06-01T13:00:00Z', '2026-06-01T13:00:00.5+01:00', '2026-06-01T23:59:59-00:30']) {
      assert.equal(at({ valid_until: text }), 'org_deny', text);
    }
    for (const text of [
      ...['x2026-06-01T13:00:00Z', '2026-06-01T13:00:00Zx', '2026-06-01T13:00:00', '2026-06-01T13:00:00+0100'],
      ...['2026-06-01T13:00:00 01:00', '2026-06-01T13:00:00+ab:cd', '2026-06-01T24:00:00Z', '2026-06-31T00:00:00Z', 7],
    ]) {
      assert.equal(at({ valid_until: text }), 'policy_invalid', String(text));
    }
  });
});

describe('a policy that cannot be evaluated', () => {
  it('is called by its place where it has no id, and says what is wrong', () => {
    const fault = (members: RawRule): string => compile(setOf({ policies: [members] })).warnings[0]?.message ?? '';
    assert.equal(fault({ id: '', type: 7 }), 'policy `#1` cannot be evaluated: `type` must be a string');
    assert.equal(fault({ name: 'n', type: [] }), 'policy `n` cannot be evaluated: `type` must be a string');
    assert.match(fault({ id: 'c', cedar_v1: 'permit' }), /policy type `"?cedar_v1"?` is not supported/);
    assert.match(fault({ id: 'c', type: 'rego_v1' }), /policy type `"?rego_v1"?` is not supported/);
  });

  it('closes as any other where a team of this machine is meant', () => {
    const bad = policy([deny('a b')], { scope: { teams: ['mine'] } });
    const asked = connect('x.example.com');
    assert.equal(ask(setOf({ governs: BOTH, policies: [bad], teams: ['mine'] }), asked).code, 'policy_invalid');
    assert.equal(ask(setOf({ governs: BOTH, policies: [bad], teams: ['other'] }), asked).code, 'default_deny');
  });
});

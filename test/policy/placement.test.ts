import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../src/policy/compile.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import type { PlacedIssue } from '../../src/policy/snapshot.ts';
import {
  allow,
  allowRead,
  ask,
  BOTH,
  connect,
  deny,
  denyRead,
  localFile,
  policy,
  reading,
  rule,
  type SetChanges,
  setOf,
} from './asking.ts';

const issuesOf = (changes: SetChanges): readonly PlacedIssue[] => compile(setOf(changes)).issues;

describe('a policy that speaks about two domains', () => {
  const mixed = (...rules: readonly object[]): PolicySet => setOf({ governs: BOTH, policies: [policy(rules)] });

  it('grants nothing in either, and says so to whoever writes it', () => {
    const set = mixed(allow('a.example.com'), allowRead('/x'));
    assert.equal(ask(set, connect('a.example.com')).code, 'default_deny');
    assert.equal(ask(set, reading('/x')).code, 'default_deny');
    const message = 'its policy belongs to another domain: a policy speaks about one domain only';
    assert.deepEqual(compile(set).issues, [
      { rule: 'allow a.example.com', refused: true, message },
      { rule: 'allow /x', refused: true, message },
    ]);
    assert.deepEqual(
      compile(set).listing.map(({ active, cause }) => [active, cause]),
      [
        [false, `cannot be evaluated: ${message}`],
        [false, `cannot be evaluated: ${message}`],
      ],
    );
  });

  it('closes both with a deny, and warns of the rule', () => {
    const set = mixed(allow('a.example.com'), denyRead('/x'));
    for (const request of [connect('a.example.com'), reading('/y')]) {
      const answer = ask(set, request);
      assert.deepEqual(
        [answer.code, answer.reason],
        [
          'policy_invalid',
          'rule `deny /x` of `p1` cannot be evaluated: its policy belongs to another domain: a policy speaks about one domain only',
        ],
      );
    }
    assert.deepEqual(
      compile(set).warnings.map(({ code }) => code),
      ['rule_unparsable', 'rule_unparsable'],
    );
  });
});

describe('a rule that cannot be evaluated', () => {
  it('closes the domain of its actions, and both where none of them is known', () => {
    const closed = (decision: string, action: string): string[] =>
      compile(setOf({ local: [localFile([rule(decision, [action], 'x y')])] })).closures.map(({ domain }) => domain);
    assert.deepEqual(closed('deny', 'connect:tcp'), ['network']);
    assert.deepEqual(closed('deny', 'fly'), ['network', 'filesystem']);
    assert.deepEqual(closed('perhaps', 'connect:tcp'), ['network', 'filesystem']);
    assert.deepEqual(closed('allow', 'fly'), []);
  });

  it('of a user closes for that user, of the organisation for all', () => {
    const bad = rule('deny', ['connect:tcp'], 'x y');
    const { closures } = compile(setOf({ local: [localFile([bad], { uid: 7 })], policies: [policy([bad])] }));
    assert.deepEqual(
      closures.map(({ domain, code, uid, byOrg }) => [domain, code, uid, byOrg]),
      [
        ['network', 'policy_invalid', null, true],
        ['network', 'policy_invalid', 7, false],
      ],
    );
  });
});

describe('whoever writes local rules', () => {
  const wide = (changes: SetChanges = {}, more = {}): readonly PlacedIssue[] =>
    issuesOf({ governs: BOTH, delegated: BOTH, local: [localFile([allow('**')], more)], ...changes });

  it('hears that an allow is too wide for a delegated domain', () => {
    const message = '`**` is too wide for a delegated domain: name the host, path or a smaller range';
    assert.deepEqual(wide(), [{ rule: 'allow **', refused: true, message }]);
  });

  it('hears nothing of it where width is not what matters', () => {
    assert.deepEqual(wide({ delegated: {} }), []);
    assert.deepEqual(wide({ governs: { network: false } }), []);
    assert.deepEqual(wide({ local: [localFile([deny('**')])] }), []);
    assert.deepEqual(wide({ local: [localFile([allow('a.example.com')], { allowsInert: 'not yours' })] }), []);
    const elsewhere = policy([allow('**')], { scope: { teams: ['other'] } });
    assert.deepEqual(wide({ local: [], policies: [elsewhere] }), [], 'an organisation may be as wide as it likes');
  });
});

describe('a deny of the organisation where it does not govern', () => {
  const warnings = (changes: SetChanges): string[] =>
    compile(setOf({ governs: { network: false }, ...changes })).warnings.map(({ message }) => message);

  it('is warned of, and nothing else is', () => {
    assert.deepEqual(warnings({ policies: [policy([deny('a.example.com')])] }), [
      'org deny `deny a.example.com` counts although the organisation does not govern the network domain',
    ]);
    assert.deepEqual(warnings({ policies: [policy([allow('a.example.com')])] }), []);
    assert.deepEqual(warnings({ local: [localFile([deny('a.example.com'), allow('b.example.com')])] }), []);
    assert.deepEqual(warnings({ builtin: [deny('a.example.com')] }), []);
    const elsewhere = policy([deny('a.example.com')], { scope: { teams: ['other'] } });
    assert.deepEqual(warnings({ policies: [elsewhere], teams: ['mine'] }), []);
  });
});

describe('the rules of a policy', () => {
  const set = setOf({
    governs: { network: true },
    policies: [policy([allow('a.example.com'), deny('b.example.com'), deny('x y'), rule('allow', ['fly'], 'x')])],
    local: [localFile([allow('c.example.com'), allowRead('/x'), allow('request')])],
    preset: { name: 'open', rules: [allow('**')] },
    builtin: [denyRead('/etc/reeve/**')],
  });

  it('are counted by whether they take part, listed or not', () => {
    const { listing, counts } = compile(set);
    const active = listing.filter((one) => one.active).length;
    assert.deepEqual(counts, { active, inactive: listing.length - active, local: { active: 1, inactive: 2 } });
    assert.deepEqual([counts.active, counts.inactive], [4, 5]);
    const unlisted = compile(set, { unlisted: true });
    assert.deepEqual([unlisted.counts, unlisted.listing], [counts, []]);
  });

  it('are listed with their actions as they were written', () => {
    const actions = ['connect:udp', 'connect:tcp'];
    const { listing } = compile(setOf({ policies: [policy([rule('allow', actions, 'a.example.com')])] }));
    assert.deepEqual(listing[0]?.actions, actions);
  });
});

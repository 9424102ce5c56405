import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { errorAnswer } from '../../src/policy/answer.ts';
import { builtinRules } from '../../src/policy/builtin-rules.ts';
import { compile } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { ttlAt } from '../../src/policy/snapshot.ts';
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
  NOW,
  outcome,
  policy,
  reading,
  requestOf,
  rule,
  type SetChanges,
  setOf,
  snapshotOf,
} from './asking.ts';

const A = connect('a.example.com');

describe('the code of a denial', () => {
  it('is the first of all causes', () => {
    // every cause at once, taken away one by one
    const approving = policy([allow('**')], { id: 'ask', approval_required: true });
    const guarded = connect('a.example.com', 443, { ip: '127.0.0.1' });
    const stages: readonly (readonly [SetChanges, string])[] = [
      [
        { policies: [policy([deny('10.0.0.*')], { id: 'bad' }), policy([deny('**')], { id: 'no' }), approving] },
        'policy_invalid',
      ],
      [{ closed: { network: { code: 'no_policy', reason: 'none yet' } } }, 'no_policy'],
      [{ builtin: [deny('**')] }, 'builtin_deny'],
      [{ policies: [policy([deny('**')], { id: 'no' }), approving] }, 'org_deny'],
      [{ local: [localFile([deny('**')])] }, 'local_deny'],
      [{ policies: [approving] }, 'address_guard'],
    ];
    for (const [at, [, code]] of stages.entries()) {
      const left = stages.slice(at).reduceRight<SetChanges>((sum, [set]) => ({ ...sum, ...set }), { governs: BOTH });
      assert.equal(ask(setOf(left), guarded).code, code);
    }
    const calm = setOf({ governs: BOTH, policies: [approving] });
    assert.equal(ask(calm, A).code, 'approval_required');
    assert.equal(ask(setOf({ governs: BOTH }), A).code, 'default_deny');
  });

  it('is `invalid_request`, then `unresolvable_path`, before anything else', () => {
    const set = setOf({
      governs: BOTH,
      policies: [policy([denyRead('relative')]), policy([denyRead('/**')], { id: 'p2' })],
      builtin: [denyRead('/**')],
    });
    assert.equal(ask(set, reading('relative')).code, 'invalid_request');
    assert.equal(ask(set, reading('/dev/fd/0', { uid: 5 })).code, 'invalid_request');
    assert.equal(ask(set, reading('/dev/fd/0')).code, 'unresolvable_path');
    assert.equal(ask(set, reading('/x')).code, 'policy_invalid');
  });
});

describe('the kind of an answer', () => {
  it('is `implicit` for the default alone, `error` for what went wrong, else `explicit`', () => {
    const kind = (set: PolicySet, request = A): string => ask(set, request).kind;
    assert.equal(kind(setOf()), 'implicit');
    assert.equal(kind(setOf({ governs: BOTH, policies: [policy([allow('**')])] })), 'explicit');
    assert.equal(kind(setOf({ policies: [policy([deny('**')])] })), 'explicit');
    assert.equal(kind(setOf({ local: [localFile([deny('**')])] })), 'explicit');
    assert.equal(kind(setOf({ builtin: [deny('**')] })), 'explicit');
    assert.equal(kind(setOf({ policies: [policy([allow('**')], { approval_required: true })] })), 'explicit');
    assert.equal('rule' in ask(setOf(), A), false, 'no rule determines the default');
    assert.equal(kind(setOf({ policies: [policy([deny('*')])] })), 'error');
    assert.equal(kind(setOf(), connect('')), 'error');
  });
});

describe('the determining rule', () => {
  it('is the first by policy id, then by position of rule and resource', () => {
    const policies = [
      policy([deny('**')], { id: 'b' }),
      policy(
        [
          deny('x.example.com'),
          { ...deny('y.example.com', '*.example.com', 'a.example.com'), id: 'second' },
          deny('a.example.com'),
        ],
        { id: 'a' },
      ),
      policy([deny('a.example.com')], { id: 'B' }),
    ];
    assert.deepEqual(ask(setOf({ governs: BOTH, policies }), A).rule, {
      id: 'deny a.example.com',
      name: '',
      policy: 'B',
      origin: 'org',
      resource: 'a.example.com',
    });
    assert.deepEqual(ask(setOf({ governs: BOTH, policies: policies.slice(0, 2) }), A).rule, {
      id: 'second',
      name: '',
      policy: 'a',
      origin: 'org',
      resource: '*.example.com',
    });
  });

  it('is of a local file by the file’s name, in whatever order the files are found', () => {
    const [one, two, three] = ['1.yaml', '2.yaml', '3.yaml'];
    for (const names of [
      [one, two, three],
      [one, three, two],
      [two, one, three],
      [two, three, one],
      [three, one, two],
      [three, two, one],
    ]) {
      const files = names.map((name) => localFile([{ ...deny('**'), id: name }], { name }));
      const { rules } = explained(setOf({ local: files }), A);
      assert.deepEqual(
        rules.map(({ policy: file, id }) => [file, id]),
        [one, two, three].map((name) => [name, name]),
        names.join(' '),
      );
    }
    const local = [localFile([deny('**')], { name: '20.yaml' }), localFile([deny('**:443')], { name: '10.yaml' })];
    assert.equal(ask(setOf({ local }), A).rule?.policy, '10.yaml');
  });

  it('of an allow is the first by origin: org, local, preset', () => {
    const set = (policies: readonly unknown[]): PolicySet =>
      setOf({
        governs: { network: true },
        delegated: { network: true },
        policies,
        local: [localFile([allow('a.example.com')])],
      });
    assert.equal(outcome(set([policy([allow('**')])]), A), 'org_allow **');
    assert.equal(outcome(set([]), A), 'local_allow a.example.com');
    const preset = { name: 'open', rules: [allow('**')] };
    assert.equal(
      outcome(setOf({ preset, local: [localFile([allow('a.example.com')])] }), A),
      'local_allow a.example.com',
    );
    assert.deepEqual(ask(setOf({ preset }), A).rule, {
      id: 'allow **',
      name: '',
      policy: 'open',
      origin: 'preset',
      resource: '**',
    });
  });

  it('of an allow is part of what grants', () => {
    const rules = [allow('192.0.2.1'), allow('a.example.com')];
    const set = setOf({ governs: BOTH, policies: [policy(rules)] });
    // the first address alone grants nothing, so the name does
    assert.equal(outcome(set, { ...A, ip: ['192.0.2.1', '192.0.2.2'] }), 'org_allow a.example.com');
    assert.equal(outcome(set, { ...A, ip: '192.0.2.1' }), 'org_allow 192.0.2.1');
    const later = setOf({ governs: BOTH, policies: [policy([allow('192.0.2.2'), allow('192.0.2.0/24')])] });
    assert.equal(outcome(later, dial(['192.0.2.1', '192.0.2.2'])), 'org_allow 192.0.2.2');
    const name = setOf({
      governs: BOTH,
      policies: [policy([allow('a.example.com')])],
      delegated: BOTH,
      local: [localFile([allow('192.0.2.1')])],
    });
    assert.equal(outcome(name, { ...A, ip: '192.0.2.1' }), 'org_allow a.example.com');
    const swapped = setOf({
      governs: BOTH,
      policies: [policy([allow('192.0.2.1')])],
      delegated: BOTH,
      local: [localFile([allow('a.example.com')])],
    });
    assert.equal(outcome(swapped, { ...A, ip: '192.0.2.1' }), 'org_allow 192.0.2.1');
  });

  it('is named by its position where it has no id', () => {
    const raw = { decision: 'deny', actions: ['connect:tcp'], resources: ['**'] };
    assert.equal(ask(setOf({ policies: [policy([allow('x.example.com'), raw])] }), A).rule?.id, '#2');
    assert.equal(ask(setOf({ policies: [policy([{ ...raw, id: '' }])] }), A).rule?.id, '#1');
  });
});

describe('the reason', () => {
  it('is one sentence that names the destination, the resource and the rule’s place', () => {
    const named = { ...allow('*.example.com'), id: 'r1', name: 'mirrors' };
    const set = setOf({
      governs: BOTH,
      policies: [policy([named, deny('b.example.com'), allowRead('/x')].slice(0, 2))],
    });
    const said = ask(set, A).reason;
    for (const part of [
      /^connect:tcp to a\.example\.com:443 is allowed by `\*\.example\.com`/,
      /organisation/,
      /mirrors/,
    ]) {
      assert.match(said, part);
    }
    const denied = ask(set, connect('b.example.com')).reason;
    assert.match(denied, /^connect:tcp to b\.example\.com:443 is denied: it matches `b\.example\.com` \(organisation/);
    for (const text of [said, denied]) assert.doesNotMatch(text, /\n|\.$/);
    assert.equal(ask(set, dial('2001:db8::1')).reason, 'no rule allows connect:tcp to [2001:db8::1]:443');
    const v6 = setOf({ governs: BOTH, policies: [policy([allow('[2001:db8::1]')])] });
    assert.match(ask(v6, dial('2001:db8::1')).reason, /^connect:tcp to \[2001:db8::1\]:443 is allowed/);
  });

  it('calls our own protection by that name', () => {
    const set = setOf({ builtin: [rule('deny', ['write'], '/etc/reeve/**')] });
    const { reason } = ask(set, { action: 'write', path: '/etc/reeve/config.yaml' });
    assert.match(
      reason,
      /^write of \/etc\/reeve\/config\.yaml is denied: .*`\/etc\/reeve\/\*\*` \(reeve's own protection\)/,
    );
  });
});

describe('the support message', () => {
  const supportMessage = 'ask #platform';

  it('comes with a denial that the organisation’s policy caused', () => {
    const set = setOf({ supportMessage, governs: { network: true }, policies: [policy([deny('a.example.com')])] });
    assert.equal(ask(set, A).support_message, supportMessage);
    assert.equal(ask(set, connect('elsewhere.org')).support_message, supportMessage, 'nothing allows it');
    const approving = policy([allow('**')], { approval_required: true });
    assert.equal(
      ask(setOf({ supportMessage, governs: BOTH, policies: [approving] }), A).support_message,
      supportMessage,
    );
  });

  it('comes with a denial that the end, the age or a fault of the organisation’s policy caused', () => {
    const set = (changes: SetChanges): PolicySet => setOf({ supportMessage, governs: BOTH, ...changes });
    const unreadable = policy([rule('maybe', ['connect:tcp'], '**')]);
    const cases: readonly (readonly [PolicySet, string])[] = [
      [set({ expiresAt: NOW }), 'policy_expired'],
      [set({ staleness: 'block' }), 'policy_stale'],
      [set({ policies: [unreadable] }), 'policy_invalid'],
      [set({ policies: [policy([], { status: 'unheard of' })] }), 'policy_invalid'],
    ];
    for (const [closed, code] of cases) {
      const answer = ask(closed, A);
      assert.deepEqual([answer.code, answer.support_message], [code, supportMessage]);
    }
    const monitored = ask(set({ monitored: BOTH }), A);
    assert.deepEqual([monitored.would_deny, monitored.support_message], [true, supportMessage], 'it would be one');
  });

  it('comes with no denial that somebody else caused', () => {
    const set = (changes: SetChanges): PolicySet =>
      setOf({ supportMessage, governs: BOTH, policies: [policy([allow('**')])], ...changes });
    const cases: readonly (readonly [PolicySet, string])[] = [
      [set({ governs: {}, policies: [], local: [localFile([deny('10.0.0.*')])] }), 'policy_invalid'],
      [set({ delegated: BOTH, local: [localFile([], { broken: 'no YAML' })] }), 'local_invalid'],
      [set({ closed: { network: { code: 'org_conflict', reason: 'two' } } }), 'org_conflict'],
      [set({ builtin: [deny('**')] }), 'builtin_deny'],
    ];
    for (const [closed, code] of cases) {
      const answer = ask(closed, A);
      assert.deepEqual([answer.code, 'support_message' in answer], [code, false]);
    }
    const guarded = ask(set({}), connect('a.example.com', 443, { ip: '127.0.0.1' }));
    assert.deepEqual([guarded.code, 'support_message' in guarded], ['address_guard', false]);
    // the fault of the other domain is not the fault of this one
    const files = set({
      policies: [policy([rule('deny', ['read'], 'relative')])],
      local: [localFile([deny('10.0.0.*')])],
    });
    assert.deepEqual([ask(files, A).code, 'support_message' in ask(files, A)], ['policy_invalid', false]);
    assert.equal(ask(files, reading('/x')).support_message, supportMessage);
  });

  it('comes with nothing else', () => {
    const set = setOf({
      supportMessage,
      governs: { network: true },
      policies: [policy([allow('a.example.com')])],
      local: [localFile([deny('b.example.com')])],
    });
    assert.equal('support_message' in ask(set, A), false);
    assert.equal('support_message' in ask(set, connect('b.example.com')), false);
    assert.equal('support_message' in ask(set, reading('/x')), false, 'a domain that is not governed');
    assert.equal('support_message' in ask(setOf({ policies: [policy([deny('**')])] }), A), false);
  });
});

describe('`ttl_ms`', () => {
  it('is at most five seconds and ends a second before the next change', () => {
    const at = (until: number): number =>
      ttlAt(compile(setOf({ policies: [policy([], { valid_until: new Date(NOW + until).toISOString() })] })), NOW);
    assert.equal(ttlAt(compile(setOf()), NOW), 5_000);
    assert.deepEqual([60_000, 6_000, 5_999, 3_500, 1_000, 200].map(at), [5_000, 5_000, 4_999, 2_500, 0, 0]);
  });

  it('is that of the snapshot for network answers, and 0 for files, monitor mode and errors', () => {
    const policies = [policy([allow('a.example.com'), deny('b.example.com')]), policy([allowRead('/x')], { id: 'p2' })];
    const set = setOf({ governs: BOTH, policies });
    assert.equal(ask(set, A).ttl_ms, 5_000);
    assert.equal(ask(set, connect('b.example.com')).ttl_ms, 5_000);
    assert.equal(ask(set, connect('c.example.com')).ttl_ms, 5_000);
    assert.equal(ask(set, reading('/x')).ttl_ms, 0);
    assert.equal(ask(set, reading('/y')).ttl_ms, 0);
    assert.equal(ask(setOf({ governs: BOTH, monitored: BOTH }), A).ttl_ms, 0);
    assert.equal(ask(set, connect('')).ttl_ms, 0);
  });
});

describe('every answer', () => {
  it('carries revision, generation and the canonical request', () => {
    const set = setOf({ governs: BOTH, revision: 'sha256:1' });
    const answer = ask(set, connect('A.example.com.', 443, { sandbox: 's' }));
    assert.deepEqual([answer.revision, answer.generation], ['sha256:1', 7]);
    assert.deepEqual(answer.request, { action: 'connect:tcp', host: 'a.example.com', port: 443 });
    const file = ask(set, reading('/data//./x/', { real: '/srv/x' }));
    assert.deepEqual(file.request, { action: 'read', path: '/data/x', real: '/srv/x' });
  });

  it('of an error says neither rule nor request', () => {
    const snapshot = snapshotOf(setOf({ revision: 'r5' }), 3);
    const overloaded = {
      decision: 'deny',
      kind: 'error',
      code: 'overloaded',
      reason: 'busy',
      revision: 'r5',
      generation: 3,
      ttl_ms: 0,
    };
    assert.deepEqual(errorAnswer(snapshot, 'overloaded', 'busy'), overloaded);
    const invalid = decide(snapshot, requestOf(connect('a b')), { uid: 0 });
    assert.deepEqual(
      [invalid.code, invalid.decision, invalid.generation, 'request' in invalid],
      ['invalid_request', 'deny', 3, false],
    );
  });
});

describe('what reeve protects of its own', () => {
  const builtin = builtinRules({ written: ['/srv/state'], read: ['/srv/credential.json'] });
  const everything = rule('allow', ['read', 'write'], '/**');
  const set = setOf({
    builtin,
    governs: BOTH,
    policies: [policy([everything])],
    delegated: BOTH,
    local: [localFile([rule('allow', ['write'], '/etc/reeve/x')])],
    host: {
      homes: new Map([[1000, '/home/ann']]),
      links: new Map([['/etc/reeve', { resolved: '/data/etc-reeve', trusted: true }]]),
    },
  });
  const codeOf = (action: string, path: string, more = {}): string => ask(set, { action, path, ...more }).code;

  it('is not written: configuration, local files, state, sockets, program and unit files', () => {
    for (const path of [
      '/etc/reeve',
      '/etc/reeve/x',
      '/etc/reeve/local.d/90.yaml',
      '/run/reeve/decide.sock',
      '/var/lib/reeve/policy.db',
      '/usr/lib/reeve/main.js',
      '/etc/systemd/system/reeve.service',
      '/etc/systemd/system/reeve.service.d/override.conf',
      '/run/systemd/system/reeve.service.d/override.conf',
      '/usr/local/lib/systemd/system/reeve.service',
      '/usr/lib/systemd/system/reeve.service.d/override.conf',
      '/usr/lib/systemd/system/reeve.socket.d/override.conf',
      '/etc/systemd/user/reeve.service.d/override.conf',
      '/home/ann/.config/reeve/local.d/x.yaml',
      '/home/ann/.config/systemd/user/reeve.service.d/x.conf',
      '/home/ann/.config/systemd/user/reeve.socket.d/x.conf',
      '/home/ann/.local/share/systemd/user/reeve.service',
      '/home/ann/.local/state/reeve/policy.db',
      '/srv/state/policy.db',
      '/etc/sysusers.d/reeve.conf',
      '/usr/lib/sysusers.d/reeve.conf',
    ]) {
      assert.equal(codeOf('write', path), 'builtin_deny', path);
    }
    for (const directory of [
      ...['/etc/systemd/system', '/etc/systemd/user', '/run/systemd/system', '/run/systemd/user'],
      ...['/usr/local/lib/systemd/system', '/usr/local/lib/systemd/user', '/usr/lib/systemd/system'],
      ...['/usr/lib/systemd/user', '/lib/systemd/system', '/home/ann/.config/systemd/user'],
      '/home/ann/.local/share/systemd/user',
    ]) {
      const shared = ['service.d/x.conf', 'socket.d/x.conf', 'reeve-.socket.d/x.conf'];
      const own = ['reeve.service', 'reeve.socket', 'reeve.service.d/x.conf', 'reeve.socket.d/x.conf'];
      for (const unit of [...own, ...shared]) {
        assert.equal(codeOf('write', `${directory}/${unit}`), 'builtin_deny', `${directory}/${unit}`);
      }
      assert.equal(codeOf('write', `${directory}/other.service`), 'org_allow', directory);
    }
    assert.equal(codeOf('read', '/etc/reeve/config.yaml'), 'org_allow');
    assert.equal(codeOf('write', '/home/ann/.config/other'), 'org_allow');
  });

  it('is named as what it is', () => {
    const named = (action: string, path: string): unknown[] => {
      const { rule: by } = ask(set, { action, path });
      return [by?.id, by?.name, by?.policy, by?.origin];
    };
    const installation = 'reeve’s configuration, state, sockets and program files';
    assert.deepEqual(named('write', '/etc/reeve/x'), ['protect-installation', installation, 'reeve', 'builtin']);
    const secrets = 'reeve’s credentials and private keys';
    assert.deepEqual(named('read', '/etc/reeve/keys/x'), ['protect-secrets', secrets, 'reeve', 'builtin']);
  });

  it('is not read where it is a secret', () => {
    for (const path of ['/srv/credential.json', '/etc/reeve/credential.json', '/etc/reeve/keys/root.key']) {
      assert.equal(codeOf('read', path), 'builtin_deny', path);
      assert.equal(codeOf('write', path), 'builtin_deny', path);
    }
  });

  it('holds for subtrees and through links as well', () => {
    assert.equal(codeOf('write', '/etc', { recursive: true }), 'builtin_deny');
    assert.equal(codeOf('read', '/etc', { recursive: true }), 'builtin_deny');
    assert.equal(codeOf('write', '/code/link', { real: '/var/lib/reeve/policy.db' }), 'builtin_deny');
    assert.equal(codeOf('write', '/data/etc-reeve/x'), 'builtin_deny');
    assert.equal(codeOf('write', '/srv/code', { recursive: true }), 'org_allow');
  });

  it('holds for every user’s own files, whoever asks', () => {
    const path = '/home/bob/.config/reeve/local.d/x.yaml';
    for (const uid of [1000, null, 0, 65_534])
      assert.equal(ask(set, { action: 'write', path }, uid).code, 'builtin_deny', String(uid));
  });
});

test('the request comes back with the `uid` that root asked for, because `~` and a user’s own files depend on it', () => {
  const set = setOf({ governs: BOTH, policies: [policy([allow('a.example')])] });
  assert.equal(ask(set, connect('a.example', 443, { uid: 1000 }), 0).request?.uid, 1000);
  assert.equal(ask(set, reading('/x', { uid: 1000 }), 0).request?.uid, 1000);
  assert.equal(ask(set, connect('a.example'), 0).request?.uid, undefined);
});

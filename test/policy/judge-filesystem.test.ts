import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { compile } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import type { Answer } from '../../src/policy/decision.ts';
import type { HostFacts, PolicySet } from '../../src/policy/policy-set.ts';
import { withReal } from '../../src/policy/request.ts';
import {
  allowRead,
  ask,
  BOTH,
  denyRead,
  localFile,
  outcome,
  policy,
  type RawRule,
  reading,
  rule,
  setOf,
  snapshotOf,
  unresolved,
} from './asking.ts';

function org(rules: readonly RawRule[], host: Partial<HostFacts> = {}): PolicySet {
  return setOf({ governs: BOTH, policies: [policy(rules)], host });
}

function codes(set: PolicySet, cases: readonly (readonly [RawRule, string])[], uid: number | null = 1000): void {
  for (const [request, code] of cases) assert.equal(ask(set, request, uid).code, code, JSON.stringify(request));
}

describe('filesystem rules', () => {
  it('deny what nothing allows, and let a deny win', () => {
    const set = org([allowRead('/data/**'), denyRead('/data/secret/**')]);
    codes(set, [
      [reading('/data'), 'org_allow'],
      [reading('/data/x'), 'org_allow'],
      [reading('/data/secret'), 'org_deny'],
      [reading('/data/secret/x'), 'org_deny'],
      [reading('/database'), 'default_deny'],
      [{ action: 'write', path: '/data/x' }, 'default_deny'],
    ]);
  });

  it('judge an allow on the real form, and a deny on both', () => {
    const set = org([allowRead('/code/**', '/srv/**'), denyRead('/code/private/**', '/srv/secret/**')]);
    codes(set, [
      [reading('/code/a', { real: '/srv/a' }), 'org_allow'],
      [reading('/elsewhere/a', { real: '/code/a' }), 'org_allow'],
      [reading('/code/a', { real: '/etc/passwd' }), 'default_deny'],
      [reading('/code/a', { real: '/srv/secret/a' }), 'org_deny'],
      [reading('/code/private/a', { real: '/srv/a' }), 'org_deny'],
    ]);
  });

  it('let an allow carry the exact path to open, and a denial none', () => {
    const set = org([allowRead('/srv/**')]);
    assert.equal(ask(set, reading('/code/a', { real: '/srv/a' })).resolved_path, '/srv/a');
    assert.equal('resolved_path' in ask(set, reading('/srv/a', { real: '/etc/a' })), false);
    assert.match(ask(set, reading('/srv/a', { real: '/etc/a' })).reason, /`\/srv\/a`, which is `\/etc\/a`/);
  });
});

describe('a path that cannot be resolved', () => {
  const everything = org([allowRead('/**')]);

  function unresolvable(path: string, more: RawRule = {}): Answer {
    const request = unresolved(reading(path, more));
    return decide(snapshotOf(everything), request, { uid: 1000 });
  }

  it('is denied with the reason of the walk, or because nobody walked', () => {
    const request = withReal(unresolved(reading('/x/y')), { kind: 'unresolvable', reason: '`/x` may not be read' });
    const answer = decide(snapshotOf(everything), request, { uid: 1000 });
    assert.deepEqual([answer.code, answer.kind, answer.reason], ['unresolvable_path', 'error', '`/x` may not be read']);
    assert.equal(unresolvable('/x/y').code, 'unresolvable_path');
  });

  it('leads through other processes’ files as it was sent, lexically or really', () => {
    for (const path of [
      '/proc/self/root/etc/passwd',
      '/proc/1/cwd/x',
      '/proc/thread-self/fd/3',
      '/dev/fd/0',
      '/dev/stdin',
    ]) {
      assert.equal(unresolvable(path, { resolved: true }).code, 'unresolvable_path', path);
      assert.equal(unresolvable('/code/x', { real: path }).code, 'unresolvable_path', path);
    }
    assert.equal(unresolvable('/proc/self/root/../status', { real: '/proc/self/status' }).code, 'unresolvable_path');
    assert.equal(unresolvable('/proc/meminfo', { resolved: true }).code, 'org_allow');
    assert.equal(unresolvable('/srv/x/../y', { resolved: true }).code, 'org_allow');
  });

  it('holds such files somewhere below, when the whole subtree is asked for', () => {
    for (const path of ['/', '/proc', '/proc/self', '/dev']) {
      assert.equal(unresolvable(path, { resolved: true, recursive: true }).code, 'unresolvable_path', path);
      assert.equal(unresolvable('/code', { real: path, recursive: true }).code, 'unresolvable_path', path);
    }
    assert.equal(unresolvable('/srv', { resolved: true, recursive: true }).code, 'org_allow');
    assert.equal(unresolvable('/proc', { resolved: true }).code, 'org_allow');
  });
});

describe('a subtree', () => {
  const tree = (path: string, more: RawRule = {}): RawRule => reading(path, { recursive: true, ...more });

  it('is allowed only if one allow covers all of it', () => {
    codes(org([allowRead('/data/**')]), [
      [tree('/data'), 'org_allow'],
      [tree('/data/x'), 'org_allow'],
      [tree('/'), 'unresolvable_path'],
    ]);
    codes(org([allowRead('/data'), allowRead('/data/*'), allowRead('/data/*/**')]), [[tree('/data'), 'default_deny']]);
    codes(org([allowRead('/data/*')]), [[tree('/data/x'), 'default_deny']]);
  });

  it('is denied if any deny meets it, and the answer names the deny inside', () => {
    const set = org([allowRead('/data/**'), denyRead('/data/*/secret')]);
    assert.equal(outcome(set, tree('/data')), 'org_deny /data/*/secret');
    assert.match(ask(set, tree('/data')).reason, /the subtree meets `\/data\/\*\/secret`/);
    assert.equal(ask(set, tree('/data/x/other')).code, 'org_allow');
    assert.equal(ask(set, tree('/elsewhere', { real: '/data' })).code, 'org_deny');
    assert.equal(ask(set, reading('/data/x')).code, 'org_allow');
  });

  it('is repeated as a subtree in the answer', () => {
    const answer = ask(org([allowRead('/data/**')]), tree('/data'));
    assert.equal(answer.request?.recursive, true);
    assert.match(answer.reason, /everything below \/data/);
    assert.match(ask(org([]), tree('/data')).reason, /everything below `\/data`/);
  });
});

describe('`~`', () => {
  const homes = new Map([
    [0, '/root'],
    [1000, '/home/ann'],
    [1001, '/srv/homes/bob'],
  ]);
  const allowing = org([allowRead('~/code/**')], { homes });
  const denying = org([allowRead('/**'), denyRead('~/.ssh/**')], { homes });

  it('in an allow is the home of the one who asks', () => {
    codes(allowing, [
      [reading('/home/ann/code/x'), 'org_allow'],
      [reading('/srv/homes/bob/code/x'), 'default_deny'],
    ]);
    codes(allowing, [[reading('/srv/homes/bob/code/x'), 'org_allow']], 1001);
    codes(allowing, [[reading('/root/code/x'), 'org_allow']], 0);
  });

  it('in an allow is the home of the request’s `uid` where root asks', () => {
    codes(allowing, [[reading('/home/ann/code/x', { uid: 1000 }), 'org_allow']], 0);
    codes(allowing, [[reading('/root/code/x', { uid: 1000 }), 'default_deny']], 0);
  });

  it('in an allow matches nothing for an unknown peer', () => {
    for (const uid of [null, 4242, 65_534]) {
      codes(
        allowing,
        [
          [reading('/home/ann/code/x'), 'default_deny'],
          [reading('/root/code/x'), 'default_deny'],
        ],
        uid,
      );
    }
    const nobody = org([allowRead('~/code/**')], { homes: new Map([[65_534, '/nonexistent']]) });
    codes(nobody, [[reading('/nonexistent/code/x'), 'default_deny']], 65_534);
  });

  it('in a deny is only the own home of an ordinary user', () => {
    codes(denying, [
      [reading('/home/ann/.ssh/id'), 'org_deny'],
      [reading('/srv/homes/bob/.ssh/id'), 'org_allow'],
      [reading('/home/other/.ssh/id'), 'org_allow'],
      [reading('/root/.ssh/id'), 'org_allow'],
    ]);
  });

  it('in a deny is every home there may be for anybody else', () => {
    for (const uid of [null, 0, 65_534, 4242]) {
      codes(
        denying,
        [
          [reading('/home/ann/.ssh/id'), 'org_deny'],
          [reading('/srv/homes/bob/.ssh/id'), 'org_deny'],
          [reading('/home/other/.ssh/id'), 'org_deny'],
          [reading('/Users/other/.ssh/id'), 'org_deny'],
          [reading('/root/.ssh/id'), 'org_deny'],
          [reading('/srv/.ssh/id'), 'org_allow'],
        ],
        uid,
      );
    }
    const nobody = org([allowRead('/**'), denyRead('~/.ssh/**')], { homes: new Map([[65_534, '/nonexistent']]) });
    codes(nobody, [[reading('/home/other/.ssh/id'), 'org_deny']], 65_534);
  });

  it('is put in as it is: a home with a star in it is no pattern', () => {
    const set = org([allowRead('~/x')], { homes: new Map([[1000, '/home/*']]) });
    codes(set, [
      [reading('/home/*/x'), 'org_allow'],
      [reading('/home/ann/x'), 'default_deny'],
    ]);
  });

  it('from an org counts for `$HOME` and `${HOME}` in a deny; `~other` as that of an unknown peer', () => {
    for (const text of ['$HOME/.ssh/**', '${HOME}/.ssh/**']) {
      const set = org([allowRead('/**'), denyRead(text)], { homes });
      codes(set, [
        [reading('/home/ann/.ssh/id'), 'org_deny'],
        [reading('/home/other/.ssh/id'), 'org_allow'],
      ]);
      assert.equal(outcome(set, reading('/home/ann/.ssh/id')), `org_deny ${text}`);
    }
    const other = org([allowRead('/**'), denyRead('~bob/.ssh/**')], { homes });
    codes(other, [
      [reading('/home/ann/.ssh/id'), 'org_deny'],
      [reading('/srv/homes/bob/.ssh/id'), 'org_deny'],
      [reading('/home/other/.ssh/id'), 'org_deny'],
      [reading('/srv/.ssh/id'), 'org_allow'],
    ]);
  });

  it('from an org matches nothing for a variable in an allow, and closes for any other in a deny', () => {
    codes(org([allowRead('$HOME/x', '/data')], { homes }), [
      [reading('/home/ann/x'), 'default_deny'],
      [reading('/data'), 'org_allow'],
    ]);
    for (const text of ['$TMP/x', '/data/${USER}/x', '%APPDATA%/x', '$HOMEDIR/x', '/x/$HOME', '$HOME/$USER']) {
      codes(org([allowRead('/**'), denyRead(text)], { homes }), [[reading('/data'), 'policy_invalid']]);
    }
  });
});

describe('rules that lead through links (Paths 7)', () => {
  const links = (trusted: boolean): Partial<HostFacts> => ({
    links: new Map([
      ['/link', { resolved: '/real', trusted }],
      ['/link/secret', { resolved: '/real/secret', trusted }],
    ]),
  });

  it('name their literal prefixes, in every policy, file and preset', () => {
    const set = setOf({
      host: { homes: new Map([[1000, '/home/ann']]) },
      policies: [
        policy([allowRead('/org/a/**'), 'no rule'], { id: 'p' }),
        { id: 'bare' },
        'no policy',
        policy([], { id: 'q' }),
      ],
      local: [localFile([allowRead('~/code/*/x')])],
      preset: { name: 'open', rules: [allowRead('/preset/x')] },
      builtin: [rule('deny', ['write'], '/etc/reeve/**')],
    });
    assert.deepEqual([...compile(set).literalPrefixes].sort(), ['/etc/reeve', '/home/ann/code', '/org/a', '/preset/x']);
  });

  it('deny the resolved form beside the written one, whoever owns the link', () => {
    for (const trusted of [true, false]) {
      const set = org([allowRead('/**'), denyRead('/link/secret/**')], links(trusted));
      codes(set, [
        [reading('/real/secret/x'), 'org_deny'],
        [reading('/link/secret/x'), 'org_deny'],
        [reading('/real/open'), 'org_allow'],
      ]);
      assert.equal(outcome(set, reading('/real/secret/x')), 'org_deny /link/secret/**');
    }
  });

  it('allow the resolved form only through links of root', () => {
    codes(org([allowRead('/link/**')], links(true)), [[reading('/link/x', { real: '/real/x' }), 'org_allow']]);
    codes(org([allowRead('/link/**')], links(false)), [
      [reading('/link/x', { real: '/real/x' }), 'default_deny'],
      [reading('/link/x'), 'org_allow'],
    ]);
  });

  it('name the path and the allow where only such a link stands between them', () => {
    const set = org([rule('allow', ['write'], '/link/**'), allowRead('/link/**')], links(false));
    const { reason } = ask(set, reading('/link/x', { real: '/real/x' }));
    assert.match(reason, /`\/link\/\*\*` leads to `\/real\/x` only through a link that root does not own/);
    const write = org([rule('allow', ['write'], '/link/**')], links(false));
    assert.doesNotMatch(ask(write, reading('/link/x', { real: '/real/x' })).reason, /link that root/);
  });

  it('say nothing of an allow that would not have granted either', () => {
    const home = { ...links(false), homes: new Map([[1001, '/link']]) };
    assert.doesNotMatch(ask(org([allowRead('~/**')], home), reading('/real/x')).reason, /link that root/);
    const mine = setOf({ local: [localFile([allowRead('/link/**')], { uid: 1001 })], host: links(false) });
    assert.doesNotMatch(ask(mine, reading('/real/x')).reason, /link that root/);
    const ungoverned = setOf({ governs: { filesystem: false }, policies: [policy([allowRead('/link/**')])] });
    const inert = { ...ungoverned, host: { ...ungoverned.host, ...links(false) } };
    assert.doesNotMatch(ask(inert, reading('/real/x')).reason, /link that root/);
  });

  it('say nothing of an allow that does not match, whatever others do', () => {
    const set = setOf({
      governs: BOTH,
      delegated: BOTH,
      policies: [policy([allowRead('/link/**')])],
      local: [localFile([rule('allow', ['write'], '/elsewhere'), rule('allow', ['write'], '/project/a/**')])],
      host: links(false),
    });
    assert.doesNotMatch(ask(set, reading('/project/a/x')).reason, /link that root/);
  });
});

describe('spellings (Paths 8)', () => {
  const composed = '/data/\u00e9';
  const decomposed = '/data/e\u0301';

  it('on Linux allow exact bytes, and deny NFC and NFD alike', () => {
    codes(org([allowRead(composed)]), [
      [reading(composed), 'org_allow'],
      [reading(decomposed), 'default_deny'],
    ]);
    codes(org([allowRead('/**'), denyRead(composed)]), [
      [reading(composed), 'org_deny'],
      [reading(decomposed), 'org_deny'],
      [reading('/data/E\u0301'), 'org_allow'],
    ]);
    codes(org([allowRead('/**'), denyRead('/data/x')]), [[reading('/data/X'), 'org_allow']]);
  });

  it('on Linux deny without case below a mount that folds it', () => {
    const set = org([allowRead('/**'), denyRead('/mnt/win/secret/**', '/data/secret')], {
      foldingMounts: ['/mnt/win'],
    });
    codes(set, [
      [reading('/mnt/win/SECRET/x'), 'org_deny'],
      [reading('/mnt/win/other'), 'org_allow'],
      [reading('/data/SECRET'), 'org_allow'],
      [reading('/mnt', { recursive: true }), 'org_deny'],
      [reading('/x', { real: '/mnt/win/Secret' }), 'org_deny'],
    ]);
    codes(org([allowRead('/mnt/win/x')], { foldingMounts: ['/mnt/win'] }), [[reading('/mnt/win/X'), 'default_deny']]);
  });

  it('on Linux deny without case only where the path, or something in the subtree, lies below such a mount', () => {
    const set = org([allowRead('/**'), denyRead('/MNT/win/x', '/SRV/x')], { foldingMounts: ['/other', '/mnt/win'] });
    codes(set, [
      [reading('/mnt/win/x'), 'org_deny'],
      [reading('/srv/x'), 'org_allow'],
      [reading('/mnt', { recursive: true }), 'org_deny'],
      [reading('/srv', { recursive: true }), 'org_allow'],
      [reading('/srv/x', { real: '/mnt/win/y' }), 'org_deny'],
    ]);
    codes(org([allowRead('/**'), denyRead('/MNT')], { foldingMounts: ['/mnt/win'] }), [[reading('/mnt'), 'org_allow']]);
  });

  it('deny in every spelling of the path that was asked for, and of the one that it leads to', () => {
    const set = org([allowRead('/**'), denyRead(composed)]);
    codes(set, [
      [reading(decomposed, { real: '/srv/x' }), 'org_deny'],
      [reading('/srv/x', { real: decomposed }), 'org_deny'],
    ]);
  });

  it('on macOS take a deny below a path for no deny of the path, and one of a case for another', () => {
    const set = org([allowRead('/**'), denyRead('/data/Secret/**')], { platform: 'darwin' });
    codes(set, [
      [reading('/data'), 'org_allow'],
      [reading('/data/secret'), 'org_deny'],
      [reading('/data', { recursive: true }), 'org_deny'],
    ]);
  });

  it('on macOS allow NFC, and deny NFC without case', () => {
    const mac = { platform: 'darwin' } as const;
    codes(org([allowRead(composed)], mac), [
      [reading(decomposed), 'org_allow'],
      [reading('/data/\u00c9'), 'default_deny'],
    ]);
    codes(org([allowRead(`${composed}/**`)], mac), [[reading(decomposed, { recursive: true }), 'org_allow']]);
    codes(org([allowRead('/**'), denyRead('/data/secret')], mac), [[reading('/DATA/Secret'), 'org_deny']]);
    codes(org([allowRead('/**')], mac), [[reading('/.vol/1/2'), 'unresolvable_path']]);
  });
});

describe('approval', () => {
  it('is asked for where its allow matches, or meets the subtree', () => {
    const outright = policy([allowRead('/data/**')], { id: 'a' });
    const approving = policy([allowRead('/data/private/*')], { id: 'b', approval_required: true });
    const set = setOf({ governs: BOTH, policies: [outright, approving] });
    assert.equal(outcome(set, reading('/data/private/x')), 'approval_required /data/private/*');
    codes(set, [
      [reading('/data/x'), 'org_allow'],
      [reading('/data/private'), 'org_allow'],
      [reading('/data', { recursive: true }), 'approval_required'],
      [reading('/data/open', { recursive: true }), 'org_allow'],
      [reading('/data/link', { real: '/data/private/x' }), 'approval_required'],
    ]);
  });
});

test('an approval for a subtree is asked in exact bytes, as every allow is; on macOS in NFC', () => {
  const [nfc, nfd] = ['/caf\u00e9', '/cafe\u0301'];
  const policies = [
    policy([allowRead(`${nfc}/a`)], { id: 'careful', approval_required: true }),
    policy([allowRead(`${nfd}/**`)], { id: 'plain' }),
  ];
  const subtree = reading(nfd, { recursive: true });
  assert.equal(ask(setOf({ governs: BOTH, policies }), subtree).code, 'org_allow');
  assert.equal(
    ask(setOf({ governs: BOTH, policies, host: { platform: 'darwin' } }), subtree).code,
    'approval_required',
  );
});

describe('the patterns of another user', () => {
  it('cost a question nothing but a look at whose they are', () => {
    const hostile = Array.from({ length: 20 }, (_, index) => denyRead(`/**/${'*a*/'.repeat(200)}*z${index}*/b`));
    const set = setOf({
      local: [localFile([allowRead('/srv/**')]), localFile(hostile, { name: '66-planted.yaml', uid: 66 })],
    });
    const path = `/srv/${'aaaa/'.repeat(400)}b`;
    assert.equal(outcome(set, reading(path), 1000), 'local_allow /srv/**');
    // whoever planted them has to live with them
    const { decision, code, kind, reason } = ask(set, reading(path), 66);
    assert.deepEqual([decision, code, kind], ['deny', 'internal', 'error']);
    assert.equal(
      reason,
      'matching this against the policy takes too many steps: simplify its patterns with several globs',
    );
  });
});

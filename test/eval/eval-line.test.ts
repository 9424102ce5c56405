import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createEvaluator, evaluateLine } from '../../src/eval/eval-line.ts';
import { allow, allowRead, connect, deny, denyRead, policy, type RawRule, reading, rule } from '../policy/asking.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const A = connect('a.example.com');

interface Line {
  readonly id?: unknown;
  readonly decision?: string;
  readonly code?: string;
  readonly ttl_ms?: number;
  readonly resolved_path?: string;
  readonly rule?: RawRule;
  readonly warnings?: readonly RawRule[];
  readonly error?: { readonly code: string; readonly message: string };
}

function line(value: unknown, options: { strict?: boolean; fs?: boolean } = {}): Line {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const out = evaluateLine(text, { strict: false, fs: false, ...options });
  assert.ok(!out.includes('\n'));
  return JSON.parse(out) as Line;
}

function code(value: RawRule): string | undefined {
  return line(value).code;
}

describe('a case', () => {
  it('echoes its `id`, and has none where it had none', () => {
    for (const id of ['x', '', 7, 1.5, -1, 2 ** 53 - 1]) assert.equal(line({ id, request: A }).id, id);
    assert.equal('id' in line({ request: A }), false);
  });

  it('is refused with an `id` that could not be echoed as it was', () => {
    for (const id of ['9007199254740993', '12345678901234567890', '-1e400']) {
      const refused = line(`{"id":${id},"request":${JSON.stringify(A)}}`);
      assert.deepEqual([refused.error?.code, 'id' in refused], ['invalid_case', false], id);
    }
  });

  it('is one JSON object with known members and a request', () => {
    const faults: readonly unknown[] = [
      '',
      'null',
      '[]',
      '7',
      '{',
      '{"request":{},"request":{}}',
      {},
      { request: A, rules: [] },
      { request: A, id: true },
      { request: A, id: null },
      { request: A, org: {} },
      { request: A, policies: 'x' },
      { request: A, local: null },
      { request: A, teams: 'x' },
      { request: A, teams: [1] },
      { request: A, preset: 'lenient' },
      { request: A, home: 'home/ann' },
      { request: A, home: 7 },
      { request: A, uid: -1 },
      { request: A, uid: '0' },
      { request: A, uid: 4_294_967_295 },
      { request: A, now: 'today' },
      { request: A, now: '1' },
      { request: A, now: 7 },
      { request: A, governed: true },
      { request: A, governed: { net: true } },
      { request: A, governed: { network: 1 } },
      { request: A, delegated: [] },
      { request: A, delegated: { filesystem: null } },
    ];
    for (const value of faults) assert.equal(line(value).error?.code, 'invalid_case', JSON.stringify(value));
    assert.deepEqual(line({ id: 4, request: A, x: 1 }), {
      id: 4,
      error: { code: 'invalid_case', message: 'unknown member `x`' },
    });
  });

  it('whose request is none is an error with its `id`', () => {
    for (const request of [null, [], {}, { action: 'fly' }, { ...A, port: '443' }]) {
      const { id, error, decision } = line({ id: 'x', request });
      assert.deepEqual([id, error?.code, decision], ['x', 'invalid_request', undefined], JSON.stringify(request));
    }
    assert.equal(code({ request: { ...A, port: 0 } }), 'invalid_request', 'an unusable value is a decision');
  });
});

describe('the rules of a case', () => {
  it('of an org and of policies govern their domain, unless `governed` says otherwise', () => {
    assert.equal(code({ org: [allow('a.example.com')], request: A }), 'org_allow');
    assert.equal(code({ policies: [policy([allow('a.example.com')])], request: A }), 'org_allow');
    assert.equal(code({ org: [allow('a.example.com')], governed: { network: false }, request: A }), 'default_deny');
    assert.equal(code({ org: [allow('b.example.com')], preset: 'open', request: A }), 'default_deny');
    assert.equal(
      code({ org: [allow('b.example.com')], preset: 'open', request: reading('/x') }),
      'preset_allow',
      'per domain',
    );
    assert.equal(code({ governed: { network: true }, preset: 'open', request: A }), 'default_deny');
    assert.equal(code({ request: A }), 'default_deny', 'the default is locked-down');
  });

  it('of a local file count as one, and by delegation', () => {
    const local = [{ decision: 'allow', resources: ['a.example.com'] }];
    assert.equal(code({ local, request: A }), 'local_allow');
    assert.equal(code({ local, governed: { network: true }, request: A }), 'default_deny');
    assert.equal(code({ local, governed: { network: true }, delegated: { network: true }, request: A }), 'local_allow');
  });

  it('may stand in one case for both domains, and are named by their position', () => {
    const bare = (raw: RawRule): RawRule => ({ ...raw, id: undefined });
    const org = [bare(allowRead('/data/**')), bare(allow('a.example.com'))];
    assert.equal(line({ org, request: A }).rule?.['id'], '#2');
    assert.equal(line({ org, request: reading('/data/x') }).rule?.['id'], '#1');
  });

  it('are of the teams of this machine', () => {
    const policies = [policy([allow('a.example.com')], { scope: { teams: ['dev'] } })];
    assert.equal(code({ policies, teams: ['dev'], request: A }), 'org_allow');
    assert.equal(code({ policies, teams: [], request: A }), 'default_deny');
    assert.equal(code({ policies, request: A }), 'default_deny');
  });

  it('are judged at `now`, which counts as verified', () => {
    const policies = [policy([deny('**')], { valid_until: '2026-01-01T00:00:00Z' })];
    const local = [allow('a.example.com')];
    const governed = { network: false };
    assert.equal(code({ policies, local, governed, now: '2025-12-31T00:00:00Z', request: A }), 'org_deny');
    assert.equal(code({ policies, local, governed, now: '2026-01-02T00:00:00Z', request: A }), 'local_allow');
    assert.equal(
      code({ policies: [policy([deny('**')], { status: 'odd' })], local, governed, request: A }),
      'policy_invalid',
    );
  });
});

describe('the user of a case', () => {
  const request = reading('/home/ann/x');
  const org = [allowRead('~/**')];

  it('is an ordinary one with a `home` alone, and unknown with a `uid` alone', () => {
    assert.equal(code({ org, home: '/home/ann', request }), 'org_allow');
    assert.equal(code({ org, home: '/home/ann', uid: 1001, request }), 'org_allow');
    assert.equal(code({ org, uid: 1001, request }), 'default_deny');
    assert.equal(code({ org, request }), 'default_deny');
    assert.equal(code({ org, home: '/home/ann', uid: 65_534, request }), 'default_deny');
    const denied = [allowRead('/**'), denyRead('~/.ssh/**')];
    const other = reading('/home/bob/.ssh/id');
    assert.equal(code({ org: denied, home: '/home/ann', request: other }), 'org_allow');
    assert.equal(code({ org: denied, uid: 1001, request: other }), 'org_deny');
    assert.equal(code({ org: denied, home: '/root', uid: 0, request: other }), 'org_deny');
  });

  it('may name another `uid` in the request only as root', () => {
    assert.equal(code({ uid: 1001, request: { ...request, uid: 1002 } }), 'invalid_request');
    assert.equal(code({ uid: 0, request: { ...request, uid: 1002 } }), 'default_deny');
  });
});

describe('warnings', () => {
  const bad = { id: 'r1', decision: 'deny', actions: ['connect:tcp'], resources: ['ok.example.com', '10.0.0.*'] };

  it('list what would have been refused when written, and what is understood otherwise', () => {
    const { code: decided, warnings } = line({ org: [bad], request: A });
    assert.equal(decided, 'policy_invalid');
    assert.deepEqual(
      warnings?.map((warning) => [warning['rule'], warning['resource'], Object.keys(warning).length]),
      [['r1', '10.0.0.*', 3]],
    );
    assert.match(String(warnings[0]?.['message']), /10\.0\.0\.0\/24/);
    const whole = line({ org: [{ id: 'r2', decision: 'allow', actions: [], resources: ['x'] }], request: A });
    assert.deepEqual(
      whole.warnings?.map((warning) => [warning['rule'], 'resource' in warning]),
      [['r2', false]],
    );
    const masked = line({ local: [{ ...allow('10.1.2.3/8') }], request: A });
    assert.equal(masked.warnings?.length, 1);
    assert.equal('warnings' in line({ org: [allow('a.example.com')], request: A }), false);
  });

  it('come from policies and local files, too', () => {
    assert.equal(line({ policies: [policy([bad])], request: A }).warnings?.length, 1);
    assert.equal(line({ local: [bad], request: A }).warnings?.length, 1);
    assert.equal(line({ policies: [policy([bad]), 7, { allowlist_v0: {} }], request: A }).code, 'policy_invalid');
  });

  it('of what would be refused make the line an error with `--strict`; others do not', () => {
    const strict = line({ id: 1, org: [bad], request: A }, { strict: true });
    assert.deepEqual([strict.id, strict.error?.code, strict.decision], [1, 'invalid_rule', undefined]);
    assert.match(strict.error?.message ?? '', /rule `r1`: resource `10\.0\.0\.\*`: /);
    const whole = line({ org: [{ decision: 'allow', actions: [], resources: ['x'] }], request: A }, { strict: true });
    assert.match(whole.error?.message ?? '', /^rule `#1`: `actions` must/);
    const masked = line({ org: [allow('10.1.2.3/8')], request: A }, { strict: true });
    assert.deepEqual([masked.decision, masked.warnings?.length], ['deny', 1]);
  });

  it('with `--strict` show a rule that would be refused, not one that was only warned of', () => {
    const org = [
      { ...allow('10.1.2.3/8'), id: 'masked' },
      { ...bad, id: 'refused' },
    ];
    assert.match(line({ org, request: A }, { strict: true }).error?.message ?? '', /^rule `refused`:/);
  });
});

describe('paths of a case', () => {
  it('count as resolved, and the disk is not touched', (t) => {
    const root = tempDirectory(t);
    mkdirSync(`${root}/real`);
    symlinkSync('real', `${root}/link`);
    const org = [allowRead(`${root}/link/**`)];
    assert.equal(line({ org, request: reading(`${root}/link/x`) }).resolved_path, `${root}/link/x`);
    assert.equal(line({ org, request: reading(`${root}/link/x`, { real: `${root}/real/x` }) }).code, 'default_deny');
  });

  it('are resolved with `--fs`, those of the request and those of the rules', (t) => {
    const root = tempDirectory(t);
    mkdirSync(`${root}/real`);
    symlinkSync('real', `${root}/link`);
    const org = [allowRead(`${root}/real/**`), denyRead(`${root}/link/secret`)];
    const asked = (path: string, more: RawRule = {}): Line => line({ org, request: reading(path, more) }, { fs: true });
    assert.equal(asked(`${root}/link/x`).resolved_path, `${root}/real/x`);
    assert.equal(asked(`${root}/real/secret`).code, 'org_deny', 'the deny also holds where its link leads');
    assert.equal(asked(`${root}/link/x`, { real: '/elsewhere' }).code, 'default_deny', '`real` is believed');
    assert.equal(asked(`${root}/link/../../..`, { resolved: true }).code, 'default_deny');
    assert.equal(line({ request: A }, { fs: true }).code, 'default_deny');
  });
});

describe('an evaluator', () => {
  it('answers line by line as if each were the only one', () => {
    const evaluate = createEvaluator({ strict: false, fs: false });
    const cases = [
      { id: 1, org: [allow('a.example.com')], request: A },
      { id: 2, org: [allow('a.example.com')], request: connect('b.example.com') },
      { id: 3, org: [deny('a.example.com')], request: A },
      { id: 4, preset: 'open', request: A },
      { id: 5, preset: 'open', org: [rule('allow', ['read'], '/x')], request: reading('/x') },
      { id: 6, org: [allow('a.example.com')], governed: { network: false }, request: A },
      { id: 7, preset: 'open', home: '/home/ann', request: A },
    ].map((value) => JSON.stringify(value));
    const lines = ['{', ...cases, '', ...cases.toReversed()];
    assert.deepEqual(
      lines.map(evaluate),
      lines.map((text) => evaluateLine(text, { strict: false, fs: false })),
    );
  });

  it('does not take a number that is too large for `null`', () => {
    const evaluate = createEvaluator({ strict: false, fs: false });
    const dated = JSON.stringify({ policies: [policy([allow('a.example.com')], { valid_from: null })], request: A });
    const texts = [dated, dated.replace('"valid_from":null', '"valid_from":1e400'), dated];
    const codes = texts.map((text) => (JSON.parse(evaluate(text)) as Line).code);
    assert.deepEqual(codes, ['org_allow', 'policy_invalid', 'org_allow']);
  });

  it('judges each line at its own time', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-06-01T11:59:57Z') });
    const evaluate = createEvaluator({ strict: false, fs: false });
    const ends = { valid_until: '2026-06-01T12:00:00Z' };
    const text = JSON.stringify({ policies: [policy([allow('a.example.com')], ends)], request: A });
    const said = (): string => {
      const { code: decided, ttl_ms: ttl } = JSON.parse(evaluate(text)) as Line;
      return `${decided} ${ttl}`;
    };
    assert.equal(said(), 'org_allow 2000');
    t.mock.timers.tick(1500);
    assert.equal(said(), 'org_allow 500');
    t.mock.timers.tick(1500);
    assert.match(said(), /^default_deny /);
  });

  it('stays right over more different sets than it keeps', () => {
    const evaluate = createEvaluator({ strict: false, fs: false });
    for (let index = 0; index < 150; index += 1) {
      const text = JSON.stringify({
        home: `/home/u${index}`,
        org: [allowRead('~/**')],
        request: reading(`/home/u${index}/x`),
      });
      assert.equal((JSON.parse(evaluate(text)) as Line).code, 'org_allow');
    }
  });
});

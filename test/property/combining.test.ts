/**
 * The combining algorithm apart from the matchers: rules that match, do not match or cannot be read, and nothing else
 * about them, against the table of semantics, 5.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Answer, compile, decide, readRequest } from '../../src/policy/index.ts';
import { inputs, STRIDE, trying } from '../support/inputs.ts';
import { emptySet } from '../support/policy-sets.ts';

type Domain = 'network' | 'filesystem';
type Origin = 'builtin' | 'org' | 'local' | 'preset';
type Governance = 'governed' | 'delegated' | 'ungoverned';

interface AbstractRule {
  readonly origin: Origin;
  readonly effect: 'allow' | 'deny' | 'unknown';
  /** `wide`: matches, by a resource that is not narrow. */
  readonly match: 'matching' | 'wide' | 'not' | 'unparsable';
  /** Of its policy, org rules only. */
  readonly approval: boolean;
  /** Its actions are of the domain that is not asked about. */
  readonly elsewhere: boolean;
}

interface Setting {
  readonly domain: Domain;
  readonly governance: Governance;
  readonly monitored: boolean;
  readonly rules: readonly AbstractRule[];
}

// The model

/** What a rule does to a question that it matches. */
type Role = 'denies' | 'grants' | 'nothing';

/** Semantics, 5, the table; a local allow of a delegated domain has two rows. */
const TABLE: Readonly<Record<string, Readonly<Record<Governance, Role>>>> = {
  'builtin deny': { governed: 'denies', delegated: 'denies', ungoverned: 'denies' },
  'org deny': { governed: 'denies', delegated: 'denies', ungoverned: 'denies' },
  'org allow': { governed: 'grants', delegated: 'grants', ungoverned: 'nothing' },
  'local deny': { governed: 'denies', delegated: 'denies', ungoverned: 'denies' },
  'local allow': { governed: 'nothing', delegated: 'grants', ungoverned: 'grants' },
  'local allow, wide': { governed: 'nothing', delegated: 'nothing', ungoverned: 'grants' },
  'preset allow': { governed: 'nothing', delegated: 'nothing', ungoverned: 'grants' },
};

/** Semantics, 6: the first of these is shown. */
const CODES = [
  'policy_invalid',
  'builtin_deny',
  'org_deny',
  'local_deny',
  'approval_required',
  'default_deny',
] as const;
type Code = (typeof CODES)[number];

const ORIGINS: readonly Origin[] = ['builtin', 'org', 'local', 'preset'];

interface Expected {
  readonly decision: 'allow' | 'deny';
  readonly code: string;
  /** The position of the determining rule in the setting, where a rule determines. */
  readonly rule: number | null;
  readonly wouldDeny: boolean;
}

/** Which rule is named first: by origin, then by policy and position, which here is the order of the setting. */
function first(setting: Setting, test: (rule: AbstractRule) => boolean): number | null {
  for (const origin of ORIGINS) {
    const found = setting.rules.findIndex((rule) => rule.origin === origin && test(rule));
    if (found !== -1) return found;
  }
  return null;
}

function roleOf({ origin, effect, match }: AbstractRule, governance: Governance): Role {
  const wide = origin === 'local' && effect === 'allow' && match === 'wide' ? ', wide' : '';
  return TABLE[`${origin} ${effect}${wide}`]?.[governance] ?? 'nothing';
}

/** A deny that cannot be read closes its domain, a rule with an unknown decision both; an allow is inert. */
function closes({ effect, match, elsewhere }: AbstractRule): boolean {
  if (effect === 'unknown') return true;
  return match === 'unparsable' && effect === 'deny' && !elsewhere;
}

function expectedOf(setting: Setting): Expected {
  const { governance, monitored } = setting;
  const meets = ({ effect, match, elsewhere }: AbstractRule): boolean =>
    effect !== 'unknown' && !elsewhere && (match === 'matching' || match === 'wide');
  const plays = (role: Role) => (rule: AbstractRule) => meets(rule) && roleOf(rule, governance) === role;
  const denied = (origin: Origin): number | null =>
    first(setting, (rule) => rule.origin === origin && plays('denies')(rule));
  const grant = first(setting, plays('grants'));
  const causes = new Map<Code, number | null>();
  if (setting.rules.some(closes)) causes.set('policy_invalid', null);
  for (const origin of ['builtin', 'org', 'local'] as const) {
    const rule = denied(origin);
    if (rule !== null) causes.set(`${origin}_deny`, rule);
  }
  const approval = first(setting, (rule) => rule.approval && plays('grants')(rule));
  if (approval !== null) causes.set('approval_required', approval);
  if (grant === null) causes.set('default_deny', null);
  const code = CODES.find((each) => causes.has(each));
  if (code === undefined) {
    const origin = grant === null ? 'org' : (setting.rules[grant]?.origin ?? 'org');
    return { decision: 'allow', code: `${origin}_allow`, rule: grant, wouldDeny: false };
  }
  // semantics, 5: monitor mode, of a governed domain only
  const lenient = [...causes.keys()].every((each) => each === 'org_deny' || each === 'default_deny');
  const wouldDeny = monitored && governance !== 'ungoverned' && lenient;
  return { decision: wouldDeny ? 'allow' : 'deny', code, rule: causes.get(code) ?? null, wouldDeny };
}

// The same as a policy set

const WORDS = {
  network: { actions: ['connect:tcp'], matching: 'a.example.com', wide: '**.com', not: 'b.example.com', bad: 'a b' },
  filesystem: { actions: ['read'], matching: '/srv/data/a', wide: '/**', not: '/srv/data/b', bad: 'data' },
} as const;
const REQUESTS = {
  network: { action: 'connect:tcp', host: 'a.example.com', port: 443 },
  filesystem: { action: 'read', path: '/srv/data/a', real: '/srv/data/a' },
} as const;

const otherThan = (domain: Domain): Domain => (domain === 'network' ? 'filesystem' : 'network');

function written({ effect, match, elsewhere }: AbstractRule, position: number, asked: Domain): object {
  const { actions, bad, ...resources } = WORDS[elsewhere ? otherThan(asked) : asked];
  const resource = match === 'unparsable' ? bad : resources[match];
  return { id: `r${position}`, decision: effect === 'unknown' ? 'perhaps' : effect, actions, resources: [resource] };
}

function answerOf({ domain, governance, monitored, rules }: Setting): Answer {
  const of = (origin: Origin) =>
    rules.flatMap((rule, position) => (rule.origin === origin ? [{ rule, raw: written(rule, position, domain) }] : []));
  const both = (value: boolean) => ({ network: value, filesystem: value });
  const set = emptySet({
    // ids in the order of the rules: they say which is named first
    policies: of('org').map(({ rule, raw }, at) => ({
      id: `p${at}`,
      name: 'p',
      ...(rule.approval ? { approval_required: true } : {}),
      allowlist_v0: { rules: [raw] },
    })),
    local: [{ name: 'l.yaml', uid: null, rules: of('local').map(({ raw }) => raw) }],
    preset: { name: 'preset', rules: of('preset').map(({ raw }) => raw) },
    builtin: of('builtin').map(({ raw }) => raw),
    governs: both(governance !== 'ungoverned'),
    delegated: both(governance === 'delegated'),
    monitored: both(monitored),
  });
  const reading = readRequest(REQUESTS[domain]);
  assert.ok(reading.kind === 'request');
  return decide({ policy: compile(set), generation: 1, ttlMs: 0 }, reading.request, { uid: null });
}

function assertAsModelled(setting: Setting): void {
  const answer = answerOf(setting);
  const { decision, code, rule, wouldDeny } = expectedOf(setting);
  const named = rule === null ? undefined : `r${rule}`;
  assert.deepEqual(
    { decision: answer.decision, code: answer.code, rule: answer.rule?.id, wouldDeny: answer.would_deny === true },
    { decision, code, rule: named, wouldDeny },
  );
}

// What is tried

const GOVERNANCES: readonly Governance[] = ['governed', 'delegated', 'ungoverned'];
const DOMAINS: readonly Domain[] = ['network', 'filesystem'];

/** Every rule there is: builtin rules and presets are ours, so they are readable, and builtin ones deny. */
const RULES: readonly AbstractRule[] = ORIGINS.flatMap((origin) =>
  (['allow', 'deny', 'unknown'] as const).flatMap((effect) =>
    (['matching', 'wide', 'not', 'unparsable'] as const).flatMap((match) =>
      [false, true].flatMap((elsewhere) =>
        (origin === 'org' && effect === 'allow' ? [false, true] : [false]).map((approval) => ({
          origin,
          effect,
          match,
          approval,
          elsewhere,
        })),
      ),
    ),
  ),
).filter(({ origin, effect, match }) => {
  const ours = origin === 'builtin' || origin === 'preset';
  if (ours && (effect === 'unknown' || match === 'unparsable')) return false;
  // a preset grants or says nothing: no code is for a deny of one
  return origin === 'builtin' ? effect === 'deny' : origin === 'preset' ? effect === 'allow' : true;
});

describe('combining rules, whatever they match', () => {
  test('every rule alone, and every two in either order, in every setting', () => {
    let settings = 0;
    for (const domain of DOMAINS) {
      for (const governance of GOVERNANCES) {
        assertAsModelled({ domain, governance, monitored: false, rules: [] });
        for (const [at, one] of RULES.entries()) {
          const others = RULES.slice(0, at + 1).flatMap((other) => [[one, other] as const, [other, one] as const]);
          for (const rules of [[one], ...others]) {
            if (settings % STRIDE === 0) assertAsModelled({ domain, governance, monitored: settings % 5 === 0, rules });
            settings += 1;
          }
        }
      }
    }
    assert.ok(settings > 10_000, `only ${settings} settings`);
  });

  test('six rules of any kind', () => {
    const setting: fc.Arbitrary<Setting> = fc.record({
      domain: fc.constantFrom(...DOMAINS),
      governance: fc.constantFrom(...GOVERNANCES),
      monitored: fc.boolean(),
      // what closes a domain hides all else, so most rules are readable
      rules: fc.array(
        fc.oneof(
          { weight: 12, arbitrary: fc.constantFrom(...RULES.filter((rule) => !closes(rule))) },
          { weight: 1, arbitrary: fc.constantFrom(...RULES) },
        ),
        { minLength: 2, maxLength: 6 },
      ),
    });
    const codes = new Map<string, number>();
    fc.assert(
      fc.property(setting, (each) => {
        assertAsModelled(each);
        const { code } = expectedOf(each);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }),
      trying(10_000),
    );
    for (const code of [...CODES, 'org_allow', 'local_allow', 'preset_allow']) {
      assert.ok((codes.get(code) ?? 0) >= inputs(50), `${code} came up ${codes.get(code) ?? 0} times`);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../src/policy/compile.ts';
import {
  type AskedBefore,
  compareDecisions,
  type DecisionComparison,
} from '../../../src/policy/diff/compare-decisions.ts';
import {
  allow,
  allowRead,
  BOTH,
  connect,
  deny,
  localFile,
  policy,
  type RawRule,
  reading,
  requestOf,
  type SetChanges,
  setOf,
} from '../asking.ts';

function asked(fields: RawRule, more: Partial<AskedBefore> = {}): AskedBefore {
  return { request: requestOf(fields), uid: 1000, count: 1, lastAt: 1, ...more };
}

function compared(before: SetChanges, after: SetChanges, questions: readonly AskedBefore[]): DecisionComparison {
  return compareDecisions(compile(setOf(before)), compile(setOf(after)), questions);
}

const governed = (...rules: readonly RawRule[]): SetChanges => ({ governs: BOTH, policies: [policy(rules)] });

describe('two policies asked the same', () => {
  it('flip where one allows what the other denies, with what each says', () => {
    const { flips, same, otherReason } = compared(
      governed(allow('a.example.com', 'c.example.com')),
      governed(deny('a.example.com'), allow('b.example.com', 'c.example.com')),
      [
        asked(connect('a.example.com'), { count: 3, lastAt: 30 }),
        asked(connect('b.example.com'), { uid: 7 }),
        asked(connect('c.example.com')),
      ],
    );
    assert.deepEqual([same, otherReason], [1, 1], 'c is allowed by another rule');
    assert.deepEqual(flips[0], {
      request: { action: 'connect:tcp', host: 'a.example.com', port: 443 },
      uid: 1000,
      count: 3,
      lastAt: 30,
      before: {
        effect: 'allow',
        code: 'org_allow',
        reason:
          'connect:tcp to a.example.com:443 is allowed by `a.example.com` (organisation policy `first`, rule `allow a.example.com c.example.com`)',
        rule: {
          id: 'allow a.example.com c.example.com',
          name: '',
          policy: 'p1',
          origin: 'org',
          resource: 'a.example.com',
        },
      },
      after: {
        effect: 'deny',
        code: 'org_deny',
        reason:
          'connect:tcp to a.example.com:443 is denied: it matches `a.example.com` (organisation policy `first`, rule `deny a.example.com`)',
        rule: { id: 'deny a.example.com', name: '', policy: 'p1', origin: 'org', resource: 'a.example.com' },
      },
    });
    const [, second] = flips;
    assert.deepEqual([second?.uid, second?.before.effect, second?.before.rule], [7, 'deny', null]);
    assert.deepEqual([second?.after.effect, flips.length], ['allow', 2]);
  });

  it('flip where monitor mode lets pass what was denied, or allowed outright', () => {
    const monitored = { ...governed(deny('a.example.com')), monitored: BOTH };
    const effects = (before: SetChanges): string[] =>
      compared(before, monitored, [asked(connect('a.example.com'))]).flips.map(
        (flip) => `${flip.before.effect} ${flip.after.effect}`,
      );
    assert.deepEqual(effects(governed(deny('a.example.com'))), ['deny would_deny']);
    assert.deepEqual(effects(governed(allow('a.example.com'))), ['allow would_deny']);
    assert.deepEqual(effects(monitored), []);
  });

  it('are named by how often was asked, then by how lately', () => {
    const questions = [
      asked(connect('a1.example.com'), { count: 2, lastAt: 5 }),
      asked(connect('a2.example.com'), { count: 9, lastAt: 1 }),
      asked(connect('a3.example.com'), { count: 2, lastAt: 8 }),
      asked(connect('a4.example.com'), { count: 1, lastAt: 99 }),
    ];
    const { flips } = compared(governed(allow('**')), governed(allow('x.example.com')), questions);
    assert.deepEqual(
      flips.map(({ request }) => request.host),
      ['a2.example.com', 'a3.example.com', 'a1.example.com', 'a4.example.com'],
    );
  });

  it('agree for another reason where another code or another rule decides', () => {
    const question = [asked(connect('a.example.com'))];
    const reasons = (before: SetChanges, after: SetChanges): number[] => {
      const { same, otherReason, flips } = compared(before, after, question);
      return [same, otherReason, flips.length];
    };
    const wide = governed(allow('**.example.com'));
    assert.deepEqual(reasons(wide, wide), [1, 0, 0]);
    assert.deepEqual(reasons(wide, governed(allow('a.example.com'))), [1, 1, 0]);
    assert.deepEqual(
      reasons(wide, { governs: BOTH, policies: [policy([allow('**.example.com')], { id: 'p2' })] }),
      [1, 1, 0],
    );
    assert.deepEqual(reasons(wide, governed({ ...allow('**.example.com'), id: 'other' })), [1, 1, 0]);
    assert.deepEqual(
      reasons(wide, governed({ ...allow('x', '**.example.com'), id: 'allow **.example.com' })),
      [1, 0, 0],
    );
    assert.deepEqual(reasons(governed(deny('x.example.com')), governed(deny('a.example.com'))), [1, 1, 0]);
    assert.deepEqual(reasons(governed(), governed()), [1, 0, 0]);
  });

  it('take nobody in particular for nobody, and a question of a user for that user’s', () => {
    const mine = (uid: number): SetChanges => ({ local: [localFile([allowRead('/x')], { uid })] });
    const flipsOf = (uid: number | null, rules: SetChanges): number =>
      compared(rules, {}, [asked(reading('/x'), { uid })]).flips.length;
    assert.deepEqual([flipsOf(1000, mine(1000)), flipsOf(1001, mine(1000)), flipsOf(null, mine(1000))], [1, 0, 0]);
    const { flips } = compared(mine(65_534), {}, [asked(reading('/x'), { uid: 65_534 })]);
    assert.deepEqual(flips, []);
  });

  it('agree on what is no question', () => {
    const { flips, same, otherReason } = compared(governed(allow('**')), governed(), [asked(connect('', 443))]);
    assert.deepEqual([flips, same, otherReason], [[], 1, 0]);
  });
});

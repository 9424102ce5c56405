import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromAnswer, fromAnswerText, isAllow, isPermit } from '../../src/localapi/authzen-answer.ts';
import { decideText } from '../../src/policy/decide.ts';
import { ALLOW_CODES, type Answer, DENY_CODES } from '../../src/policy/decision.ts';
import {
  allow,
  allowRead,
  BOTH,
  connect,
  deny,
  denyRead,
  localFile,
  policy,
  reading,
  requestOf,
  setOf,
  snapshotOf,
} from '../policy/asking.ts';

/** Words that look like parts of an answer, and what JSON has to escape. */
const ODD = [
  ...['', 'plain', 'with "quotes"', '\\', '\\"', 'ends in \\', '"', '","reason":"', ',"support_message":"x"', '\\\\"}'],
  ...['{"decision":"allow",', '\n\u0000\u001f', '\u007f\u2028', 'grüße “schön” 😀', '`ticks`', '\ud800'],
];
const text = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...ODD), { maxLength: 4 }).map((parts) => parts.join('')),
);
const rule = fc.record({ id: text, name: text, policy: text, origin: fc.constant('org' as const), resource: text });
const asked = fc.record({ action: fc.constant('read' as const), path: text, real: text }, { requiredKeys: ['action'] });
const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
const madeUp: fc.Arbitrary<Answer> = fc.record(
  {
    decision: fc.constantFrom('allow' as const, 'deny' as const),
    kind: fc.constantFrom('explicit' as const, 'implicit' as const, 'error' as const),
    code: fc.constantFrom(...ALLOW_CODES, ...DENY_CODES),
    reason: text,
    rule,
    revision: text,
    generation: fc.nat(),
    request: asked,
    resolved_path: text,
    ip_checked: fc.boolean(),
    ttl_ms: fc.nat(),
    would_deny: fc.constant(true),
    support_message: text,
  },
  { requiredKeys: ['decision', 'kind', 'code', 'reason', 'revision', 'generation', 'ttl_ms'] },
);

function assertSame(answer: string): void {
  const expected = JSON.stringify(fromAnswer(JSON.parse(answer) as Answer));
  const spliced = fromAnswerText(answer);
  assert.equal(spliced, expected);
  assert.equal(isPermit(spliced), isAllow(answer));
}

test('the AuthZEN form of an answer that is text is that of the answer, character for character', () => {
  fc.assert(
    fc.property(madeUp, (answer) => {
      assertSame(JSON.stringify(answer));
    }),
    { numRuns: 20_000 },
  );
});

test('members in another order are no reason for another answer', () => {
  fc.assert(
    fc.property(madeUp, fc.array(fc.nat()), some(fc.constant({ later: 'member' })), (answer, places, more) => {
      const members = Object.entries({ ...answer, ...more });
      for (const place of places) members.push(...members.splice(place % members.length, 1));
      const shuffled = JSON.stringify(Object.fromEntries(members));
      const [given, expected] = [fromAnswerText(shuffled), JSON.stringify(fromAnswer(JSON.parse(shuffled) as Answer))];
      assert.equal(given, expected);
    }),
    { numRuns: 5_000 },
  );
});

test('a text that is no answer is nobody’s permit', () => {
  for (const broken of [
    '',
    '{"decision":"deny",',
    '{"decision":"deny","kind":"error","code":"internal","reason":"',
    'x',
  ]) {
    assert.throws(() => fromAnswerText(broken), SyntaxError);
  }
});

test('what the evaluator says is said again, whatever the policy calls things', () => {
  const names = ODD.filter((name) => name.isWellFormed());
  const ofNetwork = names.map((name, n) => ({ ...(n % 2 ? allow : deny)(`h${n}.example.com`), id: `n${n}`, name }));
  const ofPaths = names.map((name, n) => ({ ...(n % 2 ? allowRead : denyRead)(`/p${n}/**`), id: `p${n}`, name }));
  const policies = [policy(ofNetwork), { ...policy(ofPaths), id: 'p2' }];
  const snapshots = [
    setOf({ policies, governs: BOTH }),
    setOf({ policies, governs: BOTH, supportMessage: 'ask "us" \\ “now”' }),
    setOf({ policies, governs: BOTH, monitored: BOTH, supportMessage: 'ask' }),
    setOf({ local: [localFile([...ofNetwork, ...ofPaths])] }),
    setOf({ closed: { network: { code: 'no_policy', reason: 'none "yet"' } }, revision: 'odd "revision"' }),
  ].map((set) => snapshotOf(set));
  const codes = new Set<string>();
  for (const snapshot of snapshots) {
    for (let n = 0; n <= names.length; n += 1) {
      for (const fields of [
        connect(`h${n}.example.com`),
        connect(`h${n}.example.com`, 443, { ip: ['10.0.0.1'] }),
        connect('not a host'),
        reading(`/p${n}/a "b" \\ ü`, { resolved: true }),
        reading(`/p${n}`, { resolved: true, recursive: true }),
      ]) {
        const answer = decideText(snapshot, requestOf(fields), { uid: 1000 });
        codes.add((JSON.parse(answer) as Answer).code);
        assertSame(answer);
      }
    }
  }
  for (const code of ['org_allow', 'org_deny', 'default_deny', 'local_allow', 'local_deny', 'invalid_request']) {
    assert.ok(codes.has(code), `${code} is not in ${[...codes].join(' ')}`);
  }
});

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Output } from '../../src/cli/output.ts';
import { comparisonLines } from '../../src/cli/show-comparison.ts';

const output = new Output({ stdout: new PassThrough(), stderr: new PassThrough(), json: false, colour: false });

test('a comparison is a sign and a line each: terms, policies, and their rules below them', () => {
  const rule = {
    id: 'r1',
    name: 'registry',
    decision: 'allow',
    actions: ['connect:tcp'],
    resources: ['a.com', 'b.com'],
  };
  const lines = comparisonLines(output, {
    terms: [{ name: 'governed', before: ['network'], after: [] }],
    policies: [
      { kind: 'removed', id: 'p1', name: 'old', rules: [rule] },
      {
        kind: 'changed',
        id: 'p2',
        name: 'p2',
        change: { at: '2026-06-01T00:00:00Z', by: 'ann', reason: 'asked for' },
        members: [{ name: 'scope', before: null, after: { teams: ['x'] } }],
        rules: [
          {
            kind: 'changed',
            rule,
            members: [{ name: 'decision', before: 'deny', after: 'allow' }],
            resources: { added: ['a.com'], removed: [] },
          },
        ],
      },
    ],
  });
  assert.deepEqual(lines, [
    '~ governed: network → none',
    '- policy `old` (p1): 1 rule',
    '  - registry: allow connect:tcp a.com, b.com',
    '~ policy `p2`, changed 2026-06-01T00:00:00Z, by ann, asked for',
    '  ~ scope: none → {"teams":["x"]}',
    '  ~ registry: allow connect:tcp',
    '    ~ decision: deny → allow',
    '    + a.com',
  ]);
});

test('nothing that a policy says can do more on a terminal than be read, or fill it', () => {
  const resources = Array.from({ length: 1_000 }, (_, index) => `h${index}.com`);
  const rule = { id: '\u001b[2J', name: '', decision: 'allow', actions: [], resources };
  const policies = [{ kind: 'added', id: '\u202e', name: 'x\ny', rules: [rule] }] as const;
  const terms = [{ name: 'support_message', before: null, after: 'x'.repeat(5_000) }];
  const text = comparisonLines(output, { terms, policies }).join('');
  assert.doesNotMatch(text, /[\u001b\u202e\n]/);
  assert.match(text, /and 994 more$/);
  assert.ok(text.length < 1_000, `${text.length} characters`);
});

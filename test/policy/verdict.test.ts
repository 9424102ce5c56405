import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DenyCode } from '../../src/policy/decision.ts';
import { type Cause, firstCause } from '../../src/policy/verdict.ts';

const cause = (code: DenyCode, reason = ''): Cause => ({ code, reason, match: null });

/** Semantics, 6, from the first to the last; of the second line none comes before another. */
const ORDER: readonly (readonly DenyCode[])[] = [
  ['invalid_request'],
  ['unresolvable_path'],
  ['policy_invalid'],
  ['no_policy', 'policy_stale', 'policy_expired', 'local_invalid', 'org_conflict', 'not_ready', 'internal'],
  ['builtin_deny'],
  ['org_deny'],
  ['local_deny'],
  ['address_guard'],
  ['approval_required'],
  ['default_deny'],
];

describe('of several causes', () => {
  it('the first of the fixed order is shown, in whatever order they were found', () => {
    for (const [rank, codes] of ORDER.entries()) {
      const later = ORDER.slice(rank + 1).flat();
      for (const code of codes) {
        for (const other of later) {
          assert.equal(firstCause([cause(code), cause(other)])?.code, code, `${code} before ${other}`);
          assert.equal(firstCause([cause(other), cause(code)])?.code, code, `${code} after ${other}`);
        }
        assert.equal(firstCause([...later, code].map((each) => cause(each)))?.code, code);
      }
    }
  });

  it('the one that was found first is shown, where the order says nothing', () => {
    for (const codes of ORDER) {
      for (const code of codes) {
        for (const other of codes) {
          assert.equal(firstCause([cause(code, 'first'), cause(other, 'second')])?.reason, 'first');
        }
      }
    }
  });

  it('none is shown where there is none', () => {
    assert.equal(firstCause([]), undefined);
  });
});

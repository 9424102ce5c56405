import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AbsenceVerdict,
  EVERY_POLICY,
  judgeAbsences,
  type ListingFacts,
} from '../../../src/sources/governance/absence.ts';

const T = 1_000_000;

function judge(more: Partial<ListingFacts> & { readonly list?: readonly string[] }): AbsenceVerdict {
  const { list = ['a'], ...facts } = more;
  return judgeAbsences({
    listed: new Set(list),
    served: ['a', 'b'],
    pending: [],
    startedAt: T,
    counts: true,
    ...facts,
  });
}

const since = (firstListingAt: number): ListingFacts['pending'] => [{ policy: 'b', firstListingAt }];

test('a policy that is missing for the first time is held and remembered', () => {
  assert.deepEqual(judge({}), { held: ['b'], pending: since(T) });
});

test('a second listing at least 60 s later confirms it, one that is earlier does not', () => {
  assert.deepEqual(judge({ pending: since(T - 60_000) }), { held: [], pending: [] });
  assert.deepEqual(judge({ pending: since(T - 59_999) }), { held: ['b'], pending: since(T - 59_999) });
});

test('a listing by sync neither starts the count nor ends it', () => {
  assert.deepEqual(judge({ counts: false }), { held: ['b'], pending: [] });
  assert.deepEqual(judge({ counts: false, pending: since(T - 90_000) }), { held: ['b'], pending: since(T - 90_000) });
});

test('seen again, even by sync, it was never absent', () => {
  assert.deepEqual(judge({ counts: false, list: ['a', 'b'], pending: since(T - 90_000) }), { held: [], pending: [] });
});

test('a count that begins in the future begins again', () => {
  assert.deepEqual(judge({ pending: since(T + 5_000) }), { held: ['b'], pending: since(T) });
});

test('all policies missing is each of them missing', () => {
  assert.deepEqual(judge({ list: [] }).held, ['a', 'b']);
});

test('a first listing without policies is confirmed by the same rule', () => {
  const first = judge({ served: null, list: [] });
  assert.deepEqual(first, { held: [EVERY_POLICY], pending: [{ policy: EVERY_POLICY, firstListingAt: T }] });
  assert.deepEqual(judge({ served: null, list: [], pending: first.pending, startedAt: T + 60_000 }).held, []);
  assert.deepEqual(judge({ served: null, list: ['a'], pending: first.pending }), { held: [], pending: [] });
});

test('an organisation that has no policies by confirmation misses none', () => {
  assert.deepEqual(judge({ served: [], list: [] }), { held: [], pending: [] });
});

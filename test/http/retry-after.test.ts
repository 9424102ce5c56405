import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../src/http/retry-after.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const EPOCH = NOW / 1_000;

const cases: readonly { note: string; headers: Record<string, string>; expected: number | null }[] = [
  { note: 'nothing', headers: {}, expected: null },
  { note: 'seconds', headers: { 'retry-after': '30' }, expected: 30_000 },
  { note: 'zero seconds', headers: { 'retry-after': '0' }, expected: 0 },
  { note: 'an HTTP date', headers: { 'retry-after': 'Mon, 01 Jun 2026 12:01:30 GMT' }, expected: 90_000 },
  { note: 'a date that has passed', headers: { 'retry-after': 'Mon, 01 Jun 2026 11:00:00 GMT' }, expected: 0 },
  { note: 'over 10^9 a number is a moment', headers: { 'retry-after': String(EPOCH + 45) }, expected: 45_000 },
  { note: 'a moment in milliseconds', headers: { 'retry-after': String(NOW + 45_000) }, expected: 45_000 },
  { note: 'exactly 10^9 is a duration', headers: { 'retry-after': '1000000000' }, expected: 1e12 },
  { note: 'X-Retry-After is a moment', headers: { 'x-retry-after': String(EPOCH + 20) }, expected: 20_000 },
  { note: 'an early X-Retry-After is a moment too', headers: { 'x-retry-after': '60' }, expected: 0 },
  {
    note: 'Retry-After before X-Retry-After',
    headers: { 'retry-after': '5', 'x-retry-after': String(EPOCH + 20) },
    expected: 5_000,
  },
  {
    note: 'nonsense in Retry-After leaves X-Retry-After',
    headers: { 'retry-after': 'soon', 'x-retry-after': String(EPOCH + 20) },
    expected: 20_000,
  },
  {
    note: 'an exhausted rate limit says when it is reset',
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(EPOCH + 7) },
    expected: 7_000,
  },
  {
    note: 'a rate limit with something left says nothing',
    headers: { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(EPOCH + 7) },
    expected: null,
  },
  { note: 'a negative number is nonsense', headers: { 'retry-after': '-5' }, expected: null },
  {
    note: "moments are measured from the server's own clock",
    headers: { date: 'Mon, 01 Jun 2026 10:00:00 GMT', 'retry-after': 'Mon, 01 Jun 2026 10:00:10 GMT' },
    expected: 10_000,
  },
];

for (const { note, headers, expected } of cases) {
  test(`how long to wait: ${note}`, () => {
    assert.equal(
      retryAfterMs((name) => headers[name], NOW),
      expected,
    );
  });
}

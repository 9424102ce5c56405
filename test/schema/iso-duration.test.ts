import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoDurationMs } from '../../src/schema/iso-duration.ts';

test('a duration is a sum of days, hours, minutes and seconds', () => {
  const durations = [
    ['P1D', 86_400],
    ['PT60S', 60],
    ['P1DT12H', 129_600],
    ['P1DT2H3M4S', 93_784],
    ['P0D', 0],
    ['PT999999999S', 999_999_999],
  ] as const;
  for (const [text, seconds] of durations) assert.equal(isoDurationMs(text), seconds * 1_000, text);
});

test('what has no length in milliseconds, and what is none, is no duration', () => {
  const texts = [
    '',
    'P',
    'PT',
    'P1DT',
    'P1M',
    'P1Y',
    'P1W',
    'PT1.5S',
    'P-1D',
    '-P1D',
    'P1H',
    'PT1D',
    'PT1S1M',
    '1D',
    'p1d',
  ];
  for (const text of [...texts, 'P1D ', 'P1D\n', `P${'9'.repeat(400)}D`]) assert.equal(isoDurationMs(text), null, text);
});

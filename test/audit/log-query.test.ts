import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeText, readLogQuery } from '../../src/audit/log-query.ts';

test('an empty query asks for the newest hundred', () => {
  assert.deepEqual(readLogQuery({}), {
    kind: 'query',
    query: { filter: {}, since: -8.64e15, until: 8.64e15, before: null, after: null, limit: 100 },
  });
});

test('a place in the log is what an answer gave as `next`', () => {
  const reading = readLogQuery({ before: placeText({ at: 1_700_000_000_000, id: 42 }) });
  assert.ok(reading.kind === 'query');
  assert.deepEqual(reading.query.before, { at: 1_700_000_000_000, id: 42 });
});

test('what is no query is refused with what to write instead', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /a log query is a JSON object/],
    [[], /a log query is a JSON object/],
    [{ hosts: 'a' }, /unknown member `hosts`/],
    [{ host: '' }, /`host` must be a text/],
    [{ host: 1 }, /`host` must be a text/],
    [{ uid: '0' }, /`uid` must be a whole number/],
    [{ uid: -1 }, /`uid` must be a whole number/],
    [{ since: 'yesterday' }, /`since` and `until` must be times/],
    [{ until: '2026-01-31' }, /must be times/],
    [{ until: '2026-01-31T12:00:00' }, /must be times/],
    [{ since: '2026-13-31T12:00:00Z' }, /must be times/],
    [{ before: 3 }, /`before` must be the `next` of an earlier answer/],
    [{ before: "1.1' OR 1" }, /`before` must be/],
    [{ after: '1' }, /`after` must be the id of a record/],
    [{ limit: 0 }, /`limit` must be a whole number from 1 to 1000/],
    [{ limit: 1_001 }, /`limit` must be/],
  ];
  for (const [value, message] of cases) {
    const reading = readLogQuery(value);
    assert.ok(reading.kind === 'invalid', JSON.stringify(value));
    assert.match(reading.message, message);
  }
});

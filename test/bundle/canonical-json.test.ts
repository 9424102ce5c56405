import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';

test('members are sorted by code unit, at every level, without white space', () => {
  assert.equal(
    canonicalJson({ b: [1, { d: null, c: true }], a: 'x', Z: -0 }),
    '{"Z":0,"a":"x","b":[1,{"c":true,"d":null}]}',
  );
  assert.equal(canonicalJson({ '\u{1F600}': 1, '\uFB33': 2 }), '{"\u{1F600}":1,"\uFB33":2}');
});

test('a member called __proto__ is a member like any other', () => {
  assert.equal(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}')), '{"__proto__":{"a":2},"b":1}');
});

test('a member that is undefined does not exist', () => {
  assert.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}');
});

test('what JSON cannot say is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, 1n, () => 1]) {
    assert.throws(() => canonicalJson([value]), { code: 'not_json' });
  }
});

test('nesting without end is an error, not a stack overflow', () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 50_000; depth += 1) value = [value];
  assert.throws(() => canonicalJson(value), { code: 'too_deep' });
});

test('the text reads back as the same value, whatever the order of the members', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const shuffled: unknown = JSON.parse(JSON.stringify(value), (_key, member: unknown) =>
        typeof member === 'object' && member !== null && !Array.isArray(member)
          ? Object.fromEntries(Object.entries(member).reverse())
          : member,
      );
      assert.equal(canonicalJson(shuffled), canonicalJson(value));
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

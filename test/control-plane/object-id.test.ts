import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObjectId, newObjectId } from '../../src/control-plane/object-id.ts';

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/** The first 48 of 140 bits, read back independently. */
function timeOf(id: string): number {
  const [, text = ''] = id.split('_');
  let bits = '';
  for (const character of text) bits += CROCKFORD.indexOf(character).toString(2).padStart(5, '0');
  return Number.parseInt(bits.slice(0, 48), 2);
}

test('an id carries its time in its first 48 bits, so that ids sort by time', () => {
  const times = [0, 1, 1_776_852_000_000, 1_776_852_000_001, 2 ** 48 - 1];
  const ids = times.map((time) => newObjectId('pol', time));
  assert.deepEqual(ids.map(timeOf), times);
  assert.deepEqual([...ids].sort(), ids);
});

test('ids are 28 lower-case Crockford characters behind their kind, and differ within a millisecond', () => {
  const ids = Array.from({ length: 500 }, () => newObjectId('rule', 1_776_852_000_000));
  for (const id of ids) assert.match(id, /^rule_[0-9a-hjkmnp-tv-z]{28}$/);
  assert.equal(new Set(ids).size, ids.length);
  // every character of the random part takes many values: none is stuck
  for (let position = 'rule_'.length + 10; position < 33; position += 1) {
    assert.ok(new Set(ids.map((id) => id[position])).size > 20, `position ${position}`);
  }
});

test('only such texts are ids', () => {
  assert.equal(isObjectId(newObjectId('pol', 5)), true);
  const shape = '0'.repeat(28);
  for (const text of ['', 'pol_', `pol_${shape}0`, `pol_${shape.slice(1)}`, `pal_${shape}`, `pol_${'l'.repeat(28)}`]) {
    assert.equal(isObjectId(text), false, text);
  }
});

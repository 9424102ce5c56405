import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isNumericLabel, mapLabel, mapName } from '../../../src/policy/resource/idna.ts';

it('maps a label of a rule by itself, so that a number stays a label', () => {
  assert.equal(mapLabel('1'), '1');
  assert.equal(mapLabel('0x7F'), '0x7f');
  assert.equal(mapLabel('BÜCHER'), 'xn--bcher-kva');
  assert.equal(mapLabel('xn--a'), null);
});

it('takes nothing for a label that maps to more than one', () => {
  for (const text of ['a\u3002b', 'a\uff0eb', 'a\uff61b', 'a.b']) assert.equal(mapLabel(text), null, text);
});

it('gives no form to a name that is too long or that IDNA refuses', () => {
  assert.equal(mapName('example.com'), 'example.com');
  assert.equal(mapName(`${'a.'.repeat(126)}ab`), null);
  assert.equal(mapName('a\u2024b.com'), null);
  assert.equal(mapName(''), null);
});

it('knows the labels that end a host in a number', () => {
  for (const label of ['0', '09', '123456789012', '0x', '0x7f']) assert.ok(isNumericLabel(label), label);
  for (const label of ['', '1a', '0x1g', '1-1', 'x0', '-1', '1_']) assert.ok(!isNumericLabel(label), label);
});

import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { formatWords, parseWords, type Words } from '../../../src/policy/resource/ip-words.ts';
import { inputs, trying } from '../../support/inputs.ts';

/** Names 4 by `net.isIP` and ipaddr.js, which reads `::1.2.3.4` as `::ffff:1.2.3.4` unless the quad is spelled out. */
function byLibrary(text: string): Words | null {
  if (isIP(text) === 0 || text.includes('%')) return null;
  const quad = /(?:\d+\.){3}\d+$/.exec(text)?.[0] ?? '';
  const octets = quad === '' ? [] : ipaddr.IPv4.parse(quad).toByteArray();
  if (isIP(text) === 4) return [wordOf(octets)];
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const tail = quad === '' ? '' : `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const bytes = ipaddr.IPv6.parse(text.slice(0, text.length - quad.length) + tail).toByteArray();
  return [0, 4, 8, 12].map((offset) => wordOf(bytes.slice(offset, offset + 4)));
}

function wordOf(octets: readonly number[]): number {
  return octets.reduce((word, octet) => word * 256 + octet, 0);
}

test('an address is read as net.isIP and ipaddr.js together read it, and nothing else is one', () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('0', '1', 'ffff', 'ABcd', '0db8', '00', 'f', '10', '255') },
    { weight: 5, arbitrary: fc.constantFrom(':', ':', ':', '::') },
    { weight: 1, arbitrary: fc.constantFrom('1.2.3.4', '.', '01.2.3.4', '1.2.3', '00000', 'g', '%1', ' ', '/', '٣') },
  );
  const group = fc.constantFrom('0', '0', '1', 'a2', 'ffff', '0001');
  const counted = fc
    .tuple(fc.array(group, { maxLength: 9 }), fc.array(group, { maxLength: 8 }), fc.constantFrom('::', ':', '::', ''))
    .map(([head, tail, gap]) => head.join(':') + gap + tail.join(':'));
  const text = fc.oneof(
    fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join('')),
    counted,
    fc.ipV6(),
    fc.ipV4(),
  );
  let addresses = 0;
  fc.assert(
    fc.property(text, (candidate) => {
      const expected = byLibrary(candidate);
      if (expected !== null) addresses += 1;
      assert.deepEqual(parseWords(candidate), expected, candidate);
    }),
    trying(20_000),
  );
  assert.ok(addresses > inputs(5_000), `only ${addresses} addresses were compared`);
});

test('an IPv6 address is written as RFC 5952 asks, which ipaddr.js does too, and reads back', () => {
  const group = fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xffff), fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const words = [0, 2, 4, 6].map((index) => (groups[index] ?? 0) * 65_536 + (groups[index + 1] ?? 0));
      const text = formatWords(words);
      assert.equal(text, new ipaddr.IPv6(groups).toRFC5952String());
      assert.deepEqual(parseWords(text), words);
    }),
    trying(10_000),
  );
});

test('a text of any length that is no address is told so at once', () => {
  for (const text of [
    '1:'.repeat(1_000_000),
    ':'.repeat(1_000_000),
    'f'.repeat(1_000_000),
    `::${'0'.repeat(1_000_000)}`,
  ]) {
    assert.equal(parseWords(text), null);
  }
});

test('what is nearly an address is none', () => {
  for (const text of [
    ...['1..22.33', '.11.22.33', '11.22.33.', '1.2.3.a', '1.2.3.:', '1.2.3.:4', '1.2.3./4', '1.2.3.4.', '1.2.3.4.5'],
    ...['1.2.3.256', '01.2.3.4', '1.2.3.04', '1.2.3.4444', '1:2:3:4:5:6:7:8:', '1:2:3:4:5:6:7:', '::1::2', '1::2::3'],
    ...[
      '1::2:',
      ':1::2',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7::8:9',
      '::12345',
      '::g',
      '::1%lo',
      ':::',
      ':',
      '1::2.3.4',
    ],
  ]) {
    assert.equal(parseWords(text), null, text);
    assert.equal(isIP(text.replace('%lo', '')) !== 0 && !text.includes('%'), false, text);
  }
});

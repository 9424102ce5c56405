import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Hits } from '../../../src/policy/index/hits.ts';
import {
  collectAddressed,
  collectAny,
  collectNamed,
  type NetworkIndex,
  NetworkIndexBuilder,
} from '../../../src/policy/index/network-index.ts';
import { type Address, contains, readAddress } from '../../../src/policy/resource/address.ts';
import { type Hostname, readHost } from '../../../src/policy/resource/hostname.ts';
import { globMatches } from '../../../src/policy/resource/name-pattern.ts';
import { type NetworkPattern, readNetworkPattern } from '../../../src/policy/resource/network-pattern.ts';
import { inputs, trying } from '../../support/inputs.ts';

function pattern(text: string): NetworkPattern {
  const reading = readNetworkPattern(text);
  return reading.kind === 'pattern' ? reading.pattern : assert.fail(reading.message);
}

function name(text: string): Hostname {
  const reading = readHost(text);
  return reading.kind === 'name' ? reading.name : assert.fail(`${text} is a name`);
}

function address(text: string): Address {
  return readAddress(text) ?? assert.fail(`${text} is an address`);
}

/** The place of a pattern in the list is its target. */
function buildNetworkIndex(patterns: readonly (NetworkPattern | undefined)[]): NetworkIndex {
  const builder = new NetworkIndexBuilder();
  for (const [target, one] of patterns.entries()) if (one !== undefined) builder.add(one, target);
  return builder.build();
}

function indexOf(texts: readonly string[]): NetworkIndex {
  return structuredClone(buildNetworkIndex(texts.map(pattern)));
}

function collected(collect: (hits: Hits) => void): number[] {
  const hits = new Hits();
  collect(hits);
  return Array.from({ length: hits.count }, (_, place) => hits.at(place)).sort((a, b) => a - b);
}

function byName(index: NetworkIndex, text: string): number[] {
  return collected((hits) => collectNamed(index, name(text), hits));
}

function byAddress(index: NetworkIndex, text: string): number[] {
  return collected((hits) => collectAddressed(index, address(text), hits));
}

/** The table of the spec, pattern by pattern. */
function matchesName(found: NetworkPattern, text: string): boolean {
  switch (found.kind) {
    case 'name':
      return found.name === text;
    case 'one':
      return text.endsWith(`.${found.suffix}`) && !text.slice(0, -found.suffix.length - 1).includes('.');
    case 'deep':
      return text.endsWith(`.${found.suffix}`);
    case 'glob':
      return globMatches(found, text);
    default:
      return false;
  }
}

describe('the network index', () => {
  const TEXTS = [
    'example.com',
    '*.example.com:443',
    '**.example.com',
    'a*.example.com',
    '**.com',
    '**',
    '**:80',
    'b.example.com',
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.3:22',
    '[2001:db8::1]',
    '2001:db8::/32',
    '::/0',
    '0.0.0.0/0',
    '*.a*.example.com',
    'example.com:80',
  ];

  it('collects the name patterns that match, whatever their port', () => {
    const index = indexOf(TEXTS);
    assert.deepEqual(byName(index, 'example.com'), [0, 4, 16]);
    assert.deepEqual(byName(index, 'b.example.com'), [1, 2, 4, 7]);
    assert.deepEqual(byName(index, 'ab.example.com'), [1, 2, 3, 4]);
    assert.deepEqual(byName(index, 'x.ab.example.com'), [2, 4, 15]);
    assert.deepEqual(byName(index, 'evilexample.com'), [4]);
    assert.deepEqual(byName(index, 'example.com.evil.test'), []);
    assert.deepEqual(byName(index, 'com'), []);
  });

  it('collects the address and prefix patterns that match', () => {
    const index = indexOf(TEXTS);
    assert.deepEqual(byAddress(index, '10.1.2.3'), [8, 9, 10, 14]);
    assert.deepEqual(byAddress(index, '::ffff:10.2.0.1'), [8, 14]);
    assert.deepEqual(byAddress(index, '2001:db8::1'), [11, 12, 13]);
    assert.deepEqual(byAddress(index, '2001:db9::1'), [13]);
    assert.deepEqual(byAddress(index, '11.0.0.1'), [14]);
  });

  it('keeps the bare `**` apart', () => {
    assert.deepEqual(
      collected((hits) => collectAny(indexOf(TEXTS), hits)),
      [5, 6],
    );
  });

  it('counts holes in the array as positions', () => {
    const index = buildNetworkIndex([undefined, pattern('example.com'), undefined, pattern('1.2.3.0/24')]);
    assert.deepEqual(byName(index, 'example.com'), [1]);
    assert.deepEqual(byAddress(index, '1.2.3.4'), [3]);
    assert.deepEqual(byName(buildNetworkIndex([]), 'a.b'), []);
  });

  it('takes no name for another one with the same hash', () => {
    const [one, other] = ['avwjq.example.com', '205h0.example.com'];
    const index = indexOf([one, `*.${one}`]);
    assert.deepEqual(byName(index, one), [0]);
    assert.deepEqual(byName(index, other), []);
    assert.deepEqual(byName(index, `x.${other}`), []);
    assert.deepEqual(byName(indexOf([one, other]), other), [1]);
  });

  it('takes no address for another one with the same digits', () => {
    const index = indexOf(['[0:1:0:b::]', '[0:b:0:1::]']);
    assert.deepEqual(byAddress(index, '0:1:0:b::'), [0]);
    assert.deepEqual(byAddress(index, '0:b:0:1::'), [1]);
  });

  it('finds what a scan finds, each once', () => {
    const label = fc.constantFrom('a', 'b', 'ab');
    const globbed = fc.oneof(label, fc.constantFrom('*', 'a*', '?', '[ab]', '*b', '[!a]*'));
    const lead = fc.constantFrom('', '*.', '**.');
    const written = fc
      .tuple(lead, fc.array(globbed, { maxLength: 2 }), fc.constantFrom('com', 'b'), fc.constantFrom('', ':80'))
      .map(([first, middle, last, port]) => `${first}${[...middle, last].join('.')}${port}`);
    const asked = fc.array(label, { maxLength: 3 }).map((labels) => [...labels, 'com'].join('.'));
    let visits = 0;
    fc.assert(
      fc.property(fc.array(written, { maxLength: 12 }), asked, (texts, text) => {
        const found = byName(buildNetworkIndex(texts.map(pattern)), text);
        visits += found.length;
        const expected = texts.flatMap((one, ordinal) => (matchesName(pattern(one), text) ? [ordinal] : []));
        assert.deepEqual(found, expected, `${texts.join(' ')} on ${text}`);
      }),
      trying(10_000),
    );
    assert.ok(visits > inputs(2_000), `only ${visits} visits`);
  });

  it('finds the prefixes and addresses that a scan finds', () => {
    const four = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '138.0.0.1', '0.0.0.0', '255.255.255.255');
    const six = fc.constantFrom('::', '::1', '2001:db8::1', '2001:db8:8000::1', 'ffff::', '::1:0:0:1');
    const written = fc.oneof(
      fc.tuple(four, fc.nat(32)).map(([base, length]) => `${base}/${length}`),
      fc.tuple(six, fc.nat(128)).map(([base, length]) => `${base}/${length}`),
      four,
      six.map((text) => `[${text}]:443`),
    );
    fc.assert(
      fc.property(fc.array(written, { maxLength: 12 }), fc.oneof(four, six), (texts, text) => {
        const expected = texts.flatMap((one, ordinal) => {
          const found = pattern(one);
          const hit =
            found.kind === 'prefix'
              ? contains(found.prefix, address(text))
              : found.kind === 'address' && found.address.text === text;
          return hit ? [ordinal] : [];
        });
        assert.deepEqual(
          byAddress(buildNetworkIndex(texts.map(pattern)), text),
          expected,
          `${texts.join(' ')} on ${text}`,
        );
      }),
      trying(10_000),
    );
  });
});

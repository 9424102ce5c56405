import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Address,
  contains,
  embeddedAddresses,
  isSingle,
  isWithin,
  type Prefix,
  readAddress,
  readPrefix,
} from '../../../src/policy/resource/address.ts';
import { formatWords, maskWords } from '../../../src/policy/resource/ip-words.ts';
import { trying } from '../../support/inputs.ts';

function address(text: string): Address {
  const found = readAddress(text);
  assert.ok(found, `${text} is an address`);
  return found;
}

function prefix(text: string): Prefix {
  const reading = readPrefix(text);
  return reading.kind === 'prefix' ? reading.prefix : assert.fail(`${text} is a prefix`);
}

function embedded(text: string, nat64: readonly string[] = []): string[] {
  return embeddedAddresses(address(text), nat64.map(prefix))
    .map((found) => found.text)
    .sort();
}

describe('readAddress', () => {
  it('reads four decimal parts and every RFC 4291 spelling into one canonical text', () => {
    for (const [text, canonical] of [
      ['1.2.3.4', '1.2.3.4'],
      ['255.255.255.255', '255.255.255.255'],
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
      ['::', '::'],
      ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ]) {
      assert.equal(address(text ?? '').text, canonical);
    }
  });

  it('takes an IPv4-mapped address for the IPv4 address, in both spellings', () => {
    assert.deepEqual(address('::ffff:10.1.2.3'), address('10.1.2.3'));
    assert.deepEqual(address('::ffff:a01:203'), address('10.1.2.3'));
    assert.equal(address('0:0:0:0:0:FFFF:7f00:1').family, 4);
  });

  it('keeps an IPv4-compatible address an IPv6 address', () => {
    assert.equal(address('::1.2.3.4').text, '::102:304');
    assert.equal(address('0::0:127.0.0.1').family, 6);
  });

  it('refuses everything that is not one of the two forms', () => {
    const refused = [
      '',
      ' 1.2.3.4',
      '1.2.3.4 ',
      '1.2.3',
      '01.2.3.4',
      '1.2.3.04',
      '0x1.2.3.4',
      '1.2.3.256',
      '1.2.3.4.5',
    ];
    refused.push(
      '16909060',
      '::1%lo',
      'fe80::1%25eth0',
      '[::1]',
      '1.2.3.4%1',
      ':::',
      '1::2::3',
      '::12345',
      '::1\0',
      '1.2.3.4\n',
    );
    refused.push(
      '::ffff:1.2.3.04',
      '::ffff:0x1.2.3.4',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:1.2.3.4',
      '１.2.3.4',
      '1.2.3.4/32',
    );
    for (const text of refused) assert.equal(readAddress(text), null, JSON.stringify(text));
    for (const value of [null, undefined, 1, ['1.2.3.4'], {}]) assert.equal(readAddress(value), null);
  });

  it('writes IPv6 as the WHATWG URL standard does', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.map((part) => part.toString(16)).join(':');
        const found = address(text);
        if (found.family === 4) return; // mapped
        assert.equal(`[${found.text}]`, new URL(`http://[${text}]/`).hostname);
        assert.deepEqual(address(found.text), found);
      }),
      trying(10_000),
    );
  });
});

describe('readPrefix', () => {
  it('masks host bits and says so', () => {
    assert.deepEqual(readPrefix('10.1.2.3/8'), { kind: 'prefix', prefix: prefix('10.0.0.0/8'), masked: true });
    assert.equal(prefix('10.1.2.3/8').text, '10.0.0.0/8');
    assert.equal(prefix('2001:db8:ffff::1/33').text, '2001:db8:8000::/33');
    assert.deepEqual(readPrefix('10.0.0.0/8'), { kind: 'prefix', prefix: prefix('10.0.0.0/8'), masked: false });
  });

  it('reads a prefix inside ::ffff:0:0/96 as the IPv4 prefix', () => {
    assert.deepEqual(prefix('::ffff:10.0.0.0/104'), prefix('10.0.0.0/8'));
    assert.deepEqual(prefix('::ffff:0:0/96'), prefix('0.0.0.0/0'));
    assert.deepEqual(prefix('::ffff:1.2.3.4/128'), prefix('1.2.3.4/32'));
  });

  it('never matches IPv4 with a shorter IPv6 prefix', () => {
    for (const text of ['::/0', '::ffff:0:0/95', '::/80']) {
      assert.equal(prefix(text).family, 6);
      assert.equal(contains(prefix(text), address('::ffff:1.2.3.4')), false, text);
    }
  });

  it('refuses what has no strict address or no plain length', () => {
    for (const text of ['1.2.3/8', '0x0a.0.0.0/8', '010.0.0.0/8', '[::]/0', 'fe80::%a/10', '/8', '10.0.0.0', 'a/8']) {
      assert.deepEqual(readPrefix(text), { kind: 'invalid', problem: 'address' }, text);
    }
    for (const text of [
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/',
      '10.0.0.0/08',
      '10.0.0.0/ 8',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '10.0.0.0/1e1',
    ]) {
      assert.deepEqual(readPrefix(text), { kind: 'invalid', problem: 'length' }, text);
    }
  });
});

describe('contains and isWithin', () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const words = fc.oneof(fc.tuple(word), fc.tuple(word, word, word, word));
  const bits = (parts: readonly number[]) => parts.map((part) => part.toString(2).padStart(32, '0')).join('');

  it('agree with a comparison of bit strings', () => {
    fc.assert(
      fc.property(words, fc.nat(128), fc.nat(128), fc.nat(128), (base, length, otherLength, flipped) => {
        const total = 32 * base.length;
        const at = flipped % total;
        const other = base.map((part, index) => (index === at >> 5 ? (part ^ (1 << (31 - (at & 31)))) >>> 0 : part));
        const one = prefix(`${formatWords(base)}/${length % (total + 1)}`);
        const two = prefix(`${formatWords(other)}/${otherLength % (total + 1)}`);
        assert.equal(
          contains(one, address(formatWords(other))),
          bits(other).startsWith(bits(base).slice(0, one.length)),
        );
        const inside = two.length >= one.length && bits(two.words).startsWith(bits(one.words).slice(0, one.length));
        assert.equal(isWithin(two, one), inside);
        assert.equal(bits(maskWords(base, one.length)), bits(base).slice(0, one.length).padEnd(total, '0'));
      }),
      { ...trying(10_000), examples: [[[0x0a000000], 8, 8, 31]] },
    );
  });

  it('keep the families apart', () => {
    assert.equal(contains(prefix('0.0.0.0/0'), address('::1')), false);
    assert.equal(isWithin(prefix('::/0'), prefix('0.0.0.0/0')), false);
  });

  it('tell a single address', () => {
    assert.equal(isSingle(prefix('1.2.3.4/32')), true);
    assert.equal(isSingle(prefix('::1/128')), true);
    assert.equal(isSingle(prefix('::/32')), false);
  });
});

describe('embeddedAddresses', () => {
  it('looks into NAT64, both layouts of the local prefix included', () => {
    assert.deepEqual(embedded('64:ff9b::169.254.169.254'), ['169.254.169.254']);
    assert.deepEqual(embedded('64:ff9b:1:c0a8:1:200::'), ['0.0.0.0', '192.168.1.2']);
    assert.deepEqual(embedded('64:ff9b:1::c0a8:102'), ['0.0.0.0', '192.168.1.2']);
    assert.deepEqual(embedded('64:ff9b:2::c0a8:102'), []);
    assert.deepEqual(embedded('64:ff9b:0:1::c0a8:102'), []);
  });

  it('looks into 6to4, Teredo, ISATAP, SIIT and IPv4-compatible addresses', () => {
    assert.deepEqual(embedded('2002:c0a8:102::1'), ['192.168.1.2']);
    assert.deepEqual(embedded('2001:0:4136:e378:8000:63bf:3f57:fefd'), ['192.168.1.2']);
    assert.deepEqual(embedded('fe80::5efe:192.168.1.2'), ['192.168.1.2']);
    assert.deepEqual(embedded('2001:db8::200:5efe:192.168.1.2'), ['192.168.1.2']);
    assert.deepEqual(embedded('::ffff:0:192.168.1.2'), ['192.168.1.2']);
    assert.deepEqual(embedded('::192.168.1.2'), ['192.168.1.2']);
  });

  it('sees nothing in ::, ::1, IPv4 and ordinary IPv6 addresses', () => {
    for (const text of [
      '::',
      '::1',
      '127.0.0.1',
      '::ffff:127.0.0.1',
      '2001:db8::c0a8:102',
      '2003:c0a8:102::',
      'fe80::1',
    ]) {
      assert.deepEqual(embedded(text), [], text);
    }
  });

  it('reads the prefixes that the config names in the layout of their length (RFC 6052)', () => {
    for (const [nat64, text] of [
      ['2001:db8::/32', '2001:db8:c0a8:102::'],
      ['2001:db8:100::/40', '2001:db8:1c0:a801:2::'],
      ['2001:db8:122::/48', '2001:db8:122:c0a8:1:200::'],
      ['2001:db8:122:300::/56', '2001:db8:122:3c0:a8:102::'],
      ['2001:db8:122:344::/64', '2001:db8:122:344:c0:a801:200::'],
      ['2001:db8:122:344::/96', '2001:db8:122:344::c0a8:102'],
    ] as const) {
      assert.deepEqual(embedded(text, [nat64]), ['192.168.1.2'], nat64);
      assert.deepEqual(embedded(text), [], text);
    }
  });
});

describe('an address that carries none', () => {
  const carried = (text: string, ...nat64: readonly string[]): string[] => {
    const address = readAddress(text);
    assert.ok(address !== null, text);
    const prefixes = nat64.map((prefix) => {
      const reading = readPrefix(prefix);
      assert.ok(reading.kind === 'prefix', prefix);
      return reading.prefix;
    });
    return embeddedAddresses(address, prefixes).map((embedded) => embedded.text);
  };

  it('is one that only looks like a carrier in a part', () => {
    for (const text of [
      // IPv4 with the numbers of a carrier's first word
      ...['0.100.255.155', '32.2.1.1', '32.1.0.0', '0.0.0.5'],
      ...['0:0:1::5', '::1:0:0:5', '0:0:1:0:ffff:0:102:304', '64:ff9b::1:0:0:5', '64:ff9b:2::5', '2003:102:304::1'],
    ]) {
      assert.deepEqual(carried(text), [], text);
    }
    assert.deepEqual(carried('2001:db8::5', '2001:db9::/96', '64:ff9b:2::/96'), []);
    assert.deepEqual(carried('2001:db8::5', '2001:db9::/96', '2001:db8::/96'), ['0.0.0.5']);
  });

  it('is an IPv4 address itself only behind ten bytes of zeros and two of ones', () => {
    for (const text of ['1::ffff:1.2.3.4', '0:0:1::ffff:1.2.3.4', '::1:0:0:ffff:1.2.3.4', '::fffe:1.2.3.4']) {
      assert.equal(readAddress(text)?.family, 6, text);
    }
    assert.equal(readAddress('::ffff:1.2.3.4')?.text, '1.2.3.4');
  });

  it('is written with its host bits off, and says so, whichever word they are in', () => {
    for (const [text, means] of [
      ['2001:db8::1/32', '2001:db8::/32'],
      ['2001:db8:1::/32', '2001:db8::/32'],
      ['2001:db9::/31', '2001:db8::/31'],
    ] as const) {
      const reading = readPrefix(text);
      assert.ok(reading.kind === 'prefix');
      assert.deepEqual([reading.prefix.text, reading.masked], [means, true]);
    }
  });
});

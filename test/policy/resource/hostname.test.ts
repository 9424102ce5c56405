import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readAddress } from '../../../src/policy/resource/address.ts';
import { faultOf, type HostReading, readHost, readPlainName } from '../../../src/policy/resource/hostname.ts';
import { isNumericLabel, mapName } from '../../../src/policy/resource/idna.ts';
import { inputs, trying } from '../../support/inputs.ts';

function seen(text: unknown): string {
  const reading = readHost(text);
  if (reading.kind === 'invalid') return 'invalid';
  return reading.kind === 'name' ? reading.name : `address ${reading.address.text}`;
}

/** Names 1 to 3 without the fast path. */
function slowly(bare: string): HostReading['kind'] {
  const mapped = faultOf(bare) === null ? mapName(bare) : null;
  if (mapped === null) return 'invalid';
  if (readAddress(mapped) !== null) return 'address';
  return isNumericLabel(mapped.split('.').at(-1) ?? '') ? 'invalid' : 'name';
}

/** The number parser of the WHATWG URL standard, written from its text. */
function whatwgIPv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length > 4) return null;
  const numbers = parts.map((part) => {
    if (/^0x[0-9a-f]*$/i.test(part)) return part.length === 2 ? 0 : Number(part);
    if (/^0[0-7]+$/.test(part)) return parseInt(part, 8);
    return /^(?:0|[1-9][0-9]*)$/.test(part) ? Number(part) : Number.NaN;
  });
  const last = numbers.pop() ?? Number.NaN;
  if (numbers.some((number) => Number.isNaN(number) || number > 255)) return null;
  if (Number.isNaN(last) || last >= 256 ** (4 - numbers.length)) return null;
  return numbers.reduce((sum, number, index) => sum + number * 256 ** (3 - index), last);
}

describe('readHost', () => {
  it('lower-cases a name and strips one trailing dot', () => {
    assert.equal(seen('Example.COM'), 'example.com');
    assert.equal(seen('example.com.'), 'example.com');
    assert.equal(seen('a_b.-c-.example'), 'a_b.-c-.example');
    for (const text of ['example.com..', '.', '..', '.example.com', 'a..b', ''])
      assert.equal(seen(text), 'invalid', text);
  });

  it('maps to A-labels, non-transitionally', () => {
    assert.equal(seen('BÜCHER.example'), 'xn--bcher-kva.example');
    assert.equal(seen('faß.de'), 'xn--fa-hia.de');
    assert.equal(seen('ｅｘａｍｐｌｅ．com'), 'example.com');
    assert.equal(seen('例え。jp'), 'xn--r8jz45g.jp');
    assert.equal(seen('ex\u00adample.com'), 'example.com');
    assert.equal(seen('XN--BCHER-KVA.example'), 'xn--bcher-kva.example');
    assert.equal(seen('example.com。'), 'invalid');
  });

  it('refuses what is no string and every character that a name cannot hold', () => {
    for (const value of [null, undefined, 1, true, ['example.com'], {}]) assert.equal(seen(value), 'invalid');
    for (const character of '@/\\?#%:*,;"\'(){}<>|^~!&=+$`[]') {
      for (const text of [`${character}a.com`, `a${character}b.com`, `a.com${character}`]) {
        assert.equal(seen(text), 'invalid', text);
      }
    }
    for (const blank of ['\0', '\t', '\n', '\r', ' ', '\x7f', '\x85', '\u00a0', '\u2028', '\u3000', '\ufeff']) {
      assert.equal(seen(`a${blank}.com`), 'invalid', JSON.stringify(blank));
      assert.equal(seen(`a.com${blank}`), 'invalid', JSON.stringify(blank));
    }
    assert.equal(seen('a\ud800.com'), 'invalid');
    assert.equal(seen('a％２e.com'), 'invalid');
    assert.equal(seen('a／b.com'), 'invalid');
  });

  it('refuses names over 253 bytes and labels over 63, before and after mapping', () => {
    const label = 'a'.repeat(63);
    assert.equal(seen(`${label}.com`), `${label}.com`);
    assert.equal(seen(`${label}a.com`), 'invalid');
    const longest = `${label}.${label}.${label}.${'a'.repeat(61)}`;
    assert.equal(seen(longest), longest);
    assert.equal(seen(`${longest}.`), longest);
    assert.equal(seen(`${longest}a`), 'invalid');
    assert.equal(seen(`${'é'.repeat(32)}.com`), 'invalid');
    assert.equal(seen(`${'é.'.repeat(20)}com`).startsWith('xn--9ca.'), true);
    assert.equal(seen(`${'é.'.repeat(60)}com`), 'invalid');
  });

  it('refuses A-labels that decode to nothing, to plain ASCII or to something that encodes otherwise', () => {
    for (const label of ['xn--', 'xn--a', 'xn--a-', 'xn--abc-', 'xn--1234', 'xn--99999999', 'XN--A', 'ＸＮ－－a']) {
      assert.equal(seen(`${label}.com`), 'invalid', label);
      assert.equal(seen(`a.${label}`), 'invalid', label);
    }
    for (const label of [
      'xn--xn--a-zxc',
      'xn--iñvalid',
      'xn---oju',
      'xn--dca',
      'xn--im6c',
      'xn--9ca\u200d',
      'xn--bcher-kvb-kva',
    ])
      assert.equal(seen(`${label}.com`), 'invalid', label);
    assert.equal(seen('xn--Bcher-kva.com'), 'xn--bcher-kva.com');
    assert.equal(seen('xn--fa-hia.de'), 'xn--fa-hia.de');
  });

  it('refuses joiners out of place and marks at the front, where Node is lenient too', () => {
    assert.equal(seen('\u200d.com'), 'invalid');
    assert.equal(seen('a\u200cb.com'), 'invalid');
    assert.equal(seen('ශ්\u200dරී.com'), 'xn--10cl1a0b660p.com');
    assert.equal(seen('क्\u200d\u200dna.com'), 'invalid');
    assert.equal(seen('क्\u200dक\u200cna.com'), 'invalid');
    assert.equal(seen('\u0300a.com'), 'invalid');
    assert.equal(seen('\u0898.com'), 'invalid');
  });

  it('holds every label of a bidi domain name to RFC 5893', () => {
    assert.equal(seen('אב.com'), 'xn--4dbc.com');
    assert.equal(seen('ا1.com'), 'xn--1-ymc.com');
    assert.equal(seen('ש״ע.example.com'), 'xn--nebn7a.example.com');
    assert.equal(seen('é.אב.com'), 'xn--9ca.xn--4dbc.com');
    for (const text of ['1a.אב.com', 'a-.אב.com', '-.אב', '\u064aa.com', 'क्\u200dبا.com', '٠.com', '9۰.ش.com']) {
      assert.equal(seen(text), 'invalid', text);
    }
  });

  it('takes a host with a numeric last label for an address in any WHATWG spelling', () => {
    for (const text of [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '0X7F.0.0.0x1',
      '2130706433',
      '0177.0.0.1',
      '１２７.0.0.1',
      '127。0。0。1',
      '127.0.0.1.',
    ]) {
      assert.equal(seen(text), 'address 127.0.0.1', text);
    }
    assert.equal(seen('0'), 'address 0.0.0.0');
    assert.equal(seen('0x'), 'address 0.0.0.0');
    for (const text of [
      '1.2.3.4.5',
      '256.1.1.1',
      'foo.0x',
      'foo.09',
      'a.1',
      '1.2.3.08',
      'a.①',
      'a.0x①',
      'a.９',
      '4294967296',
      '127.0.0.1..',
    ]) {
      assert.equal(seen(text), 'invalid', text);
    }
    assert.equal(seen('1.2.3.com'), '1.2.3.com');
    assert.equal(seen('foo.0x1g'), 'foo.0x1g');
    assert.equal(seen('foo.1e3'), 'foo.1e3');
  });

  it('reads numbers as the WHATWG standard says', () => {
    const number = fc.oneof(
      fc.nat(300),
      fc.nat(0xffffffff),
      fc.constantFrom(0, 255, 256, 65535, 65536, 16777215, 16777216),
    );
    const part = fc.oneof(
      number.map(String),
      number.map((value) => `0x${value.toString(16)}`),
      number.map((value) => `0${value.toString(8)}`),
      fc.constantFrom('0x', '00', '08', '0xg', '0X1f'),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.join('.');
        const word = /^(?:[0-9]+|0x[0-9a-f]*)$/i.test(parts.at(-1) ?? '') ? whatwgIPv4(text) : undefined;
        const reading = readHost(text);
        if (word === undefined) assert.equal(reading.kind, 'name', text);
        else if (word === null) assert.equal(reading.kind, 'invalid', text);
        else
          assert.deepEqual(reading, {
            kind: 'address',
            address: readAddress([24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.')),
          });
      }),
      trying(10_000),
    );
  });

  it('takes IPv6 with and without brackets, and brackets nowhere else', () => {
    for (const text of ['::1', '[::1]', '[0:0:0:0:0:0:0:1]', '0::1']) assert.equal(seen(text), 'address ::1');
    assert.equal(seen('2001:DB8::1'), 'address 2001:db8::1');
    assert.equal(seen('[::ffff:127.0.0.1]'), 'address 127.0.0.1');
    const refused = [
      '[::1',
      '::1]',
      '[[::1]]',
      '[::1].',
      '::1.',
      '[1.2.3.4]',
      '[example.com]',
      '[::1]:443',
      'example.com:443',
      '[]',
      '[::1%lo]',
      'fe80::1%eth0',
      '[v1.a]',
      ' [::1]',
      '::1 ',
    ];
    for (const text of refused) assert.equal(seen(text), 'invalid', text);
  });

  it('says in one line why a host is invalid', () => {
    for (const [text, reason] of [
      [1, /not a string/],
      ['', /empty$/],
      ['a..b', /empty label/],
      ['a b', /white space/],
      ['a%b', /`%`/],
      ['a:b', /no IPv6 address/],
      ['xn--a.com', /IDNA/],
      ['a.09', /IDNA/],
      ['a\udc00', /UTF-8/],
      ['é'.repeat(200), /253 bytes/],
      [`${'é'.repeat(40)}.com`, /63 bytes/],
    ] as const) {
      const reading = readHost(text);
      assert.match(reading.kind === 'invalid' ? reading.reason : 'valid', reason);
    }
  });

  it('reads on the ASCII fast path what the slow way reads', () => {
    const letter = fc.constantFrom(...Array.from('abcxnABXN0189-_.'));
    const piece = fc.oneof(
      { weight: 6, arbitrary: letter },
      {
        weight: 1,
        arbitrary: fc.constantFrom('xn--', 'Xn--', '--', '0x', '.com', 'xn-', 'a'.repeat(60), `${'b'.repeat(62)}.`),
      },
    );
    let names = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 14 }), (pieces) => {
        const bare = pieces.join('');
        const reading = readHost(`${bare}.`);
        assert.equal(reading.kind, slowly(bare), bare);
        if (reading.kind !== 'name') return;
        names++;
        assert.equal(reading.name, mapName(bare));
      }),
      trying(20_000),
    );
    assert.ok(names > inputs(4_000), `only ${names} names were compared`);
  });

  it('reads its own canonical text as the same name', () => {
    const text = fc.array(fc.constantFrom(...Array.from('aBß1-._éאشक्日ａ。\u200d\u00ad'), 'xn--'), { maxLength: 12 });
    fc.assert(
      fc.property(text, (pieces) => {
        const reading = readHost(`${pieces.join('')}.com`);
        if (reading.kind === 'name') assert.deepEqual(readHost(reading.name), reading);
      }),
      trying(10_000),
    );
  });
});

describe('a plain name', () => {
  it('is read without asking IDNA, whatever letters, digits, hyphens and underscores it has', () => {
    for (const character of 'abcxyzABCXYZ0189-_') {
      for (const name of [`a${character}`, `${character}.a`, `a${character}b.example`, `a.${character}.bc`]) {
        if (/\.[-_]?$/.test(name)) continue;
        assert.equal(readPlainName(name), name.toLowerCase(), name);
      }
    }
    for (const name of [
      'a',
      'example.com',
      'xn',
      'x--a',
      'ab--c',
      'axn--b',
      'a.b--c',
      `${'a'.repeat(63)}.b`,
      'a.-',
      'a._',
    ]) {
      assert.equal(readPlainName(name), name, name);
    }
    const longest = `${'a.'.repeat(126)}a`;
    assert.equal(longest.length, 253);
    assert.equal(readPlainName(longest), longest);
  });

  it('is none that takes a closer look', () => {
    for (const name of [
      ...['', '.', 'a..b', '.a', 'a.', 'xn--a', 'a.XN--b', 'a.1', '1', 'a.9b', `${'a'.repeat(64)}.b`],
      ...['a@', 'a[', 'a`', 'a{', 'a/', 'a:', 'a b', 'a,b', 'ä', 'a\u200d', `${'a.'.repeat(127)}a`],
    ]) {
      assert.equal(readPlainName(name), null, name);
    }
  });
});

describe('a name of the greatest length', () => {
  it('is a name also where IDNA is asked', () => {
    const name = `xn--bcher-kva.${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(47)}`;
    assert.equal(name.length, 253);
    assert.equal(seen(name), name);
    assert.equal(seen(`${name}e`), 'invalid');
  });
});

describe('a colon', () => {
  it('belongs to an IPv6 address, with both brackets or without', () => {
    assert.equal(readHost('[::1]').kind, 'address');
    for (const text of ['x::1]', '[::1', '::1]', '[::1]]', 'a:b']) assert.equal(seen(text), 'invalid', text);
  });
});

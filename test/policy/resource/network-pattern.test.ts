import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mapLabel } from '../../../src/policy/resource/idna.ts';
import { globMatches } from '../../../src/policy/resource/name-pattern.ts';
import {
  isNarrowNetwork,
  type NetworkPattern,
  readNetworkPattern,
} from '../../../src/policy/resource/network-pattern.ts';
import { inputs, trying } from '../../support/inputs.ts';

function pattern(text: string): NetworkPattern {
  const reading = readNetworkPattern(text);
  return reading.kind === 'pattern' ? reading.pattern : assert.fail(reading.message);
}

/** One line a pattern: kind, what it is about, port. */
function brief(text: string): string {
  const found = pattern(text);
  if (found.kind === 'prefix') return `prefix ${found.prefix.text}`;
  const port = found.port ?? 'any port';
  switch (found.kind) {
    case 'any':
      return `any ${port}`;
    case 'name':
      return `name ${found.name} ${port}`;
    case 'address':
      return `address ${found.address.text} ${port}`;
    default:
      return `${found.kind} ${found.suffix} ${port}`;
  }
}

function refusal(text: unknown): string {
  const reading = readNetworkPattern(text);
  const message = reading.kind === 'invalid' ? reading.message : assert.fail(`${String(text)} is refused`);
  assert.ok(!message.includes('\n'), message);
  return message;
}

function fits(text: string, name: string): boolean {
  const found = pattern(text);
  if (found.kind !== 'glob') assert.fail(`${text} has globs`);
  return (name === found.suffix || name.endsWith(`.${found.suffix}`)) && globMatches(found, name);
}

describe('readNetworkPattern', () => {
  it('reads every form of the table', () => {
    for (const [text, meaning] of [
      ['example.com', 'name example.com any port'],
      ['Example.COM.', 'name example.com any port'],
      ['localhost:8080', 'name localhost 8080'],
      ['*.example.com', 'one example.com any port'],
      ['**.example.com', 'deep example.com any port'],
      ['**.com:80', 'deep com 80'],
      ['**', 'any any port'],
      ['**:443', 'any 443'],
      ['example.com:1', 'name example.com 1'],
      ['*.example.com:65535', 'one example.com 65535'],
      ['10.1.2.3', 'address 10.1.2.3 any port'],
      ['10.1.2.3.', 'address 10.1.2.3 any port'],
      ['10.1.2.3:22', 'address 10.1.2.3 22'],
      ['[2001:DB8::1]', 'address 2001:db8::1 any port'],
      ['[2001:db8::1]:443', 'address 2001:db8::1 443'],
      ['[::ffff:10.1.2.3]:22', 'address 10.1.2.3 22'],
      ['10.0.0.0/8', 'prefix 10.0.0.0/8'],
      ['2001:db8::/32', 'prefix 2001:db8::/32'],
      ['::ffff:10.0.0.0/104', 'prefix 10.0.0.0/8'],
      ['1.2.3.4/32', 'prefix 1.2.3.4/32'],
      ['*.BÜCHER.example', 'one xn--bcher-kva.example any port'],
      ['例え。jp:443', 'name xn--r8jz45g.jp 443'],
      ['1.2.3.com', 'name 1.2.3.com any port'],
      ['crl*.example.com:80', 'glob example.com 80'],
      ['a.*.b.example.com', 'glob b.example.com any port'],
      ['[a-c].com', 'glob com any port'],
    ] as const) {
      assert.equal(brief(text), meaning, text);
    }
  });

  it('masks host bits with a warning that gives the canonical text, and warns of nothing else', () => {
    const reading = readNetworkPattern('10.1.2.3/8');
    assert.deepEqual(reading.kind === 'pattern' ? reading.warnings : [], [
      '`10.1.2.3/8` has host bits set: it means `10.0.0.0/8`, write that',
    ]);
    const clean = readNetworkPattern('10.0.0.0/8');
    assert.deepEqual(clean.kind === 'pattern' ? clean.warnings : null, []);
  });

  it('matches globs label by label', () => {
    assert.ok(fits('crl*.example.com', 'crl3.example.com') && !fits('crl*.example.com', 'crl.x.example.com'));
    assert.ok(!fits('crl*.example.com', 'example.com') && !fits('crl*.example.com', 'a.crl3.example.com'));
    assert.ok(fits('a.*.x.com', 'a.b.x.com') && !fits('a.*.x.com', 'a.x.com') && !fits('a.*.x.com', 'a.b.c.x.com'));
    assert.ok(fits('*.api[12].x.com', 'a.api1.x.com') && !fits('*.api[12].x.com', 'api1.x.com'));
    assert.ok(!fits('*.api[12].x.com', 'a.b.api1.x.com') && !fits('*.api[12].x.com', 'a.api3.x.com'));
    assert.ok(
      fits('**.a*.x.com', 'p.q.ab.x.com') && fits('**.a*.x.com', 'p.a.x.com') && !fits('**.a*.x.com', 'ab.x.com'),
    );
    assert.ok(fits('*.*.x.com', 'a.b.x.com') && !fits('*.*.x.com', 'b.x.com') && !fits('*.*.x.com', 'a.b.c.x.com'));
    assert.ok(
      fits('*a*.*b*c*.*d*e*.x.com', '1a.2b3c.4d5e.x.com') && !fits('*a*.*b*c*.*d*e*.x.com', '1a.2c3b.4d5e.x.com'),
    );
    assert.ok(fits('*a*b*.c?[!1]*d.x.com', '1a2b3.cxyzd.x.com') && !fits('*a*b*.c?[!1]*d.x.com', '1a2b3.cx1zd.x.com'));
  });

  it('says what to write instead of each refused form', () => {
    for (const [text, advice] of [
      ['*', '`**`'],
      ['*.', '`**`'],
      ['**.', '`**`'],
      ['*:443', '`**:443`'],
      [':443', '`**:443`'],
      ['', '`example.com`'],
      ['2001:db8::1', '`[2001:db8::1]` or `2001:db8::1/128`'],
      ['2001:db8::1:443:x', '`[2001:db8::1]:443`'],
      ['example.com:80-90', '`example.com:80`'],
      ['example.com:', '`example.com:443`'],
      ['**:', '`**`'],
      ['example.com:*', '`example.com`'],
      ['example.com:0443', '`example.com:443`'],
      ['example.com:0', '1 to 65535'],
      ['example.com:65536', '1 to 65535'],
      ['example.com:99999999999', '1 to 65535'],
      ['example.com:-1', '`example.com:443`'],
      ['example.com:https', '`example.com:443`'],
      ['[::1]:0', '`[::1]:443`'],
      ['10.0.0.0/8:443', 'prefix alone'],
      ['10.0.0.0/08', '`10.0.0.0/8`'],
      ['10.0.0.0/33', '0 to 32'],
      ['::/129', '0 to 128'],
      ['10.0.0.0/', '`10.0.0.0/24`'],
      ['::/', '`::/64`'],
      ['[2001:db8::]/32', '`2001:db8::/32`'],
      ['010.0.0.0/8', '`10.0.0.0/24`'],
      ['2001:db8:::/32', '`10.0.0.0/24`'],
      ['example.com/path', '`example.com:443`'],
      ['[example]/path', '`example.com:443`'],
      ['https://example.com', '`example.com:443`'],
      ['a.**.com', '`**.example.com`'],
      ['a**.com', 'one `*` inside a label'],
      ['***.example.com', '`**.example.com`'],
      ['**.**.com', '`**.example.com`'],
      ['example.*', '`example.org`'],
      ['api?', 'each ending'],
      ['10.0.0.*', '`10.0.0.0/24`'],
      ['10.*.*.*', '`10.0.0.0/8`'],
      ['10.0.*.1', '`10.0.0.0/24`'],
      ['*.168.0.0', '`10.0.0.0/24`'],
      ['10.0.0.[12]', '`10.0.0.0/24`'],
      ['x*.5', '`10.0.0.0/24`'],
      ['0x7f.1', '`127.0.0.1`'],
      ['127.1', '`127.0.0.1`'],
      ['010.0.0.1', '`8.0.0.1`'],
      ['**.1', '`10.0.0.0/24`'],
      ['foo.09', '`10.1.2.3`'],
      ['user@example.com', 'after the `@`'],
      ['a.com,b.com', 'resource of its own'],
      ['\\*.example.com', 'no escapes'],
      ['%65xample.com', 'percent escapes'],
      ['[fe80::1%eth0]', 'zone ids'],
      ['[[:alpha:]].x.com', '`[a-z]`'],
      ['[^a].x.com', '`[!1]`'],
      ['^a.x.com', 'regular expressions'],
      ['{a|b}.x.com', 'resource of its own'],
      ['[ab.x.com', 'never closed'],
      ['[::1', '`[2001:db8::1]:443`'],
      ['[::g]', '`[2001:db8::1]:443`'],
      ['[::1]443', '`[::1]:443`'],
      ['a..b', 'without leading or doubled dots'],
      ['.example.com', 'without leading or doubled dots'],
      ['a b.com', 'host alone'],
      ['example.com\n', 'host alone'],
      ['example.com\0', 'host alone'],
      ['a!b.com', '`!`'],
      ['~example.com', '`~`'],
      ['xn--a.com', 'IDNA'],
      ['a\u2024b.com', 'IDNA'],
      ['＊.example.com', 'IDNA'],
      ['é*.example.com', 'ASCII'],
      ['a\ud800.com', 'UTF-8'],
      [`${'a'.repeat(64)}.com`, '63 bytes'],
      [`${'a'.repeat(63)}*.com`, '63 bytes'],
      [`${'a.'.repeat(130)}com`, '253 bytes'],
      [`${'é.'.repeat(60)}com`, '253 bytes'],
      ['a'.repeat(1_000_000), '253 bytes'],
    ] as const) {
      const message = refusal(text);
      assert.ok(message.includes(advice), `${text.slice(0, 50)}: ${message.slice(0, 300)}`);
      assert.ok(message.startsWith('`') && message.length < 400, message.slice(0, 500));
    }
  });

  it('refuses what is no string', () => {
    for (const value of [null, undefined, true, 5, ['**'], {}]) assert.match(refusal(value), /is a string/);
  });

  it('gives plain data that can be cloned', () => {
    for (const text of ['**', 'a*.x.com:1', '[::1]', '10.0.0.0/8']) {
      assert.deepEqual(structuredClone(pattern(text)), pattern(text));
    }
  });
});

describe('isNarrowNetwork', () => {
  it('takes names, addresses and long prefixes', () => {
    for (const text of [
      'example.com',
      'localhost:80',
      'github.io',
      '10.1.2.3',
      '[::1]',
      '10.0.0.0/16',
      '2001:db8::/48',
      '1.2.3.4/32',
    ]) {
      assert.ok(isNarrowNetwork(pattern(text)), text);
    }
    for (const text of [
      '*.example.com',
      '**.example.com:443',
      'a*.b.example.com',
      '*.*.example.com',
      '**.corp.internal',
      '*.www.ck',
      '*.city.kawasaki.jp',
    ]) {
      assert.ok(isNarrowNetwork(pattern(text)), text);
    }
  });

  it('refuses everything, short prefixes, single labels and public suffixes, ICANN and private', () => {
    const wide = [
      '**',
      '**:443',
      '10.0.0.0/15',
      '0.0.0.0/0',
      '2001:db8::/47',
      '*.com',
      '**.internal',
      'a*.com',
      '*.*.com',
      'a.b*.org',
    ];
    wide.push('*.co.uk', '**.github.io', 'api?.s3.amazonaws.com', '*.foo.ck', '*.公司.cn', '*.xn--55qx5d.cn');
    for (const text of wide) assert.equal(isNarrowNetwork(pattern(text)), false, text);
  });
});

/** What a name with at most one leading wildcard means, label by label (Names 1 and 2); null where it is none. */
function byLabels(text: string): string | null {
  const [first = '', ...rest] = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  const lead = first === '*' || first === '**' ? first : '';
  const labels = lead === '' ? [first, ...rest] : rest;
  if (labels.length === 0 || labels.some((label) => !/^[a-z0-9_-]{1,63}$/i.test(label))) return null;
  const mapped = labels.map(mapLabel);
  const name = mapped.join('.');
  if (mapped.includes(null) || name.length > 253 || text.length > 254) return null;
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/.test(mapped.at(-1) ?? '')) return null;
  return `${{ '': 'name', '*': 'one', '**': 'deep' }[lead]} ${name}`;
}

describe('a name in plain ASCII', () => {
  it('means what its labels mean one by one', () => {
    const piece = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...Array.from('abcxnABXN0189-_..')) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          'xn--',
          'XN--bcher-kva',
          '--',
          '0x',
          '.com',
          '*.',
          '**.',
          '*',
          'a'.repeat(63),
          '.b1',
        ),
      },
    );
    const lead = fc.constantFrom('', '', '*.', '**.', '***.');
    let names = 0;
    fc.assert(
      fc.property(lead, fc.array(piece, { minLength: 1, maxLength: 14 }), (before, pieces) => {
        const text = before + pieces.join('');
        const expected = byLabels(text);
        const reading = readNetworkPattern(text);
        const found = reading.kind === 'pattern' ? reading.pattern : null;
        const plain = found?.kind === 'name' || found?.kind === 'one' || found?.kind === 'deep';
        assert.equal(plain ? brief(text) : null, expected === null ? null : `${expected} any port`, text);
        if (expected !== null) names += 1;
      }),
      trying(20_000),
    );
    assert.ok(names > inputs(4_000), `only ${names} names were compared`);
  });
});

describe('what to write instead', () => {
  const LONG = 'a'.repeat(300);

  it('is said of ports, whatever stands before them', () => {
    for (const [text, message] of [
      ['a.example:0443', 'has a port with leading zeros: write `a.example:443`'],
      ['a.example:0080', 'has a port with leading zeros: write `a.example:80`'],
      ['a.example:000065535', 'has a port with leading zeros: write `a.example:65535`'],
      ['a.example:00', 'has no port from 1 to 65535 after its `:`: write for instance `a.example:443`'],
      ['a.example:65536', 'has no port from 1 to 65535 after its `:`: write for instance `a.example:443`'],
      ['a.example:8a', 'has no port from 1 to 65535 after its `:`: write for instance `a.example:443`'],
      ['a.example:80-90', 'has a port range: write one resource a port, such as `a.example:80`'],
      ['a.example:80-', 'has a port range: write one resource a port, such as `a.example:80`'],
      ['a.example:80-x', 'has no port from 1 to 65535 after its `:`: write for instance `a.example:443`'],
      ['a.example:x80-90', 'has no port from 1 to 65535 after its `:`: write for instance `a.example:443`'],
      ['a.example:*', 'has a port wildcard: write `a.example`, which means every port'],
      [':0', 'has no port from 1 to 65535 after its `:`: write for instance `**:443`'],
      ['*:0', 'has no port from 1 to 65535 after its `:`: write for instance `**:443`'],
      [':', 'has a `:` without a port: write `**` for every port or `**:443` for one'],
      ['a.b:', 'has a `:` without a port: write `a.b` for every port or `a.b:443` for one'],
    ] as const) {
      assert.equal(refusal(text), `\`${text}\` ${message}`);
    }
  });

  it('is said of prefixes', () => {
    for (const [text, message] of [
      ['10.0.0.0/08', 'has a leading zero in its length: write `10.0.0.0/8`'],
      ['10.0.0.0/008', 'has a leading zero in its length: write `10.0.0.0/8`'],
      ['10.0.0.0/33', 'has no length from 0 to 32: write for instance `10.0.0.0/24`'],
      ['10.0.0.0/x08', 'has no length from 0 to 32: write for instance `10.0.0.0/24`'],
      ['10.0.0.0/08x', 'has no length from 0 to 32: write for instance `10.0.0.0/24`'],
      ['2001:db8::/129', 'has no length from 0 to 128: write for instance `2001:db8::/64`'],
      ['[2001:db8::]/32', 'is a prefix in brackets: write `2001:db8::/32`'],
      ['10.0.0/8', 'is no prefix: write four decimal parts or an IPv6 address before the `/`, such as `10.0.0.0/24`'],
      [
        'a.example/x1',
        'has a path, which a network resource never has: write the host alone, such as `example.com:443`',
      ],
    ] as const) {
      assert.equal(refusal(text), `\`${text}\` ${message}`);
    }
    assert.match(refusal('a.example/'), /has a path/);
  });

  it('is said of what is too long for any resource', () => {
    assert.match(refusal(`${LONG}a`), /is longer than a name of 253 bytes with a port/);
    assert.doesNotMatch(refusal(LONG), /with a port$/);
  });

  it('is said of labels with globs, and of numbers in other digits', () => {
    assert.equal(refusal('a[.example.com'), '`a[.example.com` has the label `a[`, where a `[` is never closed');
    assert.equal(
      refusal('a[b-a].example.com'),
      '`a[b-a].example.com` has the label `a[b-a]`, where `b-a` is no range from a letter to a later one or a digit to a later one',
    );
    assert.match(refusal('a[a^].example.com'), /`a\[a\^\]\.example\.com` (?:has the label|holds)/);
    assert.match(refusal('10.0.a*.*'), /for instance `10\.0\.0\.0\/24`|has a glob in its last label/);
    assert.match(refusal('10.0.*.1*'), /is an address with a glob: write a prefix, for instance/);
    assert.match(refusal('example.\uff11\uff12\uff13'), /ends in a number and is no IPv4 address/);
    assert.equal(brief('a[b-b]c.example.com'), 'glob example.com any port');
  });

  it('is nothing for a suffix of one label: it is never narrow', () => {
    for (const text of ['**.internal', '*.com', '**.co.uk']) assert.equal(isNarrowNetwork(pattern(text)), false, text);
  });
});

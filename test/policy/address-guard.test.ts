import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  denyAliases,
  extraDenyForms,
  type GuardHit,
  guardedRanges,
  isLocalhost,
  isMetadata,
  liftsGuard,
  nameLiftsGuard,
} from '../../src/policy/address-guard.ts';
import { type Address, contains, type Prefix, readAddress, readPrefix } from '../../src/policy/resource/address.ts';
import { type Hostname, readHost } from '../../src/policy/resource/hostname.ts';
import { type NetworkPattern, readNetworkPattern } from '../../src/policy/resource/network-pattern.ts';

function address(text: string): Address {
  return readAddress(text) ?? assert.fail(`${text} is an address`);
}

function prefix(text: string): Prefix {
  const reading = readPrefix(text);
  return reading.kind === 'prefix' ? reading.prefix : assert.fail(`${text} is a prefix`);
}

function name(text: string): Hostname {
  const reading = readHost(text);
  return reading.kind === 'name' ? reading.name : assert.fail(`${text} is a name`);
}

function pattern(text: string): NetworkPattern {
  const reading = readNetworkPattern(text);
  return reading.kind === 'pattern' ? reading.pattern : assert.fail(reading.message);
}

function hits(text: string, metadata: readonly string[] = [], nat64: readonly string[] = []): readonly GuardHit[] {
  return guardedRanges(address(text), metadata.map(address), nat64.map(prefix));
}

function names(found: readonly GuardHit[]): string[] {
  return found.map((hit) => `${hit.range.name}${hit.direct ? '' : ' (embedded)'}`);
}

/** The bits of an address or prefix that holds the address; null = it holds another, or none. */
function lengthAround(found: NetworkPattern, asked: Address): number | null {
  if (found.kind === 'address') return found.address.text === asked.text ? 32 * asked.words.length : null;
  return found.kind === 'prefix' && contains(found.prefix, asked) ? found.prefix.length : null;
}

/** The ranges of `text` that an allow of `resource` leaves guarded. */
function left(text: string, resource: string): string[] {
  const length = lengthAround(pattern(resource), address(text));
  return names(hits(text).filter((hit) => length === null || !liftsGuard(length, address(text), hit)));
}

describe('guardedRanges', () => {
  it('knows every range of semantics 4.3 by its edges', () => {
    for (const [range, inside, outside] of [
      [
        'loopback',
        ['127.0.0.0', '127.255.255.255', '::1', '::ffff:127.0.0.1'],
        ['126.255.255.255', '128.0.0.0', '::1:0:0:1'],
      ],
      ['unspecified', ['0.0.0.0', '0.255.255.255', '::'], ['1.0.0.0']],
      [
        'link-local',
        ['169.254.0.0', '169.254.255.255', 'fe80::', 'febf:ffff::1'],
        ['169.253.255.255', '169.255.0.0', 'fec0::'],
      ],
      [
        'multicast and broadcast',
        ['224.0.0.0', '239.255.255.255', '255.255.255.255', 'ff00::', 'ff02::1'],
        ['223.255.255.255', '240.0.0.0', '255.255.255.254', 'fe00::1'],
      ],
    ] as const) {
      for (const text of inside) assert.deepEqual(names(hits(text)), [range], text);
      for (const text of outside) assert.deepEqual(names(hits(text)), [], text);
    }
  });

  it('knows every metadata address, and those of the config', () => {
    for (const text of [
      '168.63.129.16',
      '192.0.0.192',
      '100.100.100.200',
      'fd00:ec2::254',
      'fd00:ec2::23',
      'fd20:ce::254',
    ]) {
      assert.deepEqual(names(hits(text)), ['metadata'], text);
    }
    for (const text of ['169.254.169.254', '169.254.170.2', '169.254.170.23']) {
      assert.deepEqual(names(hits(text)), ['link-local', 'metadata'], text);
    }
    assert.deepEqual(names(hits('10.0.0.9')), []);
    assert.deepEqual(names(hits('10.0.0.9', ['10.0.0.9'])), ['metadata']);
    assert.deepEqual(names(hits('64:ff9b::10.0.0.9', ['10.0.0.9'])), ['metadata (embedded)']);
    assert.deepEqual(names(hits('169.254.169.254', ['169.254.169.254'])), ['link-local', 'metadata']);
  });

  it('leaves private and public addresses to rules', () => {
    for (const text of ['10.0.0.1', '192.168.1.1', '172.16.0.1', '100.64.0.1', 'fd00::1', '8.8.8.8', '2001:db8::1']) {
      assert.deepEqual(hits(text), [], text);
    }
  });

  it('looks through every form of Names 5', () => {
    for (const text of [
      '64:ff9b::a9fe:a9fe',
      '2002:a9fe:a9fe::',
      '2001::5601:5601',
      '2001:db8::5efe:169.254.169.254',
      '::ffff:0:169.254.169.254',
      '::169.254.169.254',
    ]) {
      assert.deepEqual(names(hits(text)), ['link-local (embedded)', 'metadata (embedded)'], text);
    }
    assert.deepEqual(names(hits('2001:db8:1::7f00:1', [], ['2001:db8:1::/96'])), ['loopback (embedded)']);
    assert.deepEqual(names(hits('2001:db8:1::7f00:1')), []);
    assert.equal(hits('64:ff9b::7f00:1')[0]?.form.text, '127.0.0.1');
  });

  it('counts a range once, and as direct if the dialled address itself lies in it', () => {
    assert.deepEqual(names(hits('fe80::5efe:169.254.1.1')), ['link-local']);
    assert.deepEqual(names(hits('fe80::5efe:127.0.0.1')), ['link-local', 'loopback (embedded)']);
  });
});

describe('liftsGuard', () => {
  it('lifts every range by naming the dialled address', () => {
    for (const text of ['169.254.169.254', '127.0.0.1', '255.255.255.255']) {
      assert.deepEqual(left(text, text), [], text);
      assert.deepEqual(left(text, `${text}/32`), [], text);
      assert.deepEqual(left(text, `${text}:443`), [], text);
    }
    assert.deepEqual(left('fd00:ec2::254', 'fd00:ec2::254/128'), []);
    assert.deepEqual(left('64:ff9b::a9fe:a9fe', '[64:ff9b::a9fe:a9fe]'), []);
  });

  it('lifts a range by a prefix wholly inside it, and no other', () => {
    assert.deepEqual(left('127.0.0.1', '127.0.0.0/8'), []);
    assert.deepEqual(left('127.0.0.1', '127.0.0.0/24'), []);
    assert.deepEqual(left('127.0.0.1', '126.0.0.0/7'), ['loopback']);
    assert.deepEqual(left('127.0.0.1', '0.0.0.0/0'), ['loopback']);
    assert.deepEqual(left('127.1.0.1', '127.0.0.0/16'), ['loopback']);
    assert.deepEqual(left('fe80::1', 'fe80::/64'), []);
    assert.deepEqual(left('fe80::1', 'fe00::/8'), ['link-local']);
  });

  it('lifts a metadata address by nothing but that address', () => {
    assert.deepEqual(left('169.254.169.254', '169.254.0.0/16'), ['metadata']);
    assert.deepEqual(left('169.254.169.254', '169.254.169.254/31'), ['metadata']);
    assert.deepEqual(left('100.100.100.200', '100.100.100.0/24'), ['metadata']);
    assert.deepEqual(left('169.254.169.254', '**'), ['link-local', 'metadata']);
    assert.deepEqual(left('169.254.169.254', 'metadata.example.com'), ['link-local', 'metadata']);
  });

  it('lifts what only an embedded form lies in by naming the dialled address alone', () => {
    assert.deepEqual(left('64:ff9b::7f00:1', '127.0.0.1'), ['loopback (embedded)']);
    assert.deepEqual(left('64:ff9b::7f00:1', '127.0.0.0/8'), ['loopback (embedded)']);
    assert.deepEqual(left('64:ff9b::7f00:1', '64:ff9b::/96'), ['loopback (embedded)']);
    assert.deepEqual(left('64:ff9b::7f00:1', '64:ff9b::7f00:1/128'), []);
  });

  it('lets localhost and names below it be loopback, and nothing else', () => {
    const [loopback] = hits('127.0.0.1');
    const [embedded] = hits('64:ff9b::7f00:1');
    const [linkLocal] = hits('169.254.1.1');
    assert.ok(loopback && embedded && linkLocal);
    assert.ok(nameLiftsGuard(name('localhost'), loopback) && nameLiftsGuard(name('app.localhost'), loopback));
    assert.ok(
      !nameLiftsGuard(name('localhost.example.com'), loopback) && !nameLiftsGuard(name('mylocalhost'), loopback),
    );
    assert.ok(!nameLiftsGuard(name('localhost'), embedded) && !nameLiftsGuard(name('localhost'), linkLocal));
    assert.ok(isLocalhost(name('a.b.localhost')) && !isLocalhost(name('localhost.a')));
    assert.deepEqual([loopback, linkLocal, ...hits('168.63.129.16')].map(isMetadata), [false, false, true]);
  });
});

describe('denyAliases', () => {
  const texts = (found: { names: readonly string[]; addresses: readonly Address[] }) => [
    ...found.names,
    ...found.addresses.map((one) => one.text),
  ];

  it('tests localhost, what is below it and loopback addresses as one another', () => {
    const all = ['localhost', '127.0.0.1', '::1'];
    for (const text of ['app.localhost', 'host.docker.internal'])
      assert.deepEqual(texts(denyAliases(name(text))), all, text);
    for (const text of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '::', '::ffff:127.0.0.1']) {
      assert.deepEqual(texts(denyAliases(address(text))), all, text);
    }
    assert.deepEqual(texts(denyAliases(name('localhost'))), ['localhost', 'host.docker.internal', '127.0.0.1', '::1']);
  });

  it('gives nothing to other names and addresses', () => {
    for (const text of ['example.com', 'localhost.example.com', 'xlocalhost', 'a.host.docker.internal']) {
      assert.deepEqual(texts(denyAliases(name(text))), [], text);
    }
    for (const text of ['0.0.0.1', '128.0.0.1', '::2', '10.0.0.1', '64:ff9b::7f00:1']) {
      assert.deepEqual(texts(denyAliases(address(text))), [], text);
    }
  });

  it('lists what is tested beside the destination: what addresses embed, and the aliases of each', () => {
    const extra = (
      host: string | null,
      addresses: readonly string[],
      nat64: readonly string[] = [],
    ): string[] | null => {
      const found = extraDenyForms(host === null ? null : name(host), addresses.map(address), nat64.map(prefix));
      return found === null ? null : [...new Set(texts(found))];
    };
    for (const plain of ['10.0.0.1', '2600:1::1', '2001:db8::1'])
      assert.equal(extra('example.com', [plain]), null, plain);
    assert.deepEqual(extra('localhost', []), ['localhost', 'host.docker.internal', '127.0.0.1', '::1']);
    assert.deepEqual(extra(null, ['10.0.0.1', '::1']), ['localhost', '127.0.0.1', '::1']);
    assert.deepEqual(extra(null, ['64:ff9b::7f00:1']), ['localhost', '127.0.0.1', '::1']);
    assert.deepEqual(extra(null, ['2002:a00:1::1']), ['10.0.0.1']);
    assert.deepEqual(extra(null, ['2600::5efe:10.0.0.1']), ['10.0.0.1']);
    assert.deepEqual(extra(null, ['2001:db8::a00:1'], ['2001:db8::/96']), ['10.0.0.1']);
  });
});

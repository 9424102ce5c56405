import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALLOW_ALL, type Json, judge, rule, TCP, tcp, verdict } from './eval-case.ts';

// The ways around a network policy that others have been caught by. Each is answered safely; an allow would be a bypass.

function denied(org: readonly Json[], requests: readonly Json[]): void {
  for (const request of requests) assert.notEqual(verdict(org, request), 'allow', JSON.stringify(request));
}

const byName = (...resources: readonly string[]): Json[] => [ALLOW_ALL, rule('deny', TCP, ...resources)];
const onlyName = (...resources: readonly string[]): Json[] => [rule('allow', TCP, ...resources)];

test('1 an empty list of rules means nothing is allowed, not everything', () => {
  for (const more of [
    {},
    { governed: {} },
    { policies: [] },
    { policies: [{ id: 'p', allowlist_v0: { rules: [] } }] },
  ]) {
    for (const request of [tcp('a.example.com'), { action: 'read', path: '/x' }, { action: 'write', path: '/x' }]) {
      assert.equal(verdict([], request, more), 'deny', JSON.stringify({ more, request }));
    }
  }
});

test('3 a local allow grants nothing in a domain that the organisation governs', () => {
  const local = [rule('allow', TCP, 'a.example.com'), rule('allow', ['read'], '/data/**')];
  for (const request of [tcp('a.example.com'), { action: 'read', path: '/data/x' }]) {
    assert.equal(verdict([], request, { local }), 'deny');
    assert.equal(verdict([], request, { local, governed: {} }), 'allow', 'the same file works where nobody governs');
  }
});

test('8 a NUL in a host is refused, wherever it stands', () => {
  denied(
    onlyName('**.example.com', 'evil.test'),
    [
      'evil.test\0.example.com',
      '\0.example.com',
      'a.example.com\0',
      'a\0.example.com',
      'evil.test\\0.example.com',
      'evil.test%00.example.com',
    ].map((host) => tcp(host)),
  );
  assert.equal(judge(onlyName('**.example.com'), tcp('x\0.example.com')).code, 'invalid_request');
});

test('9 a name that only ends or begins like an allowed one is another name', () => {
  denied(
    onlyName('example.com', '*.example.com', '**.example.com'),
    ['evilexample.com', 'example.com.evil.test', 'xexample.com', 'a-example.com', 'example.comm', 'example.co'].map(
      (host) => tcp(host),
    ),
  );
});

test('10 one star is exactly one label, and neither star is the apex', () => {
  denied(onlyName('*.example.com'), [tcp('example.com'), tcp('a.b.example.com'), tcp('.example.com')]);
  denied(onlyName('**.example.com'), [tcp('example.com')]);
  assert.equal(verdict(onlyName('*.example.com'), tcp('a.example.com')), 'allow');
});

test('11 full-width letters and the other dots do not hide a denied host', () => {
  denied(
    byName('evil.example.com'),
    [
      'evil\u3002example\u3002com',
      'evil\uff0eexample\uff0ecom',
      'evil\uff61example\uff61com',
      '\uff45\uff56\uff49\uff4c.example.com',
      '\u24d4\u24e5\u24d8\u24db.example.com',
      'ev\u00adil.example.com',
      'ev\u200bil.example.com',
      'evil.example\u3002com.',
    ].map((host) => tcp(host)),
  );
});

test('12 upper case and a trailing dot do not hide a denied host', () => {
  denied(
    byName('evil.example.com'),
    ['EVIL.example.com', 'evil.example.com.', 'Evil.Example.COM.'].map((host) => tcp(host)),
  );
  assert.equal(verdict(byName('evil.example.com'), tcp('other.example.com.')), 'allow');
});

test('13 an IPv4 address of a denied range is itself in every spelling', () => {
  const spelled = [
    '0xcb.0.0x71.7',
    '0313.0.0161.07',
    '3405803783',
    '0xcb007107',
    '203.28935',
    '203.0.28935',
    '203.0.113.7.',
    '203.0.113.007',
  ];
  denied(
    byName('203.0.113.0/24'),
    spelled.map((host) => tcp(host)),
  );
  denied(
    byName('203.0.113.0/24'),
    spelled.map((ip) => ({ action: 'connect:tcp', ip, port: 443 })),
  );
});

test('14 a mapped IPv4 address is the IPv4 address', () => {
  const mapped = ['::ffff:203.0.113.7', '::FFFF:cb00:7107', '0:0:0:0:0:ffff:203.0.113.7'];
  denied(byName('203.0.113.0/24'), [
    ...mapped.map((ip) => ({ action: 'connect:tcp', ip, port: 443 })),
    ...mapped.map((ip) => tcp('a.example.com', 443, { ip })),
    ...mapped.map((ip) => tcp(`[${ip}]`)),
    ...mapped.map((ip) => tcp(ip)),
  ]);
});

test('15 an allowed name that leads to a denied address is denied', () => {
  const org = [...onlyName('a.example.com'), rule('deny', TCP, '203.0.113.0/24')];
  denied(org, [
    tcp('a.example.com', 443, { ip: '203.0.113.7' }),
    tcp('a.example.com', 443, { ip: ['192.0.2.1', '203.0.113.7'] }),
    // rebinding: without any deny at all
    ...['127.0.0.1', '169.254.169.254', '::1', '0.0.0.0', 'fe80::1'].map((ip) => tcp('a.example.com', 443, { ip })),
  ]);
  assert.equal(verdict(org, tcp('a.example.com', 443, { ip: '192.0.2.1' })), 'allow');
});

test('16 an allow of one port says nothing of another', () => {
  denied(onlyName('a.example.com:443', '192.0.2.1:22', '**:8080'), [
    tcp('a.example.com', 8443),
    tcp('a.example.com', 80),
    tcp('192.0.2.1', 443),
    { action: 'connect:tcp', ip: '192.0.2.1', port: 2222 },
  ]);
});

test('17 an allow of TCP says nothing of UDP', () => {
  denied(onlyName('a.example.com', '192.0.2.0/24'), [
    { ...tcp('a.example.com'), action: 'connect:udp' },
    { action: 'connect:udp', ip: '192.0.2.1', port: 443 },
  ]);
});

test('20 a deny that cannot be read closes its domain instead of being left out', () => {
  for (const resource of [
    '10.0.0.*',
    'a.example.com:443-445',
    '*',
    '^evil',
    'https://evil.test',
    '10.0.0.0/33',
    'evil.test/*',
    '',
  ]) {
    assert.equal(
      judge([ALLOW_ALL, rule('deny', TCP, resource)], tcp('a.example.com')).code,
      'policy_invalid',
      resource,
    );
  }
  const whole: readonly Json[] = [
    { decision: 'deny' },
    { decision: 'Deny', actions: TCP, resources: ['evil.test'] },
    { decision: 'deny', actions: ['connect:any'], resources: ['evil.test'] },
    { decision: 'deny', actions: TCP, resources: ['evil.test'], except: ['x'] },
  ];
  for (const odd of whole)
    assert.equal(judge([ALLOW_ALL, odd], tcp('a.example.com')).code, 'policy_invalid', JSON.stringify(odd));
});

test('60 zone ids are refused, and a denied IPv4 address is found inside NAT64, 6to4 and their like', () => {
  const org = byName('203.0.113.0/24');
  const inside = [
    '64:ff9b::203.0.113.7',
    '64:ff9b::cb00:7107',
    '64:ff9b:1::cb00:7107',
    '64:ff9b:1:cb00:71:700::',
    '2002:cb00:7107::1',
    '2001:0:c000:201:0:0:34ff:8ef8',
    'fe80::5efe:203.0.113.7',
    '::ffff:0:203.0.113.7',
    '::203.0.113.7',
  ];
  denied(
    org,
    inside.map((ip) => ({ action: 'connect:tcp', ip, port: 443 })),
  );
  denied(
    org,
    inside.map((ip) => tcp('a.example.com', 443, { ip })),
  );
  for (const zoned of ['fe80::1%eth0', '203.0.113.7%1', '[fe80::1%25eth0]']) {
    assert.equal(judge([ALLOW_ALL], tcp(zoned)).code, 'invalid_request', zoned);
    assert.equal(judge([ALLOW_ALL], { action: 'connect:tcp', ip: zoned, port: 443 }).code, 'invalid_request', zoned);
  }
});

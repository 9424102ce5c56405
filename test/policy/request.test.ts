import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/policy/decide.ts';
import { canonicalOf, type Request, readRequest, withReal } from '../../src/policy/request.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';
import { setOf, snapshotOf } from './asking.ts';

const NET = { action: 'connect:tcp', host: 'a.example.com', port: 443 };
const FILE = { action: 'read', path: '/data/x' };

/** How a value is read: `request`, `invalid` (a decision) or `400`. */
function kindOf(value: unknown): string {
  const reading = readRequest(value);
  if (reading.kind === 'not_a_request') return '400';
  return reading.request.kind === 'invalid' ? 'invalid' : 'request';
}

function read(value: unknown): Request {
  const reading = readRequest(value);
  return reading.kind === 'request' ? reading.request : assert.fail(reading.message);
}

/** The request as the answer repeats it. */
function canonical(value: unknown): unknown {
  const request = read(value);
  return request.kind === 'invalid' ? request.reason : canonicalOf(request);
}

function assertKind(kind: string, values: readonly unknown[]): void {
  for (const value of values) assert.equal(kindOf(value), kind, JSON.stringify(value));
}

describe('readRequest', () => {
  it('takes a network request by name, by address, and by both', () => {
    assertKind('request', [
      NET,
      { ...NET, action: 'connect:udp' },
      { action: 'connect:tcp', ip: '192.0.2.1', port: 1 },
      { action: 'connect:tcp', ip: ['192.0.2.1', '2001:db8::1'], port: 65_535 },
      { ...NET, ip: '192.0.2.1' },
      { ...NET, ip: Array.from({ length: 64 }, (_, index) => `192.0.2.${index}`) },
    ]);
  });

  it('takes `null` for `host` or `ip` as absence', () => {
    assertKind('request', [
      { ...NET, ip: null },
      { ...NET, host: null, ip: '192.0.2.1' },
    ]);
    assertKind('invalid', [
      { ...NET, host: null },
      { ...NET, host: null, ip: null },
      { action: 'connect:tcp', port: 443 },
    ]);
  });

  it('takes a filesystem request, resolved or not', () => {
    assertKind('request', [
      FILE,
      { ...FILE, action: 'write' },
      { ...FILE, recursive: true },
      { ...FILE, recursive: false, resolved: false },
      { ...FILE, real: '/srv/x' },
      { ...FILE, real: '/' },
      { ...FILE, path: '/data//./x/', real: '/data/x', resolved: true },
    ]);
  });

  it('records labels and lets them decide nothing', () => {
    const labels = { sandbox: 's', agent: 'a', user: 'root', process: 'p', labels: { team: 'ops', deep: [1] } };
    assert.deepEqual(canonical({ ...NET, ...labels }), canonical(NET));
    assert.deepEqual(canonical({ ...FILE, ...labels }), canonical(FILE));
    assertKind('400', [
      { ...NET, sandbox: 1 },
      { ...NET, agent: null },
      { ...NET, labels: 'x' },
      { ...NET, labels: ['x'] },
      { ...NET, labels: null },
    ]);
  });

  it('answers 400 to what is no object, and to an action, key or type that is not one of the known ones', () => {
    assertKind('400', [
      null,
      undefined,
      true,
      0,
      'connect:tcp',
      [],
      [NET],
      {},
      { ...NET, action: undefined },
      { ...NET, action: null },
      { ...NET, action: 'CONNECT:TCP' },
      { ...NET, action: 'connect' },
      { ...NET, action: ['connect:tcp'] },
      { ...NET, action: 'constructor' },
      { ...NET, policy: 'mine' },
      { ...NET, teams: [] },
      { ...NET, path: '/x' },
      { ...NET, constructor: {} },
      { ...FILE, port: 1 },
      { ...FILE, host: 'x' },
      JSON.parse('{"action":"read","path":"/x","__proto__":{}}'),
    ]);
  });

  it('answers 400 to a missing or `null` required member and to a value of another type', () => {
    assertKind('400', [
      { action: 'connect:tcp', host: 'a.example.com' },
      { ...NET, port: null },
      { ...NET, port: '443' },
      { ...NET, port: 443.5 },
      { ...NET, port: true },
      { ...NET, port: [443] },
      { ...NET, host: 1 },
      { ...NET, host: ['a.example.com'] },
      { ...NET, host: { name: 'a.example.com' } },
      { ...NET, ip: 2_130_706_433 },
      { ...NET, ip: ['192.0.2.1', null] },
      { ...NET, ip: { 0: '192.0.2.1' } },
      { action: 'read' },
      { ...FILE, path: null },
      { ...FILE, path: ['/data'] },
      { ...FILE, real: null },
      { ...FILE, real: 1 },
      { ...FILE, resolved: 'true' },
      { ...FILE, resolved: null },
      { ...FILE, recursive: 1 },
      { ...FILE, recursive: null },
      { ...FILE, uid: '0' },
      { ...FILE, uid: 1.5 },
      { ...NET, uid: null },
    ]);
  });

  it('decides on the right shape with an unusable value: `invalid_request`', () => {
    assertKind('invalid', [
      { ...NET, port: 0 },
      { ...NET, port: -1 },
      { ...NET, port: 65_536 },
      { ...NET, port: 65_979 },
      { ...NET, port: Number.MAX_SAFE_INTEGER },
      { ...NET, host: '' },
      { ...NET, host: 'a b' },
      { ...NET, host: '', ip: '192.0.2.1' },
      { ...NET, ip: '' },
      { ...NET, ip: [] },
      { ...NET, ip: [''] },
      { ...NET, ip: ['192.0.2.1', '192.0.2.01'] },
      { ...NET, ip: Array.from({ length: 65 }, () => '192.0.2.1') },
      { ...NET, ip: 'fe80::1%eth0' },
      { ...NET, ip: '127.1' },
      { ...FILE, path: '' },
      { ...FILE, path: 'data/x' },
      { ...FILE, path: '~/x' },
      { ...FILE, path: '/data/\0x' },
      { ...FILE, path: `/${'x'.repeat(4_096)}` },
      { ...FILE, real: '' },
      { ...FILE, real: 'srv/x' },
      { ...FILE, real: '/srv//x' },
      { ...FILE, real: '/srv/./x' },
      { ...FILE, real: '/srv/../x' },
      { ...FILE, real: '/srv/x/' },
      { ...FILE, real: '/srv/x', resolved: true },
      { ...FILE, uid: -1 },
      { ...NET, uid: 0xffff_ffff },
    ]);
  });

  it('takes an address in `host` for the address, and refuses another one in `ip`', () => {
    assert.deepEqual(canonical({ ...NET, host: '0x7f.1' }), { action: 'connect:tcp', host: '127.0.0.1', port: 443 });
    assert.deepEqual(canonical({ ...NET, host: '[2001:DB8:0::1]', ip: ['2001:db8::1'] }), {
      action: 'connect:tcp',
      host: '2001:db8::1',
      port: 443,
    });
    assert.equal(kindOf({ ...NET, host: '192.0.2.1', ip: ['192.0.2.1', '::ffff:192.0.2.1'] }), 'request');
    assert.equal(kindOf({ ...NET, host: '192.0.2.1', ip: ['192.0.2.1', '192.0.2.2'] }), 'invalid');
  });

  it('is repeated in its canonical form', () => {
    assert.deepEqual(
      canonical({ ...NET, host: 'Bücher.Example.', ip: ['::ffff:192.0.2.1', '2001:DB8::0:1'], port: 443 }),
      {
        action: 'connect:tcp',
        host: 'xn--bcher-kva.example',
        ip: ['192.0.2.1', '2001:db8::1'],
        port: 443,
      },
    );
    assert.deepEqual(canonical({ action: 'connect:udp', ip: '192.0.2.1', port: 53 }), {
      action: 'connect:udp',
      ip: ['192.0.2.1'],
      port: 53,
    });
    assert.deepEqual(canonical({ ...FILE, path: '/data//a/../x/', real: '/srv/x', recursive: true }), {
      action: 'read',
      path: '/data/x',
      real: '/srv/x',
      recursive: true,
    });
    assert.deepEqual(canonical({ ...FILE, recursive: false }), { action: 'read', path: '/data/x' });
    assert.deepEqual(canonical({ ...FILE, resolved: true }), { action: 'read', path: '/data/x', real: '/data/x' });
  });

  it('keeps the path as it was sent, for the walk, with `..` in it', () => {
    const request = read({ ...FILE, path: '/data/./link//../x/' });
    assert.ok(request.kind === 'filesystem');
    assert.deepEqual([request.sent, request.lexical, request.real.kind], ['/data/link/../x', '/data/x', 'pending']);
    assert.deepEqual(withReal(request, { kind: 'real', real: '/x' }).real, { kind: 'real', real: '/x' });
  });

  it('says in one line what is wrong', () => {
    const reading = readRequest({ ...NET, ['a\n`b`']: 1 });
    assert.ok(reading.kind === 'not_a_request');
    assert.match(reading.message, /^unknown field `a\\u\{a\}\\u\{60\}b\\u\{60\}`$/);
  });
});

describe('the `uid` of a request', () => {
  const snapshot = (): Snapshot => snapshotOf(setOf({ preset: { name: 'open', rules: [] } }));
  const codeFor = (uid: number, asker: number | null): string =>
    decide(snapshot(), read({ ...FILE, resolved: true, uid }), { uid: asker }).code;

  it('may be another one only for root', () => {
    assert.equal(codeFor(1000, 1001), 'invalid_request');
    assert.equal(codeFor(0, 1001), 'invalid_request');
    assert.equal(codeFor(1000, null), 'invalid_request');
    assert.equal(codeFor(1000, 1000), 'default_deny');
    assert.equal(codeFor(1000, 0), 'default_deny');
  });
});

describe('what is wrong with a request', () => {
  const said = (value: unknown): string => {
    const asked = readRequest(value);
    if (asked.kind === 'not_a_request') return asked.message;
    return asked.request.kind === 'invalid' ? asked.request.reason : '';
  };

  it('is said in one line', () => {
    for (const [value, message] of [
      [7, 'a request is a JSON object'],
      [{ ...NET, action: 'fly' }, '`action` must be one of connect:tcp, connect:udp, read, write'],
      [{ ...NET, labels: [] }, '`labels` must be an object'],
      [{ ...NET, agent: 7 }, '`agent` must be a string'],
      [{ ...NET, uid: 1.5 }, '`uid` must be an integer'],
      [{ ...NET, uid: -1 }, '`uid` is no user id'],
      [{ ...NET, host: 7 }, '`host` must be a string'],
      [{ ...NET, ip: 7 }, '`ip` must be a string or an array of strings'],
      [{ ...NET, port: '443' }, '`port` must be an integer'],
      [{ ...NET, port: 0 }, 'the port must lie within 1–65535'],
      [{ action: 'connect:tcp', port: 1 }, 'a network request names a `host`, an `ip` or both'],
      [{ ...NET, host: '192.0.2.1', ip: '192.0.2.2' }, '`host` is an address and `ip` names another one'],
      [{ ...NET, ip: [] }, '`ip` must hold 1 to 64 addresses'],
      [{ ...NET, ip: 'fe80::1%lo' }, '`ip` must be a four-part decimal IPv4 or an IPv6 address without a zone'],
      [{ ...FILE, path: 7 }, '`path` must be a string'],
      [{ ...FILE, real: 7 }, '`real` must be a string'],
      [{ ...FILE, resolved: 1 }, '`resolved` must be true or false'],
      [{ ...FILE, recursive: 1 }, '`recursive` must be true or false'],
      [{ ...FILE, real: '/x/' }, '`real` must be absolute, without `//`, `.`, `..` and a trailing `/`'],
      [{ ...FILE, real: '/y', resolved: true }, '`resolved` says that `real` is `path`, and they differ'],
    ] as const) {
      assert.equal(said(value), message);
    }
  });

  it('is nothing for the least and the greatest user id', () => {
    for (const uid of [0, 4_294_967_294]) assert.equal(said({ ...NET, uid }), '', `${uid}`);
    for (const uid of [-1, 4_294_967_295]) assert.equal(said({ ...NET, uid }), '`uid` is no user id', `${uid}`);
  });
});

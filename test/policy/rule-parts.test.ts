import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/policy/decide.ts';
import {
  allow,
  ask,
  BOTH,
  connect,
  deny,
  denyRead,
  localFile,
  policy,
  reading,
  requestOf,
  rule,
  setOf,
  snapshotOf,
} from './asking.ts';

test('rules whose parts are kept in one place are each named as themselves', () => {
  const count = 8_195;
  const rules = Array.from({ length: count }, (_, index) => ({ ...allow(`h${index}.example.com`), id: `r${index}` }));
  const snapshot = snapshotOf(setOf({ governs: BOTH, policies: [policy(rules)] }));
  const named = (index: number): string | undefined =>
    decide(snapshot, requestOf(connect(`h${index}.example.com`)), { uid: 1000 }).rule?.id;
  // the first two and the last ones share their places
  for (const index of [0, 1, 8_192, 0, 8_193, 1, 1, 0, 8_192, 8_194, 2, 3, 8_194, 0, 8_193, 8_192, 1]) {
    assert.equal(named(index), `r${index}`);
  }
});

test('a rule is called by its name or id, its place by what the place is called', () => {
  const named = { ...deny('d.example.com'), id: 'r2', name: 'mirrors' };
  const policies = [
    policy([{ ...allow('a.example.com'), id: 'r1' }], { id: 'a', name: 'one' }),
    policy([named], { id: 'b', name: 'two' }),
    policy([{ ...denyRead('/etc/**'), id: 'r3' }], { id: 'c', name: 'three' }),
    policy([{ ...deny('e.example.com'), id: 'r4' }], { id: 'b', name: 'two again' }),
  ];
  const local = [localFile([{ ...deny('l.example.com'), id: 'r5' }])];
  const builtin = [rule('deny', ['write'], '/etc/reeve/**')];
  const set = setOf({ governs: BOTH, policies, local, builtin });
  for (const [request, reason] of [
    [
      connect('a.example.com'),
      'connect:tcp to a.example.com:443 is allowed by `a.example.com` (organisation policy `one`, rule `r1`)',
    ],
    [
      connect('d.example.com'),
      'connect:tcp to d.example.com:443 is denied: it matches `d.example.com` (organisation policy `two`, rule `mirrors`)',
    ],
    [
      connect('e.example.com'),
      'connect:tcp to e.example.com:443 is denied: it matches `e.example.com` (organisation policy `two again`, rule `r4`)',
    ],
    [
      reading('/etc/x'),
      'read of /etc/x is denied: the path matches `/etc/**` (organisation policy `three`, rule `r3`)',
    ],
    [
      connect('l.example.com'),
      'connect:tcp to l.example.com:443 is denied: it matches `l.example.com` (local file `10-mine.yaml`, rule `r5`)',
    ],
    [
      { action: 'write', path: '/etc/reeve/x' },
      "write of /etc/reeve/x is denied: the path matches `/etc/reeve/**` (reeve's own protection)",
    ],
  ] as const) {
    assert.equal(ask(set, request).reason, reason);
  }
  const open = setOf({ preset: { name: 'open', rules: [{ ...allow('**'), id: 'r6' }] } });
  assert.equal(
    ask(open, connect('a.example.com')).reason,
    'connect:tcp to a.example.com:443 is allowed by `**` (preset `open`, rule `r6`)',
  );
});

test('a name is told whole, with a byte order mark in front and more characters than there was room for', () => {
  const long = '\u20ac'.repeat(5_000);
  const names = ['\ufeffmarked', long, 'short', `${long}x`, '\ufeff'];
  const rules = names.map((name, index) => ({ ...deny(`h${index}.example.com`), name }));
  const set = setOf({ governs: BOTH, policies: [policy(rules)] });
  for (const [index, name] of names.entries()) {
    assert.equal(ask(set, connect(`h${index}.example.com`)).rule?.name, name, `${index}`);
  }
});

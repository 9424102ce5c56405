/** What answers say to a person, word for word: each denial says what stands in the way and what would open it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/policy/decide.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import {
  allow,
  allowRead,
  ask,
  BOTH,
  connect,
  dial,
  policy,
  type RawRule,
  reading,
  setOf,
  snapshotOf,
  unresolved,
} from './asking.ts';

function org(...rules: readonly RawRule[]): PolicySet {
  return setOf({ governs: BOTH, policies: [policy(rules)] });
}

function reasons(set: PolicySet, cases: readonly (readonly [RawRule, string])[]): void {
  for (const [request, reason] of cases) assert.equal(ask(set, request).reason, reason);
}

describe('the reason of the default', () => {
  it('names the action and the destination', () => {
    reasons(setOf(), [
      [connect('a.example.com'), 'no rule allows connect:tcp to a.example.com:443'],
      [{ action: 'connect:udp', host: 'a.example.com', port: 53 }, 'no rule allows connect:udp to a.example.com:53'],
    ]);
  });

  it('names the path, what is below it where that was asked, and where it leads', () => {
    reasons(setOf(), [
      [reading('/srv/a'), 'no rule allows read of `/srv/a`'],
      [{ action: 'write', path: '/srv/a' }, 'no rule allows write of `/srv/a`'],
      [reading('/srv', { recursive: true }), 'no rule allows read of everything below `/srv`'],
      [reading('/srv/a', { real: '/etc/a' }), 'no rule allows read of `/srv/a`, which is `/etc/a`'],
    ]);
  });

  it('says where an organisation has left a domain', () => {
    const left = setOf({ wasGoverned: ['network', 'filesystem'] });
    reasons(left, [
      [connect('a.example.com'), 'no rule allows connect:tcp to a.example.com:443 (governed, no policies left)'],
      [reading('/a', { real: '/b' }), 'no rule allows read of `/a`, which is `/b` (governed, no policies left)'],
    ]);
  });

  it('names the link that would have to be root’s', () => {
    const links = new Map([['/link', { resolved: '/real', trusted: false }]]);
    const set = setOf({ governs: BOTH, policies: [policy([allowRead('/link/**')])], host: { links } });
    reasons(set, [
      [
        reading('/link/x', { real: '/real/x' }),
        'no rule allows read of `/link/x`: `/link/**` leads to `/real/x` only through a link that root does not own; allow `/real/x` itself',
      ],
    ]);
  });
});

describe('the reason of a path that cannot be judged', () => {
  it('says so for a file, for a subtree, and where nobody has looked', () => {
    const elsewhere =
      'the path leads through another process’s files (/proc/<pid>/…, /dev/fd): ask for the file itself';
    const holds = 'the subtree holds other processes’ files (/proc/<pid>/…, /dev/fd): ask for a smaller one';
    reasons(org(allowRead('/**')), [
      [reading('/dev/fd/0'), elsewhere],
      [reading('/srv/x', { real: '/proc/1/cwd/x' }), elsewhere],
      [reading('/proc', { recursive: true }), holds],
    ]);
    const nobody = decide(snapshotOf(org(allowRead('/**'))), unresolved(reading('/srv/x')), { uid: 1000 });
    assert.equal(nobody.reason, 'the path was not resolved');
  });
});

describe('the reason of the address guard', () => {
  const behind = (ip: string): RawRule => connect('a.example.com', 443, { ip });
  const set = org(allow('**', '0.0.0.0/0', '::/0'));

  it('names the range, and what opens an address or a part of the range', () => {
    reasons(set, [
      [
        behind('127.0.0.1'),
        '`a.example.com` leads to 127.0.0.1, a loopback address: only an allow that names `127.0.0.1` itself, or a prefix inside that range, opens it',
      ],
      [
        behind('0.0.0.0'),
        '`a.example.com` leads to 0.0.0.0, an unspecified address: only an allow that names `0.0.0.0` itself, or a prefix inside that range, opens it',
      ],
    ]);
  });

  it('names a metadata service as such, which no prefix opens, with a name and without', () => {
    reasons(set, [
      [
        behind('169.254.169.254'),
        '`a.example.com` leads to 169.254.169.254, a metadata service: only an allow that names `169.254.169.254` itself opens it',
      ],
      [
        dial('169.254.169.254'),
        '169.254.169.254 is a metadata service: only an allow that names `169.254.169.254` itself opens it',
      ],
    ]);
  });

  it('names the address inside another one, which only the outer one opens', () => {
    reasons(set, [
      [
        behind('64:ff9b::127.0.0.1'),
        '`a.example.com` leads to 64:ff9b::7f00:1, which carries 127.0.0.1, a loopback address: only an allow that names `64:ff9b::7f00:1` itself opens it',
      ],
      [
        dial('64:ff9b::169.254.169.254'),
        '64:ff9b::a9fe:a9fe, which carries 169.254.169.254, is a metadata service: only an allow that names `64:ff9b::a9fe:a9fe` itself opens it',
      ],
    ]);
  });
});

describe('the reason of any other denial', () => {
  it('says that an approval is missing, and whose', () => {
    const set = setOf({
      governs: BOTH,
      policies: [policy([{ ...allow('a.example.com'), id: 'r1', name: '' }], { approval_required: true })],
    });
    const { reason } = ask(set, connect('a.example.com'));
    assert.match(reason, /^connect:tcp to a\.example\.com:443 is denied: the policy asks for an approval first \(/);
  });

  it('says whose question it is', () => {
    const other = ask(org(allow('**')), connect('a.example.com', 443, { uid: 1001 }));
    assert.deepEqual(
      [other.code, other.reason],
      ['invalid_request', 'only root may ask with a `uid` that is not its own'],
    );
  });
});

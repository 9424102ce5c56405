import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { allow, ask, BOTH, connect, deny, dial, outcome, policy, type RawRule, rule, setOf } from './asking.ts';

/** Org rules of a governed domain. */
function org(...rules: readonly RawRule[]): PolicySet {
  return setOf({ governs: BOTH, policies: [policy(rules)] });
}

function codes(set: PolicySet, cases: readonly (readonly [RawRule, string])[]): void {
  for (const [request, code] of cases) assert.equal(ask(set, request).code, code, JSON.stringify(request));
}

const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '168.63.129.16',
  '192.0.0.192',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
];

describe('network rules', () => {
  it('deny whatever no rule allows', () => {
    assert.equal(outcome(org(), connect('a.example.com')), 'default_deny');
    assert.equal(outcome(org(deny('b.example.com')), connect('a.example.com')), 'default_deny');
  });

  it('let a deny win whatever the order and however specific the allow', () => {
    const narrow = allow('a.example.com:443');
    const wide = deny('**');
    for (const set of [org(narrow, wide), org(wide, narrow)]) {
      assert.equal(outcome(set, connect('a.example.com')), 'org_deny **');
    }
    const two = setOf({
      governs: BOTH,
      policies: [policy([allow('**')], { id: 'a' }), policy([deny('a.example.com')], { id: 'b' })],
    });
    assert.equal(outcome(two, connect('a.example.com')), 'org_deny a.example.com');
    assert.equal(outcome(two, connect('b.example.com')), 'org_allow **');
  });

  it('count only for their actions and their ports', () => {
    const set = org(allow('a.example.com:443'), rule('allow', ['connect:udp'], 'b.example.com'));
    codes(set, [
      [connect('a.example.com', 443), 'org_allow'],
      [connect('a.example.com', 8443), 'default_deny'],
      [{ ...connect('a.example.com'), action: 'connect:udp' }, 'default_deny'],
      [{ ...connect('b.example.com'), action: 'connect:udp' }, 'org_allow'],
      [connect('b.example.com'), 'default_deny'],
    ]);
    const denied = org(allow('**'), deny('a.example.com:25'));
    codes(denied, [
      [connect('a.example.com', 25), 'org_deny'],
      [connect('a.example.com', 26), 'org_allow'],
      [{ ...connect('a.example.com', 25), action: 'connect:udp' }, 'default_deny'],
    ]);
  });
});

describe('names and addresses together', () => {
  it('are denied if the name or any address is', () => {
    const set = org(allow('**'), deny('bad.example.com', '203.0.113.7', '198.51.100.0/24'));
    codes(set, [
      [connect('bad.example.com', 443, { ip: '192.0.2.1' }), 'org_deny'],
      [connect('a.example.com', 443, { ip: ['192.0.2.1', '203.0.113.7'] }), 'org_deny'],
      [connect('a.example.com', 443, { ip: ['192.0.2.1', '198.51.100.9'] }), 'org_deny'],
      [connect('a.example.com', 443, { ip: ['192.0.2.1', '192.0.2.2'] }), 'org_allow'],
      [dial(['192.0.2.1', '203.0.113.7']), 'org_deny'],
      [connect('203.0.113.7'), 'org_deny'],
    ]);
  });

  it('are allowed by the name, whatever the address', () => {
    codes(org(allow('a.example.com')), [
      [connect('a.example.com'), 'org_allow'],
      [connect('a.example.com', 443, { ip: ['192.0.2.1', '2001:db8::1'] }), 'org_allow'],
    ]);
  });

  it('are allowed by the addresses only if every one of them is', () => {
    const set = org(allow('192.0.2.1'), allow('198.51.100.0/24'));
    codes(set, [
      [connect('x.example.com', 443, { ip: ['192.0.2.1', '198.51.100.200'] }), 'org_allow'],
      [connect('x.example.com', 443, { ip: ['192.0.2.1', '203.0.113.1'] }), 'default_deny'],
      [connect('x.example.com'), 'default_deny'],
      [dial(['198.51.100.1', '192.0.2.1']), 'org_allow'],
      [dial('203.0.113.1'), 'default_deny'],
      [connect('192.0.2.1'), 'org_allow'],
      [connect('3221225985'), 'org_allow'],
    ]);
  });

  it('an address allow never rescues a denied name, and a name allow never a denied address', () => {
    const set = org(allow('192.0.2.1', 'a.example.com'), deny('b.example.com', '203.0.113.7'));
    codes(set, [
      [connect('b.example.com', 443, { ip: '192.0.2.1' }), 'org_deny'],
      [connect('a.example.com', 443, { ip: '203.0.113.7' }), 'org_deny'],
    ]);
  });

  it('`**` allows every name, and every address where there is no name', () => {
    codes(org(allow('**:443')), [
      [connect('a.example.com', 443, { ip: '192.0.2.1' }), 'org_allow'],
      [dial(['192.0.2.1', '2001:db8::1']), 'org_allow'],
      [connect('192.0.2.1'), 'org_allow'],
      [dial('192.0.2.1', 80), 'default_deny'],
    ]);
  });

  it('name the earlier rule where an address is allowed twice', () => {
    for (const resources of [
      ['**', '192.0.2.1'],
      ['192.0.2.1', '**'],
      ['192.0.2.0/24', '**', '192.0.2.1'],
    ] as const) {
      const [first] = resources;
      const set = org(...resources.map((resource) => allow(resource)));
      assert.equal(outcome(set, dial('192.0.2.1')), `org_allow ${first}`, resources.join(' '));
      assert.equal(outcome(set, dial(['192.0.2.1', '192.0.2.1'])), `org_allow ${first}`, resources.join(' '));
    }
    const set = org(allow('192.0.2.2'), allow('192.0.2.1'), allow('a.example.com'));
    assert.equal(
      outcome(set, connect('a.example.com', 443, { ip: ['192.0.2.1', '192.0.2.2'] })),
      'org_allow 192.0.2.2',
    );
    assert.equal(outcome(set, connect('a.example.com', 443, { ip: '192.0.2.3' })), 'org_allow a.example.com');
  });

  it('a host that is an address is no name: rules for names do not reach it', () => {
    codes(org(allow('*.example.com', 'crl*.example.com')), [[connect('192.0.2.1'), 'default_deny']]);
  });
});

describe('the forms that deny rules also test', () => {
  it('find an IPv4 address inside an IPv6 one (Names 5)', () => {
    const set = org(allow('**'), deny('203.0.113.7'));
    for (const ip of [
      '::ffff:203.0.113.7',
      '64:ff9b::203.0.113.7',
      '64:ff9b:1::203.0.113.7',
      '64:ff9b:1:cb00:71:700::',
      '2002:cb00:7107::1',
      '2001:0:1:2:0:0:34ff:8ef8',
      '2001:db8::5efe:203.0.113.7',
      '::ffff:0:203.0.113.7',
      '::203.0.113.7',
    ]) {
      assert.equal(outcome(set, dial(ip)), 'org_deny 203.0.113.7', ip);
      assert.equal(outcome(set, connect('a.example.com', 443, { ip })), 'org_deny 203.0.113.7', ip);
      assert.equal(outcome(set, connect(`[${ip}]`)), 'org_deny 203.0.113.7', ip);
    }
    assert.equal(outcome(set, dial('64:ff9b::203.0.113.8')), 'org_allow **');
  });

  it('find it inside the NAT64 prefixes of the configuration, and only denies do', () => {
    const host = { nat64Prefixes: ['2001:db8:64::/96', 'no prefix'] };
    const policies = [policy([allow('**'), deny('203.0.113.7')])];
    const set = setOf({ governs: BOTH, policies, host });
    assert.equal(ask(set, dial('2001:db8:64::203.0.113.7')).code, 'org_deny');
    const allowing = setOf({ governs: BOTH, policies: [policy([allow('192.0.2.0/24')])], host });
    assert.equal(ask(allowing, dial('2001:db8:64::192.0.2.1')).code, 'default_deny');
    assert.equal(ask(allowing, dial('::ffff:192.0.2.1')).code, 'org_allow', 'a mapped address is the IPv4 address');
  });

  it('take every spelling of this machine for `localhost` (Names 6)', () => {
    const asked = [
      connect('localhost'),
      connect('a.localhost'),
      connect('host.docker.internal'),
      dial('127.0.0.1'),
      dial('127.9.9.9'),
      dial('::1'),
      dial('0.0.0.0'),
      dial('::'),
      dial('::ffff:127.0.0.5'),
      connect('a.example.com', 443, { ip: '127.0.0.1' }),
    ];
    for (const denied of ['localhost', '127.0.0.1', '[::1]']) {
      for (const request of asked) {
        assert.equal(
          ask(org(allow('**'), deny(denied)), request).code,
          'org_deny',
          `${denied} ${JSON.stringify(request)}`,
        );
      }
    }
    const docker = org(allow('**'), deny('host.docker.internal'));
    codes(docker, [
      [connect('localhost'), 'org_deny'],
      [connect('a.localhost'), 'org_allow'],
      [dial('127.0.0.1'), 'org_allow'],
    ]);
  });

  it('do nothing for allows: each name and address is only itself', () => {
    codes(org(allow('localhost')), [
      [connect('localhost'), 'org_allow'],
      [connect('a.localhost'), 'default_deny'],
      [connect('host.docker.internal'), 'default_deny'],
      [dial('127.0.0.1'), 'default_deny'],
    ]);
    codes(org(allow('127.0.0.1')), [
      [connect('localhost'), 'default_deny'],
      [dial('::1'), 'default_deny'],
      [dial('127.0.0.1'), 'org_allow'],
    ]);
  });
});

describe('the address guard', () => {
  const name = (ip: string | readonly string[]): RawRule => connect('a.example.com', 443, { ip });

  it('denies the guarded ranges behind an allowed name', () => {
    const set = org(allow('**'));
    for (const ip of [
      '127.0.0.1',
      '127.255.255.255',
      '::1',
      '0.0.0.0',
      '0.1.2.3',
      '::',
      '169.254.1.1',
      'fe80::1',
      '224.0.0.1',
      '239.255.255.255',
      '255.255.255.255',
      'ff02::1',
      ...METADATA,
    ]) {
      const answer = ask(set, name(ip));
      assert.deepEqual([answer.code, answer.kind, answer.rule], ['address_guard', 'explicit', undefined], ip);
      assert.match(answer.reason, /^`a\.example\.com` leads to [0-9a-f.:]+, an? /);
    }
    for (const ip of ['10.0.0.1', '192.168.1.1', '172.16.0.1', 'fc00::1', '198.51.100.1', '240.0.0.1']) {
      assert.equal(ask(set, name(ip)).code, 'org_allow', `${ip} is left to rules`);
    }
  });

  it('denies if any one address is guarded, and in every form of it', () => {
    const set = org(allow('**'));
    codes(set, [
      [name(['192.0.2.1', '127.0.0.1']), 'address_guard'],
      [name('::ffff:127.0.0.1'), 'address_guard'],
      [name('64:ff9b::127.0.0.1'), 'address_guard'],
      [name('2002:7f00:1::1'), 'address_guard'],
      [name('64:ff9b::169.254.169.254'), 'address_guard'],
    ]);
    assert.match(
      ask(set, name('64:ff9b::a9fe:a9fe')).reason,
      /64:ff9b::a9fe:a9fe, which carries 169\.254\.169\.254, a /,
    );
  });

  it('lets an address without a name pass, metadata services excepted', () => {
    const set = org(allow('**', '0.0.0.0/0', '::/0'));
    for (const ip of ['127.0.0.1', '169.254.1.1', 'fe80::1', '224.0.0.1']) {
      assert.equal(ask(set, dial(ip)).code, 'org_allow', ip);
    }
    for (const ip of METADATA) assert.equal(ask(set, dial(ip)).code, 'address_guard', ip);
    assert.equal(ask(set, connect('169.254.169.254')).code, 'address_guard', 'a literal is no name');
    assert.equal(ask(set, dial('64:ff9b::169.254.169.254')).code, 'address_guard');
    assert.equal(ask(set, dial('64:ff9b::127.0.0.1')).code, 'org_allow');
  });

  it('is lifted by an allow that names the dialled address, `/32` and `/128` included', () => {
    for (const [ip, resource] of [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.1/32'],
      ['::1', '[::1]'],
      ['::1', '::1/128'],
      ['fe80::1', '[fe80::1]:443'],
      ['64:ff9b::127.0.0.1', '[64:ff9b::7f00:1]'],
    ] as const) {
      assert.equal(ask(org(allow('a.example.com'), allow(resource)), name(ip)).code, 'org_allow', resource);
    }
  });

  it('is lifted by a CIDR around the address that lies wholly inside the one range', () => {
    codes(org(allow('a.example.com'), allow('127.0.0.0/8')), [[name('127.1.2.3'), 'org_allow']]);
    codes(org(allow('a.example.com'), allow('169.254.8.0/24')), [
      [name('169.254.8.1'), 'org_allow'],
      [name('169.254.9.1'), 'address_guard'],
    ]);
    for (const wider of ['0.0.0.0/0', '126.0.0.0/7', '64.0.0.0/2']) {
      codes(org(allow('a.example.com'), allow(wider)), [[name('127.0.0.1'), 'address_guard']]);
    }
  });

  it('is not lifted by an allow of another port or action, by an inactive one, or by a deny', () => {
    const other = { ...allow('127.0.0.1'), actions: ['connect:udp'] };
    codes(org(allow('a.example.com'), allow('127.0.0.1:80')), [[name('127.0.0.1'), 'address_guard']]);
    codes(org(allow('a.example.com'), other), [[name('127.0.0.1'), 'address_guard']]);
    const local = { name: 'mine.yaml', uid: null, rules: [allow('127.0.0.1')] };
    const set = setOf({ governs: BOTH, policies: [policy([allow('a.example.com')])], local: [local] });
    codes(set, [[name('127.0.0.1'), 'address_guard']]);
  });

  it('is not lifted by a deny either where monitor mode lets the deny pass', () => {
    const policies = [policy([allow('a.example.com'), deny('127.0.0.1')])];
    const answer = ask(setOf({ governs: BOTH, monitored: BOTH, policies }), name('127.0.0.1'));
    assert.deepEqual([answer.decision, answer.code, answer.would_deny], ['deny', 'org_deny', undefined]);
  });

  it('is lifted range by range', () => {
    // a metadata address also lies in the link-local range
    codes(org(allow('a.example.com'), allow('169.254.0.0/16')), [[name('169.254.169.254'), 'address_guard']]);
    codes(org(allow('a.example.com'), allow('169.254.169.254')), [[name('169.254.169.254'), 'org_allow']]);
    codes(org(allow('169.254.169.254/32')), [[dial('169.254.169.254'), 'org_allow']]);
  });

  it('is lifted for an embedded address only by naming the dialled one', () => {
    codes(org(allow('a.example.com'), allow('127.0.0.0/8')), [[name('64:ff9b::127.0.0.1'), 'address_guard']]);
    codes(org(allow('a.example.com'), allow('64:ff9b::/96')), [[name('64:ff9b::127.0.0.1'), 'address_guard']]);
    codes(org(allow('a.example.com'), allow('127.0.0.0/8')), [[name('::ffff:127.0.0.1'), 'org_allow']]);
  });

  it('lets `localhost` and names below it be loopback, and nothing else', () => {
    const set = org(allow('**'));
    codes(set, [
      [connect('localhost', 443, { ip: ['127.0.0.1', '::1'] }), 'org_allow'],
      [connect('db.localhost', 443, { ip: '127.0.0.53' }), 'org_allow'],
      [connect('localhost', 443, { ip: '0.0.0.0' }), 'address_guard'],
      [connect('localhost', 443, { ip: '169.254.1.1' }), 'address_guard'],
      [connect('localhost', 443, { ip: '64:ff9b::127.0.0.1' }), 'address_guard'],
      [connect('host.docker.internal', 443, { ip: '127.0.0.1' }), 'address_guard'],
      [connect('notlocalhost', 443, { ip: '127.0.0.1' }), 'address_guard'],
    ]);
  });

  it('guards the metadata addresses that the configuration adds', () => {
    const host = { metadataAddresses: ['192.0.2.254', 'no address'] };
    const set = setOf({ governs: BOTH, host, policies: [policy([allow('**', '192.0.2.0/24')])] });
    assert.equal(ask(set, dial('192.0.2.254')).code, 'address_guard');
    assert.equal(ask(set, dial('192.0.2.253')).code, 'org_allow');
  });
});

describe('what an answer says about the address', () => {
  it('`ip_checked` is false for a name without one, and true otherwise', () => {
    const set = org(allow('**'));
    assert.equal(ask(set, connect('a.example.com')).ip_checked, false);
    assert.equal(ask(set, connect('a.example.com', 443, { ip: '192.0.2.1' })).ip_checked, true);
    assert.equal(ask(set, dial('192.0.2.1')).ip_checked, true);
    assert.equal(ask(set, connect('192.0.2.1')).ip_checked, true);
    assert.equal(ask(org(), connect('a.example.com')).ip_checked, false);
  });
});

describe('approval', () => {
  const approving = { approval_required: true, id: 'z' };

  it('turns an allow into a denial, also where another policy allows outright', () => {
    const outright = policy([allow('**')], { id: 'a' });
    for (const members of [approving, { require_approval: 'yes', id: 'z' }, { require_approval: 1, id: 'z' }]) {
      const set = setOf({ governs: BOTH, policies: [outright, policy([allow('a.example.com')], members)] });
      assert.equal(outcome(set, connect('a.example.com')), 'approval_required a.example.com');
      assert.equal(outcome(set, connect('b.example.com')), 'org_allow **');
    }
    for (const members of [{ approval_required: false }, { approval_required: 0, require_approval: '' }]) {
      const set = setOf({ governs: BOTH, policies: [policy([allow('a.example.com')], members)] });
      assert.equal(ask(set, connect('a.example.com')).code, 'org_allow', JSON.stringify(members));
    }
  });

  it('asks where its allow meets the name or any address', () => {
    const set = setOf({
      governs: BOTH,
      policies: [policy([allow('**')], { id: 'a' }), policy([allow('192.0.2.1', '**:8443')], approving)],
    });
    codes(set, [
      [connect('a.example.com', 443, { ip: ['198.51.100.1', '192.0.2.1'] }), 'approval_required'],
      [connect('a.example.com', 443, { ip: '198.51.100.1' }), 'org_allow'],
      [connect('a.example.com', 8443), 'approval_required'],
      [dial('192.0.2.1'), 'approval_required'],
    ]);
  });

  it('asks where its allow meets the destination as it stands, not in the forms of denies', () => {
    const set = setOf({
      governs: BOTH,
      policies: [policy([allow('localhost')], { id: 'a' }), policy([allow('127.0.0.1')], approving)],
    });
    codes(set, [
      [connect('localhost'), 'org_allow'],
      [dial('127.0.0.1'), 'approval_required'],
    ]);
  });

  it('asks nothing where its allow takes no part, and its denies are denies', () => {
    const rules = [allow('a.example.com'), deny('b.example.com')];
    const elsewhere = policy(rules, { ...approving, scope: { teams: ['other'] } });
    const set = setOf({ governs: BOTH, policies: [policy([allow('**')], { id: 'a' }), elsewhere] });
    assert.equal(ask(set, connect('a.example.com')).code, 'org_allow');
    assert.equal(
      ask(setOf({ governs: BOTH, policies: [policy(rules, approving)] }), connect('b.example.com')).code,
      'org_deny',
    );
  });
});

/**
 * Cases for the properties, biased to collisions: a handful of names, addresses and directories that share endings and
 * beginnings, so that rules meet requests and each other. `generators.test.ts` measures what comes out.
 */
import fc from 'fast-check';
import type { Raw } from './reference-rules.ts';

type Json = Readonly<Record<string, unknown>>;

export function weighted<T>(...choices: readonly (readonly [number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

export const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

// Names and addresses

const NAMES = pick(
  'example.com',
  'example.com',
  'api.example.com',
  'api.example.com',
  'api.example.com',
  'v2.api.example.com',
  'www.example.com',
  'badexample.com',
  'example.org',
  'example.com.evil.net',
  'build.corp.internal',
  'localhost',
  'app.localhost',
  'host.docker.internal',
  'xn--bcher-kva.example',
  'project.github.io',
  'shop.co.uk',
);

const SUFFIXES = pick(
  'example.com',
  'example.com',
  'example.com',
  'api.example.com',
  'com',
  'com',
  'corp.internal',
  'localhost',
  'github.io',
  'co.uk',
  'internal',
);

const LABEL_GLOBS = pick(
  'api*.example.com',
  'a?i.example.com',
  '[a-c]pi.example.com',
  'ap[!a-h].example.com',
  '*.api.example.com',
  '*.*.example.com',
  'v?.*.example.com',
  '**.ap*.example.com',
  'b*d.corp.internal',
  '*.docker.internal',
  'xn--*.example',
);

const PLAIN_IPV4 = ['10.1.2.3', '10.1.2.3', '10.1.2.4', '10.255.0.1', '11.0.0.1', '8.8.8.8'];
const LOCAL_IPV4 = ['127.0.0.1', '127.8.9.1', '0.0.0.0', '0.0.0.9', '169.254.1.1', '224.0.0.1', '255.255.255.255'];
const METADATA_IPV4 = ['169.254.169.254', '100.100.100.200', '168.63.129.16'];
const PLAIN_IPV6 = ['2001:db8::1', '2001:db8::1', '2001:db8:1::5', '2001:db9::1'];
const SPECIAL_IPV6 = ['::1', '::', 'fe80::1', 'ff02::1', 'fd00:ec2::254'];

function hex16(value: number): string {
  return value.toString(16);
}

/** An IPv4 address inside an IPv6 one, in every way that Names 5 knows. */
export function hidden(four: string, way: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = four.split('.').map(Number);
  const high = hex16(a * 256 + b);
  const low = hex16(c * 256 + d);
  const inverted = `${hex16(0xffff - (a * 256 + b))}:${hex16(0xffff - (c * 256 + d))}`;
  const ways = [
    `::ffff:${four}`,
    `::ffff:${high}:${low}`,
    `64:ff9b::${high}:${low}`,
    `64:ff9b:1:${high}:${hex16(c)}:${hex16(d * 256)}::`,
    `64:ff9b:1::${high}:${low}`,
    `2002:${high}:${low}::1`,
    `2001:0:4136:e378:8000:63bf:${inverted}`,
    `fe80::5efe:${high}:${low}`,
    `2001:db8::200:5efe:${high}:${low}`,
    `::ffff:0:${high}:${low}`,
    `::${four}`,
  ];
  return ways[way % ways.length] ?? four;
}

const ANY_IPV4 = weighted([10, pick(...PLAIN_IPV4)], [2, pick(...LOCAL_IPV4)], [1, pick(...METADATA_IPV4)]);
const ANY_IPV6 = weighted([3, pick(...PLAIN_IPV6)], [1, pick(...SPECIAL_IPV6)]);
const HIDDEN_ADDRESS = fc.tuple(ANY_IPV4, fc.nat({ max: 10 })).map(([four, way]) => hidden(four, way));
const ADDRESS = weighted([10, ANY_IPV4], [3, ANY_IPV6], [3, HIDDEN_ADDRESS]);

const PREFIXES = pick(
  '10.0.0.0/8',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.0/24',
  '10.1.2.3/31',
  '10.1.2.3/32',
  '0.0.0.0/0',
  '0.0.0.0/1',
  '0.0.0.0/8',
  '::/0',
  '127.0.0.0/8',
  '127.0.0.1/32',
  '169.254.0.0/16',
  '169.254.169.0/24',
  '169.254.169.254/32',
  '100.64.0.0/10',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '::1/128',
  'fe80::/10',
  '64:ff9b::/96',
  '2002::/16',
  '::ffff:10.0.0.0/104',
  '::ffff:0:0/95',
  'fd00:ec2::254/128',
);

const PORTS = pick('', '', '', ':443', ':80');

function spelled(name: string, way: number): string {
  if (way === 0) return name.toUpperCase();
  if (way === 1) return `${name}.`;
  if (way === 2) return name.replace('xn--bcher-kva', 'b\u00fccher');
  if (way === 3) return name.replace('e', '\uff45');
  return name;
}

const SPELLED_NAME = fc.tuple(NAMES, fc.nat({ max: 16 })).map(([name, way]) => spelled(name, way));

function literal(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

const NETWORK_RESOURCE: fc.Arbitrary<string> = weighted(
  [8, fc.tuple(SPELLED_NAME, PORTS).map(([name, port]) => name + port)],
  [8, fc.tuple(pick('*', '**', '**'), SUFFIXES, PORTS).map(([stars, suffix, port]) => `${stars}.${suffix}${port}`)],
  [3, fc.tuple(LABEL_GLOBS, PORTS).map(([glob, port]) => glob + port)],
  [7, fc.tuple(pick('**'), PORTS).map(([any, port]) => any + port)],
  [4, fc.tuple(ADDRESS, PORTS).map(([address, port]) => literal(address) + port)],
  [6, PREFIXES],
);

/** What a rule must not say; each makes its whole rule unparsable. */
const BAD_NETWORK_RESOURCE = pick<unknown>(
  '*',
  ':443',
  'https://example.com',
  'a..com',
  'example.*',
  '10.0.0.0/33',
  'a b',
  7,
);

const NUMERIC_HOSTS = pick('0x7f.1', '2130706433', '127.1', '0251.0376.0251.0376', '10.66051');
const BAD_HOSTS = pick(
  '',
  '.',
  'a..b',
  'exa mple.com',
  'a@example.com',
  '1.2.3.256',
  'example.com:80',
  'xn--a',
  '[::1',
  'fe80::1%1',
);

const HOST: fc.Arbitrary<unknown> = weighted<unknown>(
  [40, SPELLED_NAME],
  [4, fc.tuple(pick('a.', 'v2.', 'b.c.', 'bad'), NAMES).map(([front, name]) => front + name)],
  [4, ADDRESS.map(literal)],
  [1, NUMERIC_HOSTS],
  [1, BAD_HOSTS],
);

const BAD_IP = pick<unknown>('', '1.2.3', '010.1.2.3', '::1%lo', [], ['10.1.2.3', 'x'], 'example.com');

const IP: fc.Arbitrary<unknown> = weighted<unknown>(
  [30, fc.constant(undefined)],
  [16, ADDRESS],
  [5, fc.array(ADDRESS, { minLength: 1, maxLength: 3 })],
  [1, BAD_IP],
);

const PORT = weighted([40, pick(443, 443, 443, 80, 8080)], [1, pick(1, 65535, 0, 65536)]);
const NETWORK_ACTION = pick('connect:tcp', 'connect:tcp', 'connect:tcp', 'connect:udp');

const HOST_AND_IP: fc.Arbitrary<Json> = weighted(
  [6, fc.record({ host: HOST, ip: IP })],
  [2, fc.record({ ip: weighted<unknown>([5, ADDRESS], [2, fc.array(ADDRESS, { minLength: 1, maxLength: 3 })]) })],
);

const NETWORK_REQUEST: fc.Arbitrary<Json> = fc
  .tuple(HOST_AND_IP, fc.record({ action: NETWORK_ACTION, port: PORT }))
  .map(([where, rest]) => defined({ ...where, ...rest }));

// Paths

export const HOME = '/home/ana';

const SEGMENT = pick('a', 'ab', 'b', 'project', 'secret', '.ssh', 'caf\u00e9', 'cafe\u0301', 'Secret');
const ROOTS = weighted(
  [9, pick('/data', '/data', HOME, HOME, '/srv/app')],
  [1, pick('', '/etc', '/home', '/home/bob', '/root', '/Users/cy', '/proc/self', '/proc', '/dev', '/tmp')],
);

const PATH = fc
  .tuple(ROOTS, fc.array(SEGMENT, { maxLength: 3 }))
  .map(([root, below]) => [root, ...below].join('/') || '/');

const ODD_PATH = pick<unknown>(
  'data/a',
  '',
  '/data/../etc/secret',
  '/data/a/../../home/ana/.ssh',
  '/data/./a//b/',
  '/proc/self/root/data',
  '/proc/17/fd/3',
  '/proc/self/cwd/../../../data/a',
  '/dev/stdin',
  '/dev/fd/0',
  '/data/a\0b',
  `${HOME}/.config/reeve/local.d/x.yaml`,
  '/etc/reeve/config.yaml',
);

const PATTERN_ROOTS = weighted(
  [6, pick('/data', '/data', '~', '~', HOME, '/srv/app')],
  [1, pick('', '/etc', '/home', '/home/bob', '/root', '/tmp', '/*', '/**')],
);
const PATTERN_TAILS = weighted(
  [6, pick('/**', '/**', '/*', '')],
  [
    5,
    pick(
      '/**/secret',
      '/**/secret/**',
      '/*/secret',
      '/a*',
      '/a*/**',
      '/.ssh/**',
      '/.ssh',
      '/**/*',
      '/**/a/**',
      '/project/**',
      '/a',
      '/caf\u00e9/**',
      '/**/*e*t*',
    ),
  ],
);

const PATH_RESOURCE: fc.Arbitrary<string> = weighted(
  [14, fc.tuple(PATTERN_ROOTS, PATTERN_TAILS).map(([root, tail]) => root + tail || '/')],
  [3, PATH],
  [2, pick('**', '/**')],
  [1, pick('C:\\data\\**', '/data//a/', '~/', '/data/***', '/data/a**b')],
);

const BAD_PATH_RESOURCE = pick<unknown>('data/**', './a', '/data/../x', '!/data/**', '', null);

const REAL: fc.Arbitrary<Json> = weighted<Json>(
  [30, fc.constant({})],
  [12, PATH.map((real) => ({ real }))],
  [1, pick<Json>({ resolved: true }, { real: '/data/' }, { real: '/data/../x' }, { real: 'x' }, { real: '/' })],
);

const RECURSIVE = pick<Json>({}, { recursive: false }, { recursive: true });

const FILESYSTEM_REQUEST: fc.Arbitrary<Json> = fc
  .tuple(weighted<unknown>([30, PATH], [1, ODD_PATH]), REAL, RECURSIVE, pick('read', 'read', 'write'))
  .map(([path, real, recursive, action]) => ({ action, path, ...real, ...recursive }));

// Rules, policies, cases

interface Vocabulary {
  readonly resource: fc.Arbitrary<string>;
  readonly bad: fc.Arbitrary<unknown>;
  readonly actions: fc.Arbitrary<readonly string[]>;
  readonly request: fc.Arbitrary<Json>;
}

const NETWORK: Vocabulary = {
  resource: NETWORK_RESOURCE,
  bad: BAD_NETWORK_RESOURCE,
  actions: pick<readonly string[]>(
    ['connect:tcp'],
    ['connect:tcp', 'connect:udp'],
    ['connect:tcp', 'connect:udp'],
    ['connect:udp'],
  ),
  request: NETWORK_REQUEST,
};

const FILESYSTEM: Vocabulary = {
  resource: PATH_RESOURCE,
  bad: BAD_PATH_RESOURCE,
  actions: pick<readonly string[]>(['read'], ['read', 'write'], ['read', 'write'], ['write']),
  request: FILESYSTEM_REQUEST,
};

function defined(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}

function soundRule(words: Vocabulary, decision: fc.Arbitrary<string>): fc.Arbitrary<Json> {
  return fc.record({
    decision,
    actions: words.actions,
    resources: fc.array(words.resource, { minLength: 1, maxLength: 3 }),
  });
}

const DECISION = pick('allow', 'allow', 'allow', 'allow', 'allow', 'deny', 'deny');

function brokenRule(words: Vocabulary): fc.Arbitrary<Json> {
  return fc.tuple(soundRule(words, DECISION), words.bad, fc.nat({ max: 5 })).map(([rule, bad, way]) => {
    if (way === 0) return { ...rule, actions: ['exec', ...(rule['actions'] as string[])] };
    if (way === 1) return { ...rule, actions: ['connect:tcp', 'read'] };
    if (way === 2) return { ...rule, resources: [] };
    if (way === 3) return { ...rule, sandbox: 'sbx-1' };
    return { ...rule, resources: [...(rule['resources'] as unknown[]), bad] };
  });
}

const HTTP_RULE: fc.Arbitrary<Json> = fc
  .tuple(DECISION, NAMES, pick<Json>({}, { port: 443 }), pick('request:get', 'request:post'))
  .map(([decision, host, port, action]) => ({
    decision,
    actions: [action],
    http_resources: [{ host, ...port, path: '/**' }],
  }));

/** `$HOME`, `~other`: alone in their rules, so that it does not matter how much of a rule they spoil. */
const VARIABLE_RULE: fc.Arbitrary<Json> = fc
  .tuple(DECISION, pick('$HOME/**', '${HOME}/.ssh/**', '~bob/**', '/data/$USER/a', '%HOME%/a'))
  .map(([decision, resource]) => ({ decision, actions: ['read', 'write'], resources: [resource] }));

function rules(words: Vocabulary, minLength: number, maxLength: number): fc.Arbitrary<readonly Json[]> {
  const special = words === NETWORK ? HTTP_RULE : VARIABLE_RULE;
  const one = weighted<Json>([80, soundRule(words, DECISION)], [1, brokenRule(words)], [1, special]);
  return fc.array(one, { minLength, maxLength, size: 'max' });
}

const MEMBERSHIP = pick<Json>(
  {},
  {},
  { scope: {} },
  { scope: { teams: [] } },
  { scope: { teams: ['t1'] } },
  { scope: { teams: ['t1', 't2'] } },
);
const STANDING = weighted<Json>(
  [10, fc.constant({})],
  [
    4,
    pick<Json>(
      { status: 'active' },
      { status: 'draft' },
      { enabled: false },
      { approval_required: true },
      { require_approval: true },
    ),
  ],
  [
    3,
    pick<Json>(
      { valid_from: '2030-01-01T00:00:00Z' },
      { valid_until: '2020-01-01T00:00:00Z' },
      { valid_from: '2020-01-01T00:00:00Z', valid_until: '2030-01-01T00:00:00Z' },
      { type: 'cedar_v1' },
    ),
  ],
);

function policies(words: Vocabulary, domain: string): fc.Arbitrary<readonly Json[]> {
  const one = fc
    .tuple(pick('pol_a', 'pol_b', 'zzz'), rules(words, 0, 4), MEMBERSHIP, STANDING)
    .map(([id, list, scope, standing]) => ({
      id,
      name: id,
      org: 'acme',
      scope: {},
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      ...scope,
      ...standing,
      allowlist_v0: { domain, rules: list },
    }));
  return fc.uniqueArray(one, { maxLength: 3, selector: (policy) => policy.id });
}

const ASKER = weighted<Json>(
  [6, fc.constant({ home: HOME })],
  [1, pick<Json>({ home: HOME, uid: 1000 }, { home: HOME, uid: 0 }, { home: HOME, uid: 65534 }, { uid: 1000 }, {})],
);

/** Every rule gets an id of its own, so that a determining rule is one rule. */
export function withIds(input: Raw): Raw {
  let count = 0;
  const number = (list: unknown): unknown[] =>
    (list as Json[]).map((rule) => {
      count += 1;
      return { id: `r${count}`, name: `rule ${count}`, ...rule };
    });
  const policyList = (input['policies'] as Json[]).map((policy) => {
    const body = policy['allowlist_v0'] as Json;
    return { ...policy, allowlist_v0: { ...body, rules: number(body['rules']) } };
  });
  return { ...input, org: number(input['org']), policies: policyList, local: number(input['local']) };
}

function cases(words: Vocabulary, domain: 'network' | 'filesystem'): fc.Arbitrary<Raw> {
  const governed = pick<Json>(
    {},
    {},
    { governed: { [domain]: true } },
    { governed: { [domain]: true } },
    { governed: { [domain]: false } },
  );
  const delegated = pick<Json>({}, {}, { delegated: { [domain]: true } });
  const preset = pick<Json>({}, {}, {}, { preset: 'locked-down' }, { preset: 'open' });
  const teams = pick<Json>({}, { teams: [] }, { teams: ['t1'] }, { teams: ['t2', 't3'] });
  const org = weighted(
    [1, fc.tuple(rules(words, 0, 2), fc.constant<readonly Json[]>([]))],
    [8, fc.tuple(rules(words, 2, 6), fc.constant<readonly Json[]>([]))],
    [6, fc.tuple(rules(words, 0, 2), policies(words, domain))],
  );
  return fc
    .tuple(org, rules(words, 0, 2), words.request, fc.tuple(governed, delegated, preset, teams, ASKER))
    .map(([[orgRules, policyList], local, request, frame]) =>
      withIds({
        ...frame.reduce<Json>((members, more) => ({ ...members, ...more }), {}),
        now: '2026-06-01T00:00:00Z',
        org: orgRules,
        policies: policyList,
        local,
        request,
      }),
    );
}

export const networkCase: fc.Arbitrary<Raw> = cases(NETWORK, 'network');
export const filesystemCase: fc.Arbitrary<Raw> = cases(FILESYSTEM, 'filesystem');
export const anyCase: fc.Arbitrary<Raw> = fc.oneof(networkCase, filesystemCase);

const networkRule: fc.Arbitrary<Json> = soundRule(NETWORK, DECISION);
const filesystemRule: fc.Arbitrary<Json> = soundRule(FILESYSTEM, DECISION);

/** A case, and a sound rule of the same domain to add to it. */
export const caseAndRule: fc.Arbitrary<readonly [Raw, Json]> = fc.oneof(
  fc.tuple(networkCase, networkRule),
  fc.tuple(filesystemCase, filesystemRule),
);

/** A subtree question and a path below it, in segments that the patterns know. */
export const subtreeCase: fc.Arbitrary<readonly [Raw, readonly string[]]> = fc
  .tuple(filesystemCase, fc.array(SEGMENT, { maxLength: 4 }))
  .map(([input, below]) => [{ ...input, request: { ...(input['request'] as Json), recursive: true } }, below]);

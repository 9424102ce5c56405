/**
 * Large rule sets in a small world, and many requests to each: everything shares suffixes, prefixes and directories, so
 * that each request meets many rules, and an index has many ways to lose one.
 */
import fc from 'fast-check';
import { HOME, hidden, pick, weighted, withIds } from './arbitraries.ts';
import type { Raw } from './reference-rules.ts';

export interface DenseCase {
  /** A case without a request. */
  readonly input: Raw;
  readonly requests: readonly Raw[];
}

// Names: four labels, up to three deep, below two suffixes

const LABEL = pick('a', 'b', 'ab', 'a1');
const TOP = pick('example.com', 'example.com', 'com', 'b.example.com', 'io');
const NAME = fc.tuple(fc.array(LABEL, { maxLength: 3 }), TOP).map(([labels, top]) => [...labels, top].join('.'));
const GLOB_LABEL = pick('*', '*', 'a*', '*b', '?', 'a?', '[ab]', '[!a]*', '*1', 'a*b');
const LEAD = pick('*', '*', '**', '**', '**');
const PORT_TEXT = pick('', '', '', ':443', ':80');

const NAME_RESOURCE = weighted(
  [4, NAME],
  [4, fc.tuple(LEAD, NAME).map((parts) => parts.join('.'))],
  [2, fc.tuple(pick('', '', '*.', '**.'), GLOB_LABEL, NAME).map(([lead, glob, name]) => `${lead}${glob}.${name}`)],
  [1, fc.tuple(LABEL, GLOB_LABEL, NAME).map((parts) => parts.join('.'))],
);

// Addresses: a few neighbours, and every prefix around them

const IPV4 = fc.tuple(pick(0, 0, 1, 2), fc.nat({ max: 7 })).map(([third, last]) => `10.0.${third}.${last}`);
const IPV6 = fc.tuple(pick('', ':1'), fc.nat({ max: 7 })).map(([net, last]) => `2001:db8${net}::${last}`);
const LOCAL = pick('127.0.0.1', '127.0.0.2', '169.254.169.254', '169.254.0.7', '::1', 'fe80::1', '0.0.0.0');
const PREFIX = weighted(
  [6, fc.tuple(IPV4, fc.integer({ min: 21, max: 32 })).map((parts) => parts.join('/'))],
  [2, fc.tuple(IPV6, fc.integer({ min: 108, max: 128 })).map((parts) => parts.join('/'))],
  [1, fc.tuple(IPV4, fc.integer({ min: 0, max: 16 })).map((parts) => parts.join('/'))],
  [1, fc.tuple(IPV4, fc.integer({ min: 96, max: 128 })).map(([four, length]) => `::ffff:${four}/${length}`)],
  [1, pick('127.0.0.0/8', '127.0.0.1/32', '169.254.0.0/16', '169.254.169.254/32', '::1/128', '64:ff9b::/96', '::/0')],
);

const literal = (address: string): string => (address.includes(':') ? `[${address}]` : address);

const NETWORK_RESOURCE = weighted(
  [6, fc.tuple(NAME_RESOURCE, PORT_TEXT).map((parts) => parts.join(''))],
  [3, PREFIX],
  [2, fc.tuple(weighted([4, IPV4], [2, IPV6], [1, LOCAL]).map(literal), PORT_TEXT).map((parts) => parts.join(''))],
);

const DIALLED = weighted(
  [8, IPV4],
  [3, IPV6],
  [2, LOCAL],
  [3, fc.tuple(IPV4, fc.nat({ max: 10 })).map(([four, way]) => hidden(four, way))],
);

const NETWORK_REQUEST: fc.Arbitrary<Raw> = fc
  .tuple(
    weighted<Raw>(
      [5, NAME.map((host) => ({ host }))],
      [3, fc.tuple(NAME, DIALLED).map(([host, ip]) => ({ host, ip }))],
      [3, DIALLED.map((ip) => ({ ip }))],
      [1, fc.array(DIALLED, { minLength: 2, maxLength: 4 }).map((ip) => ({ ip }))],
      [1, weighted([3, IPV4], [1, LOCAL]).map((address) => ({ host: literal(address) }))],
      [
        1,
        fc.tuple(pick('localhost', 'a.localhost', 'host.docker.internal'), LOCAL).map(([host, ip]) => ({ host, ip })),
      ],
    ),
    pick('connect:tcp', 'connect:tcp', 'connect:udp'),
    pick(443, 443, 80, 22),
  )
  .map(([where, action, port]) => ({ action, ...where, port }));

// Paths: a few names, up to five deep

interface Spelling {
  readonly resource: fc.Arbitrary<string>;
  readonly request: fc.Arbitrary<Raw>;
}

function pathsOf(...names: readonly string[]): Spelling {
  const segment = pick(...names);
  const path = fc
    .tuple(pick('', '/srv', '/srv', HOME), fc.array(segment, { maxLength: 4 }))
    .map(([root, below]) => [root, ...below].join('/') || '/');
  const written = weighted([5, segment], [2, fc.constant('*')], [2, fc.constant('**')], [2, pick('a*', '*b', '*a*')]);
  const resource = fc
    .tuple(pick('', '/srv', '/srv', '~', HOME), fc.array(written, { minLength: 1, maxLength: 5 }))
    .map(([root, below]) => [root, ...below].join('/'));
  const real = weighted<string | null>([3, fc.constant(null)], [1, path]);
  const request: fc.Arbitrary<Raw> = fc
    .tuple(pick('read', 'read', 'write'), path, real, fc.nat({ max: 2 }))
    .map(([action, asked, opened, way]) => ({
      action,
      path: asked,
      ...(opened === null ? {} : { real: opened }),
      ...(way === 0 ? { recursive: true } : {}),
    }));
  return { resource, request };
}

// Rules and policies

interface World {
  readonly domain: 'network' | 'filesystem';
  readonly resource: fc.Arbitrary<string>;
  readonly actions: readonly (readonly string[])[];
  readonly request: fc.Arbitrary<Raw>;
}

const NETWORK: World = {
  domain: 'network',
  resource: NETWORK_RESOURCE,
  actions: [['connect:tcp'], ['connect:tcp', 'connect:udp'], ['connect:udp']],
  request: NETWORK_REQUEST,
};

const FILES = { domain: 'filesystem', actions: [['read'], ['read', 'write'], ['write']] } as const;
/** Names that are one name in NFC. */
const ACCENTED: World = { ...FILES, ...pathsOf('a', 'b', 'caf\u00e9', 'cafe\u0301') };
const PLAIN: World = { ...FILES, ...pathsOf('a', 'b', 'ab', 'c') };

/** To each rule set. */
export const REQUESTS = 75;

/** One deny in so many rules: with few of them much is allowed, with many the denies compete. */
const DENY_IN = pick(2, 6, 20, 60, 1_000_000);

function rules({ resource, actions }: World, maxLength: number): fc.Arbitrary<readonly Raw[]> {
  const one = fc.record({
    chance: fc.nat({ max: 999_999 }),
    actions: pick(...actions),
    resources: fc.array(resource, { minLength: 1, maxLength: 3 }),
  });
  return fc
    .tuple(DENY_IN, fc.array(one, { minLength: 0, maxLength, size: 'max' }))
    .map(([denyIn, list]) =>
      list.map(({ chance, ...rule }) => ({ decision: chance % denyIn === 0 ? 'deny' : 'allow', ...rule })),
    );
}

function denseCases(world: World): fc.Arbitrary<DenseCase> {
  const { domain } = world;
  const frame = fc.record({
    governed: pick<Raw>({ [domain]: true }, { [domain]: true }, { [domain]: false }),
    delegated: pick<Raw>({}, { [domain]: true }),
    preset: pick('locked-down', 'locked-down', 'open'),
    approval: pick(false, false, false, true),
  });
  return fc
    .tuple(
      frame,
      rules(world, 90),
      rules(world, 30),
      rules(world, 12),
      fc.array(world.request, { minLength: REQUESTS, maxLength: REQUESTS }),
    )
    .map(([{ approval, ...members }, org, more, local, requests]) => {
      const policy = { id: 'pol', name: 'pol', allowlist_v0: { domain, rules: more } };
      const policies = [approval ? { ...policy, approval_required: true } : policy];
      return {
        input: withIds({ ...members, now: '2026-06-01T00:00:00Z', home: HOME, org, policies, local }),
        requests,
      };
    });
}

export const denseNetworkCase: fc.Arbitrary<DenseCase> = denseCases(NETWORK);
export const denseFilesystemCase: fc.Arbitrary<DenseCase> = fc.oneof(denseCases(PLAIN), denseCases(ACCENTED));

/** Names, addresses, resources and paths as people and attackers spell them: both sides must read them alike. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domainToUnicode } from 'node:url';
import fc from 'fast-check';
import { evaluateLine } from '../../src/eval/eval-line.ts';
import { readRefAddress, sameAddress } from './reference-address.ts';
import { type RefHost, readRefHost, readRefNetworkPattern } from './reference-host.ts';
import { readRefPath, readRefPathPattern, showPath } from './reference-path.ts';
import { isRaw, type Raw } from './reference-rules.ts';
import { evaluate, RUNS } from './subject.ts';

/** What an evaluator that allows everything says about a request, and how it shows the request. */
function shown(request: Raw): Raw | null {
  const org = [
    { decision: 'allow', actions: ['connect:tcp'], resources: ['**'] },
    { decision: 'allow', actions: ['read'], resources: ['/**'] },
  ];
  const answer = evaluate({ org, request });
  if (answer['code'] === 'invalid_request' || isRaw(answer['error'])) return null;
  assert.ok(isRaw(answer['request']), JSON.stringify(answer));
  return answer['request'];
}

const fragments = (...texts: readonly string[]) => fc.constantFrom(...texts);

const HOST_FRAGMENTS = fc.oneof(
  fragments(
    'a',
    'b-c',
    '1',
    '0x7f',
    '127',
    '256',
    '08',
    'xn--',
    'xn--bcher-kva',
    'xn--a',
    'XN--MaANa-pta',
    'ex_ample',
    '-',
    '--',
  ),
  fragments('.', '.', '.', '.', '..', '\u3002', '\uff0e', '%2e', ':', '[', ']', '@', ' ', '*', '/'),
  fragments(
    'B\u00fccher',
    '\u00df',
    '\u00ad',
    '\u200d',
    '\u200b',
    '\uff11',
    '\u2460',
    '\u212a',
    '\u0130',
    '\u0301',
    '\u05d0',
    '\u0660',
    '\u{1f600}',
  ),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
);
const HOST_TEXT = fc.oneof(
  { weight: 8, arbitrary: fc.array(HOST_FRAGMENTS, { minLength: 1, maxLength: 7 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.domain() },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat({ max: 130 }), fragments('a.', 'ab.', '\u00fc.'))
      .map(([n, part]) => `${part.repeat(n)}com`),
  },
  { weight: 1, arbitrary: fc.nat({ max: 70 }).map((n) => `${'l'.repeat(n)}.com`) },
);

const ADDRESS_FRAGMENTS = fragments(
  '0',
  '1',
  '10',
  '255',
  '256',
  '01',
  'a',
  'ffff',
  'fffff',
  '64',
  'ff9b',
  'db8',
  '2001',
);
const ADDRESS_TEXT = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4Extended(),
  fc.tuple(fc.ipV6(), fragments('%eth0', '%1', '.', ' ', '/64', '')).map(([text, end]) => text + end),
  fc
    .array(fc.oneof(ADDRESS_FRAGMENTS, fragments('.', '.', ':', ':', '::')), { minLength: 3, maxLength: 15 })
    .map((parts) => parts.join('')),
  fc
    .tuple(fragments('::ffff:', '::', '::ffff:0:', '64:ff9b::', '1::', '::1:'), fc.ipV4())
    .map(([front, four]) => front + four),
);

const RESOURCE_FRAGMENTS = fc.oneof(
  fragments('example', 'api', 'com', 'co', 'uk', '1', '10', '0', 'B\u00fccher', 'xn--bcher-kva', '_dmarc', '-'),
  fragments(
    '.',
    '.',
    '.',
    '*.',
    '**.',
    '**',
    '*',
    '?',
    '[ab]',
    '[a-c]',
    '[!1]',
    '[z-a]',
    '[a-9]',
    '[]',
    '[!]',
    '[^a]',
    '[-a]',
    '[a-]',
    '{a}',
    '\\*',
  ),
  fragments(
    ':443',
    ':80',
    ':0',
    ':65536',
    ':080',
    ':*',
    ':',
    '/8',
    '/33',
    '/08',
    '/128',
    '[2001:db8::1]',
    '2001:db8::',
    '::1',
    'https://',
    '@',
    ',',
    ' ',
  ),
);
const RESOURCE_TEXT = fc.array(RESOURCE_FRAGMENTS, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));

const PATH_FRAGMENTS = fragments(
  '/',
  '/',
  '/',
  '/',
  'a',
  'data',
  '.',
  '..',
  '...',
  '*',
  '**',
  '~',
  '\\',
  '[a]',
  '{b}',
  '?',
  '!',
  '\u00e9',
  'e\u0301',
  ' ',
  '\n',
  '\0',
);
const PATH_TEXT = fc
  .tuple(fragments('/', '/', '/', '~', '~/', '', './'), fc.array(PATH_FRAGMENTS, { maxLength: 10 }))
  .map(([start, parts]) => start + parts.join(''));

function isBidirectional(host: RefHost): boolean {
  return (
    host.kind === 'name' &&
    /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(domainToUnicode(host.name))
  );
}

function isRefused(decision: string, actions: readonly string[], resource: string): boolean {
  const line = JSON.stringify({
    org: [{ decision, actions, resources: [resource] }],
    request: { action: 'read', path: '/x' },
  });
  const answer = JSON.parse(evaluateLine(line, { strict: true, fs: false })) as Raw;
  return isRaw(answer['error']) && answer['error']['code'] === 'invalid_rule';
}

describe('requests are read alike', () => {
  test('hosts', () => {
    fc.assert(
      fc.property(HOST_TEXT, (host) => {
        const request = shown({ action: 'connect:tcp', host, port: 443 });
        const expected = readRefHost(host);
        // the platform tests the bidi rule of UTS #46 label by label only; to refuse more is right there
        if (expected !== null && request === null && isBidirectional(expected)) return;
        if (expected === null || request === null) {
          assert.equal(request === null, expected === null, JSON.stringify(request));
        } else if (expected.kind === 'name') {
          assert.equal(request['host'], expected.name);
        } else {
          const text = (request['ip'] as unknown[] | undefined)?.[0] ?? request['host'];
          const address = readRefAddress(String(text).replace(/^\[|\]$/g, ''));
          assert.ok(address !== null && sameAddress(address, expected.address), JSON.stringify(request));
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('addresses', () => {
    fc.assert(
      fc.property(ADDRESS_TEXT, (ip) => {
        const request = shown({ action: 'connect:tcp', ip, port: 443 });
        const expected = readRefAddress(ip);
        assert.equal(request === null, expected === null, JSON.stringify(request));
        if (expected === null || request === null) return;
        const address = readRefAddress((request['ip'] as unknown[])[0]);
        assert.ok(address !== null && sameAddress(address, expected), JSON.stringify(request));
      }),
      { numRuns: RUNS },
    );
  });

  test('paths', () => {
    fc.assert(
      fc.property(PATH_TEXT, (path) => {
        const request = shown({ action: 'read', path });
        const expected = readRefPath(path);
        assert.equal(request === null, expected === null, JSON.stringify(request));
        if (expected !== null && request !== null) assert.equal(request['path'], showPath(expected.lexical));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('resources are refused alike when they are written', () => {
  test('network resources', () => {
    fc.assert(
      fc.property(RESOURCE_TEXT, (resource) => {
        assert.equal(isRefused('allow', ['connect:tcp'], resource), readRefNetworkPattern(resource) === null);
      }),
      { numRuns: RUNS },
    );
  });

  test('path resources', () => {
    fc.assert(
      fc.property(PATH_TEXT, (resource) => {
        const { kind } = readRefPathPattern(resource);
        assert.equal(isRefused('deny', ['read'], resource), kind === 'bad' || kind === 'variable');
      }),
      { numRuns: RUNS },
    );
  });
});

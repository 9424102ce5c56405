import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as limits from '../../src/control-plane/limits.ts';
import { ERROR_STATUS } from '../../src/control-plane/outcome.ts';
import { ROUTES } from '../../src/control-plane/routes.ts';

const PAGE = readFileSync(new URL('../../docs/control-plane.md', import.meta.url), 'utf8');

/** The first two groups of each match. */
function rows(pattern: RegExp): [string, string][] {
  return [...PAGE.matchAll(pattern)].map(([, first = '', second = '']) => [first, second]);
}

test('the page lists the routes of the server, all and no others', () => {
  assert.deepEqual(
    rows(/^\| `([A-Z]+) (\/v2\/[^`]+)` \|/gm),
    ROUTES.map((route) => [route.method, route.pattern]),
  );
});

test('the page lists the error codes with their statuses, all and no others', () => {
  const listed = Object.fromEntries(rows(/^\| `([a-z_]+)` \| (\d{3}) \|/gm));
  const expected = Object.fromEntries(Object.entries(ERROR_STATUS).map(([code, status]) => [code, String(status)]));
  assert.deepEqual(listed, expected);
});

test('the page states the maxima of the code', () => {
  const stated = Object.fromEntries(rows(/^\| ([a-z][^|`]+) \| ([^|]+) \|$/gm));
  assert.deepEqual(stated, {
    'policies in an organisation': String(limits.MAX_POLICIES_PER_ORG),
    'rules in a policy': String(limits.MAX_RULES_PER_POLICY),
    'a policy with its rules': `${limits.MAX_POLICY_BYTES / 1024} KB`,
    'a request body': `${limits.MAX_BODY_BYTES / 1024 / 1024} MiB`,
    'request headers': `${limits.MAX_HEADER_BYTES / 1024} KiB`,
    'a name': `${limits.MAX_NAME_CHARACTERS} characters`,
    'a request, from its first byte to its last': `${limits.REQUEST_TIMEOUT_MS / 1_000} s`,
    connections: limits.MAX_CONNECTIONS.toLocaleString('en-US'),
  });
});

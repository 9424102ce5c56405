/** What fuzzers have found, so that it stays found; `npm run fuzz` prints a line to add for each failure. */
import { test } from 'node:test';
import { GOVERNANCE } from './governance.ts';
import { LOCAL_FILE } from './local-file.ts';
import { NETWORK_PATTERN } from './network-pattern.ts';
import { holds } from './target.ts';

test('a refused resource is shown with whole characters', async (t) => {
  await holds(t, NETWORK_PATTERN, { resource: '\u{10000}*.example.com', host: 'example.com' });
  await holds(t, NETWORK_PATTERN, { resource: '[a-\u{10000}]*.example.com', host: 'example.com' });
  await holds(t, NETWORK_PATTERN, { resource: `${'a'.repeat(79)}\u{1f600} b`, host: 'example.com' });
});

test('a list of policies may hold a `length` that cannot be compared', async (t) => {
  const hostile = { length: { toString: 0 } };
  await holds(t, GOVERNANCE, { body: { data: [], next_page_token: hostile }, ignored: [] });
  await holds(t, GOVERNANCE, { body: { access_token: hostile, identifier: hostile, secret: hostile }, ignored: [] });
});

test('a rule id with control characters is shown on one line', (t) =>
  holds(t, LOCAL_FILE, '{"version":1,"rules":[{"id":"a\\n\\u001b[2J","decision":"deny","resources":["* "]}]}'));

test('half of a surrogate pair in a local file is refused', (t) =>
  holds(t, LOCAL_FILE, '{"version":1,"rules":[{"id":"\\ud800","decision":"deny","resources":["example.com"]}]}'));

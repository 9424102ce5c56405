import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS } from '../../src/daemon/status/staleness.ts';
import * as expiries from '../../src/publisher/expiries.ts';
import { rootExpiry } from '../../src/publisher/root-change.ts';
import { codeIn, rowsBelow, textOf } from '../docs/pages.ts';

const PAGE = textOf('docs/publishing.md');
const DAY = 86_400_000;

function unionIn(path: string, name: string): string[] {
  const declaration = new RegExp(String.raw`${name}\b(?: =|:)([^;]*);`).exec(textOf(path))?.[1] ?? '';
  return [...declaration.matchAll(/'([a-z_]+)'/g)].map(([, word = '']) => word);
}

test('the page states how long what is good for', () => {
  const rows = new Map(
    rowsBelow(PAGE, '## How long what is good for').map(([name, good, , least]) => [name, [good, least]]),
  );
  const { timestampMs, snapshotMs } = expiries.onlineValidity([]);
  const days = (ms: number): string => `${ms / DAY} days`;
  const left = (ms: number): string => `with ${ms / DAY} days left`;
  const { LEAST_LEFT_MS } = expiries;
  assert.deepEqual(rows.get('root'), [days(rootExpiry(0)), left(LEAST_LEFT_MS.root)]);
  assert.deepEqual(rows.get('`targets`'), [days(expiries.TARGETS_VALID_MS), left(LEAST_LEFT_MS.targets)]);
  assert.deepEqual(rows.get('a team'), [days(expiries.TEAM_VALID_MS), left(LEAST_LEFT_MS.team)]);
  assert.equal(rows.get('snapshot')?.[0], days(snapshotMs));
  assert.equal(rows.get('timestamp')?.[0], days(timestampMs));
  assert.equal(rows.get('a bundle')?.[1], left(LEAST_LEFT_MS.bundle));
});

test('what is signed is good for no longer than the ladder of a daemon allows', () => {
  assert.deepEqual(expiries.DEFAULT_STALENESS, DEFAULT_LIMITS);
});

test('the page lists the warnings and the codes, all and no others', () => {
  const cells = rowsBelow(PAGE, '## Looking at it').map(([cell = '']) => cell.split(', ').map((part) => codeIn(part)));
  const stated = cells.flat().filter((code) => code !== null);
  const known = [
    ...unionIn('src/publisher/publisher-warnings.ts', 'readonly code'),
    ...unionIn('src/publisher/publisher-error.ts', 'type PublisherErrorCode'),
  ];
  assert.deepEqual(stated.toSorted(), known.toSorted());
});

test('the nginx configuration has the lifetimes of the page', () => {
  const shipped = textOf('config/nginx-repository.conf');
  const lifetimes = rowsBelow(PAGE, '## Serving it').flatMap(
    ([, how = '']) => /`Cache-Control: ([^`]+)`/.exec(how)?.[1] ?? [],
  );
  assert.equal(lifetimes.length, 3);
  for (const lifetime of lifetimes) assert.ok(shipped.includes(`add_header Cache-Control "${lifetime}"`), lifetime);
});

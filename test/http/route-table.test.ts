import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchRoute, type Route, routeTable } from '../../src/http/route-table.ts';

function route(line: string): Route<string> {
  const [method = '', pattern = ''] = line.split(' ');
  return { method, pattern, endpoint: line };
}

const TABLE = routeTable(['GET /a', 'POST /a', 'GET /a/{id}', 'GET /a/{id}/b/{other}', 'GET /a/list'].map(route));

test('finds the route of a method and path, with its parameters decoded', () => {
  const found = matchRoute(TABLE, 'GET', '/a/x%20y/b/%2Fetc');
  assert.ok(found.kind === 'found');
  assert.equal(found.route.endpoint, 'GET /a/{id}/b/{other}');
  assert.deepEqual(found.params, { id: 'x y', other: '/etc' });
});

test('a path that only other methods take names them, sorted', () => {
  assert.deepEqual(matchRoute(TABLE, 'DELETE', '/a'), { kind: 'method_not_allowed', allow: 'GET, POST' });
});

test('nothing else matches: empty segments, bad escapes, more or fewer segments, another case', () => {
  for (const path of [
    '',
    '/',
    'a',
    '/A',
    '/a/',
    '//a',
    '/a//b/c',
    '/a/%zz',
    '/a/%ff',
    '/a/x/b',
    '/a/x/b/c/d',
    '/a?b',
  ]) {
    assert.equal(matchRoute(TABLE, 'GET', path).kind, 'not_found', path);
  }
});

test('a parameter named like a member of Object.prototype is an ordinary one', () => {
  const table = routeTable([route('GET /{constructor}')]);
  const found = matchRoute(table, 'GET', '/x');
  assert.deepEqual(found.kind === 'found' ? found.params : null, { constructor: 'x' });
});

test('two routes of the same shape are refused, whatever their parameters are called', () => {
  assert.throws(() => routeTable([route('GET /a/{id}'), route('GET /a/{name}')]), /two routes for `GET \/a\/\{\}`/);
});

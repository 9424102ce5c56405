import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTarget } from '../../src/http/request-target.ts';

const CASES: readonly [target: string, path: string, query: string][] = [
  ['/a/b', '/a/b', ''],
  ['/a?b=c', '/a', 'b=c'],
  ['/a?b?c', '/a', 'b?c'],
  ['/a?', '/a', ''],
  ['/a#b?c', '/a', ''],
  ['/a/../b/./%2e', '/a/../b/./%2e', ''],
  ['//host/a', '//host/a', ''],
  ['http://host:80/a?b', '/a', 'b'],
  ['HTTPS://host', '/', ''],
  ['http://host?b', '/', 'b'],
  ['', '/', ''],
  ['*', '*', ''],
];
for (const [target, path, query] of CASES) {
  test(`splits \`${target}\` into \`${path}\` and \`${query}\`, resolving nothing`, () => {
    assert.deepEqual(readTarget(target), { path, query });
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from '../../src/base/semantic-version.ts';

test('versions are ordered as Semantic Versioning orders them', () => {
  // its own example (clause 11), with neighbours
  const ordered = [
    ...['0.9.10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11'],
    ...['1.0.0-rc.1', '1.0.0', '1.0.1', '1.2.0', '1.10.0', '2.0.0-0', '2.0.0'],
  ];
  for (const [at, one] of ordered.entries()) {
    for (const [other, two] of ordered.entries()) {
      assert.equal(Math.sign(compareVersions(one, two) ?? Number.NaN), Math.sign(at - other), `${one} ${two}`);
    }
  }
});

test('build metadata makes no version newer', () => {
  assert.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0);
});

test('what is no version is not ordered', () => {
  for (const text of ['unknown', '1', '1.2', 'v1.2.3', '']) {
    assert.equal(compareVersions(text, '1.0.0'), null);
    assert.equal(compareVersions('1.0.0', text), null);
  }
});

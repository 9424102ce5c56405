import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../src/store/database.ts';
import { createLocalFileStore } from '../../src/store/local-file-store.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';

test('last good versions survive a restart, one a name and directory', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'reeve-store-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const open = () => openDatabase(join(root, 'policy.db'), POLICY_MIGRATIONS);
  const first = open();
  const store = createLocalFileStore(first);
  store.saveLastGood('/etc/reeve/local.d', 'x.yaml', { digest: 'sha256:1', content: 'one', allowsInert: null });
  store.saveLastGood('/etc/reeve/local.d', 'x.yaml', { digest: 'sha256:2', content: 'two', allowsInert: 'wrong mode' });
  store.saveLastGood('/etc/reeve/local.d', 'y.yaml', { digest: 'sha256:3', content: '', allowsInert: null });
  store.saveLastGood('/home/a/.config/reeve/local.d', 'x.yaml', {
    digest: 'sha256:4',
    content: 'a',
    allowsInert: null,
  });
  store.forgetLastGood('/etc/reeve/local.d', 'y.yaml');
  store.forgetLastGood('/etc/reeve/local.d', 'never.yaml');
  first.close();
  const second = open();
  t.after(() => second.close());
  const again = createLocalFileStore(second);
  assert.deepEqual(
    [...again.loadLastGood('/etc/reeve/local.d')],
    [['x.yaml', { digest: 'sha256:2', content: 'two', allowsInert: 'wrong mode' }]],
  );
  assert.equal(again.loadLastGood('/home/a/.config/reeve/local.d').size, 1);
  assert.equal(again.loadLastGood('/nowhere').size, 0);
});

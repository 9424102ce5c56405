import assert from 'node:assert/strict';
import { chmodSync, lchownSync } from 'node:fs';
import { test } from 'node:test';
import { resolveLiteralPrefix, resolveLiteralPrefixes } from '../../src/realpath/literal-prefix.ts';
import { plant, tempDirectory } from '../support/temp-tree.ts';

const asRoot = { skip: process.geteuid?.() === 0 ? false : 'only root can give files to root' };

const linuxOnly = { skip: process.platform === 'linux' ? false : 'needs /proc' };

test('a prefix that crosses links gets an entry, one that does not gets none', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a', 'gone -> nowhere', 'loop -> loop']);
  const links = resolveLiteralPrefixes([`${root}/a`, `${root}/l/x`, `${root}/gone`, `${root}/loop`, `${root}/new`]);
  assert.deepEqual([...links.keys()], [`${root}/l/x`, `${root}/gone`]);
  assert.equal(links.get(`${root}/l/x`)?.resolved, `${root}/a/x`);
  assert.equal(links.get(`${root}/gone`)?.resolved, `${root}/nowhere`);
});

test('a link that leads back to where it stands is none', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'a/self -> ..']);
  assert.equal(resolveLiteralPrefix(`${root}/a/self/a`)?.resolved, `${root}/a`);
  assert.equal(resolveLiteralPrefix(`${root}/a/self`)?.resolved, root);
});

test("root's link in root's directory is trusted", asRoot, (t) => {
  const root = tempDirectory(t);
  plant(root, ['dir/', 'dir/l -> ../a']);
  chmodSync(`${root}/dir`, 0o755);
  assert.deepEqual(resolveLiteralPrefix(`${root}/dir/l`), { resolved: `${root}/a`, trusted: true });
});

test('a link that anybody else could exchange is not trusted', asRoot, (t) => {
  const root = tempDirectory(t);
  plant(root, ['dir/', 'dir/l -> ../a', 'good/', 'good/l -> ../dir/l']);
  chmodSync(`${root}/good`, 0o755);
  const trusted = (path: string): boolean | undefined => resolveLiteralPrefix(`${root}/${path}`)?.trusted;
  for (const mode of [0o775, 0o757, 0o1777]) {
    chmodSync(`${root}/dir`, mode);
    assert.equal(trusted('dir/l'), false, mode.toString(8));
    // one such link on the way is enough
    assert.equal(trusted('good/l'), false);
  }
  chmodSync(`${root}/dir`, 0o755);
  assert.equal(trusted('good/l'), true);
  lchownSync(`${root}/dir/l`, 1000, 0);
  assert.equal(trusted('dir/l'), false, 'link of another user');
  lchownSync(`${root}/dir/l`, 0, 0);
  lchownSync(`${root}/dir`, 1000, 0);
  assert.equal(trusted('dir/l'), false, 'directory of another user');
});

test('a link of an ordinary user is not trusted', (t) => {
  const root = tempDirectory(t);
  plant(root, ['l -> a']);
  if (process.geteuid?.() === 0) lchownSync(`${root}/l`, 1000, 1000);
  assert.equal(resolveLiteralPrefix(`${root}/l`)?.trusted, false);
});

test('/proc/self leads everybody to themselves, so where it led us is not trusted', linuxOnly, () => {
  assert.deepEqual(resolveLiteralPrefix('/proc/self/status'), {
    resolved: `/proc/${process.pid}/status`,
    trusted: false,
  });
  assert.equal(resolveLiteralPrefix('/proc/self/root'), null);
});

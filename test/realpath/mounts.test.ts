import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldingMountsIn, readFoldingMounts } from '../../src/realpath/mounts.ts';

const line = (point: string, type: string, optional = ''): string =>
  `36 35 98:0 / ${point} rw,noatime ${optional}- ${type} /dev/sda1 rw,errors=continue`;

const mountsIn = (...lines: string[]): readonly string[] => foldingMountsIn(Buffer.from(lines.join('\n'), 'latin1'));

test('the mounts that fold case are found by their type', () => {
  for (const type of ['vfat', 'exfat', 'ntfs3', '9p', 'drvfs', 'cifs', 'smb3', 'virtiofs', 'fuseblk', 'fuseblk.ntfs']) {
    assert.deepEqual(mountsIn(line('/', 'ext4'), line('/mnt/x', type)), ['/mnt/x'], type);
  }
  for (const type of ['ext4', 'btrfs', 'tmpfs', 'fuse.sshfs', 'nfs4', 'overlay', 'vfatx']) {
    assert.deepEqual(mountsIn(line('/mnt/x', type)), [], type);
  }
});

test('optional fields, none or many, stand before the separator', () => {
  assert.deepEqual(mountsIn(line('/a', 'vfat', 'shared:1 master:2 '), line('/b', 'vfat', 'unbindable ')), ['/a', '/b']);
});

test('escapes in a mount point are undone, utf-8 is kept', () => {
  assert.deepEqual(mountsIn(line('/mnt/a\\040b\\134c\\012', 'vfat')), ['/mnt/a b\\c\n']);
  assert.deepEqual(foldingMountsIn(Buffer.from(line('/mnt/café', 'vfat'))), ['/mnt/café']);
});

test('a mount point that is not utf-8 is left out: no request can name it', () => {
  assert.deepEqual(mountsIn(line('/mnt/\u00ff', 'vfat'), line('/mnt/b', 'vfat')), ['/mnt/b']);
});

test('a mount point is listed once, and lines that are none are passed over', () => {
  assert.deepEqual(mountsIn(line('/a', 'vfat'), line('/a', 'exfat'), '', 'nonsense', '1 2 3 - vfat x'), ['/a']);
});

test('where there is no such file nothing folds; another error is not swallowed', () => {
  assert.deepEqual(readFoldingMounts('/nowhere/mountinfo'), []);
  assert.throws(() => readFoldingMounts('/'), { code: 'EISDIR' });
});

test('the mounts of this machine can be read', () => {
  for (const mount of readFoldingMounts()) assert.ok(mount.startsWith('/'));
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../support/scope.ts';

/** A file system of so many megabytes, in the place of a directory, until the test ends. */
export function mountSmallDisk(scope: Scope, directory: string, megabytes = 2): void {
  const { status, stderr } = mount(['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory]);
  if (status !== 0) throw new Error(`cannot mount: ${stderr}`);
  scope.after(() => void spawnSync('umount', ['-l', directory]));
}

export function remount(directory: string, how: 'ro' | 'rw'): void {
  const { status, stderr } = mount(['-o', `remount,${how}`, directory]);
  if (status !== 0) throw new Error(`cannot remount: ${stderr}`);
}

/** Why there can be no small disk; false = there can. */
export function noSmallDisk(): string | false {
  if (process.platform !== 'linux') return 'small disks are mounted on Linux only';
  const directory = mkdtempSync(join(tmpdir(), 'reeve-disk-'));
  const { status } = mount(['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]);
  if (status === 0) spawnSync('umount', [directory]);
  rmdirSync(directory);
  return status === 0 ? false : 'mounting is not allowed here';
}

function mount(args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  return { status, stderr };
}

import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, ftruncateSync, mkdtempSync, openSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../support/scope.ts';

/** A file system of so many megabytes, in the place of a directory, until the test ends. */
export function mountSmallDisk(scope: Scope, directory: string, megabytes = 2): void {
  mounted('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory);
  scope.after(() => void spawnSync('umount', ['-l', directory]));
}

export function remount(directory: string, how: 'ro' | 'rw'): void {
  mounted('-o', `remount,${how}`, directory);
}

/** A file system that lives in the file `<directory>.disk` and has a journal, until the test ends. */
export function mountJournaledDisk(scope: Scope, directory: string): void {
  const trouble = journaledDiskTrouble(directory);
  if (trouble !== null) throw new Error(trouble);
  scope.after(() => void spawnSync('umount', ['-l', directory]));
}

/** What a device that refuses a write makes of such a file system, with files open in it: it turns read-only at once. */
export function failDisk(directory: string): void {
  mounted('-o', 'remount,abort', directory);
}

/** What an administrator does then. */
export function mountAgain(directory: string): void {
  spawnSync('umount', [directory]);
  mounted('-o', 'loop', imageOf(directory), directory);
}

/** Makes one file read-only, for root as well; goes with the disk it is on. */
export function lockFile(path: string): void {
  mounted('--bind', path, path);
  mounted('-o', 'remount,bind,ro', path);
}

export function unlockFile(path: string): void {
  spawnSync('umount', [path]);
}

const imageOf = (directory: string): string => `${directory}.disk`;

/** Mounts one; why not, where that does not work. */
function journaledDiskTrouble(directory: string): string | null {
  const image = openSync(imageOf(directory), 'w');
  ftruncateSync(image, 8 * 1024 * 1024);
  closeSync(image);
  const made = spawnSync('mkfs.ext4', ['-q', imageOf(directory)], { encoding: 'utf8' });
  if (made.status !== 0) return 'mkfs.ext4 is not installed, or fails';
  const { status, stderr } = mount(['-o', 'loop', imageOf(directory), directory]);
  if (status !== 0) return `a disk image cannot be mounted here: ${stderr.trim()}`;
  rmSync(join(directory, 'lost+found'), { recursive: true });
  chmodSync(directory, 0o700);
  return null;
}

/** Why there can be no disk with a journal; false = there can. */
export function noJournaledDisk(): string | false {
  if (process.platform !== 'linux') return 'disk images are mounted on Linux only';
  const directory = mkdtempSync(join(tmpdir(), 'reeve-disk-'));
  const trouble = journaledDiskTrouble(directory);
  if (trouble === null) spawnSync('umount', [directory]);
  rmSync(imageOf(directory));
  rmdirSync(directory);
  return trouble ?? false;
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

function mounted(...args: readonly string[]): void {
  const { status, stderr } = mount(args);
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`);
}

function mount(args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  return { status, stderr };
}

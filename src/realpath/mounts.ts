import { readFileSync } from 'node:fs';
import { codeOf } from '../base/coded-error.ts';

/** File systems that take names in another case, or may be mounted so, for the same (Paths 8). */
const FOLDING_FILESYSTEMS = new Set(['vfat', 'exfat', 'ntfs3', '9p', 'drvfs', 'cifs', 'smb3', 'virtiofs', 'fuseblk']);

/** Mount points below which names are compared without case; none where there is no such file (macOS folds everywhere). */
export function readFoldingMounts(file = '/proc/self/mountinfo'): readonly string[] {
  try {
    return foldingMountsIn(readFileSync(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The same of the file's bytes; proc(5), `/proc/pid/mountinfo`. */
export function foldingMountsIn(mountinfo: Buffer): readonly string[] {
  const mounts = new Set<string>();
  // Latin-1 keeps every byte a character until the escapes are undone.
  for (const line of mountinfo.toString('latin1').split('\n')) {
    const [mount, filesystem = ''] = line.split(' - ', 2);
    const point = mount?.split(' ')[4];
    // a subtype stands behind a dot: `fuseblk.ntfs`
    if (point === undefined || !FOLDING_FILESYSTEMS.has(filesystem.split(/[ .]/, 1)[0] ?? '')) continue;
    const path = decodeMountPoint(point);
    if (path !== null) mounts.add(path);
  }
  return [...mounts];
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Space, tab, newline and backslash are written in octal. A point that is not UTF-8 is null: no path leads there (Paths 1). */
export function decodeMountPoint(text: string): string | null {
  const raw = text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  try {
    return utf8.decode(Buffer.from(raw, 'latin1'));
  } catch {
    return null;
  }
}

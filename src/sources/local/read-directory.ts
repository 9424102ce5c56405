import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, stat } from 'node:fs/promises';
import { codeOf } from '../../base/coded-error.ts';
import { LOCAL_FILE_BYTES } from '../../schema/limits.ts';
import { wayInHome } from './way-in-home.ts';

/** Files that one directory may hold; beyond that something else writes there. */
const MAX_FILES = 256;
const RULE_FILE = /^[^.].*\.(?:ya?ml|json)$/s;
/** Never through a link, never waiting on a FIFO, never taking a terminal (delivery, "Local override files"). */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** One name in the directory, as it was found. `untrusted` = why its allows cannot count, or null. */
export type FoundFile =
  | {
      readonly kind: 'content';
      readonly name: string;
      readonly text: string;
      readonly digest: string;
      readonly untrusted: string | null;
    }
  /** A file that cannot be read: what was last good keeps serving. */
  | { readonly kind: 'broken'; readonly name: string; readonly message: string; readonly untrusted: string | null }
  /** A link or another thing that is no regular file: not read, but listed. */
  | { readonly kind: 'skipped'; readonly name: string; readonly message: string };

export type DirectoryReading =
  | { readonly kind: 'files'; readonly files: readonly FoundFile[] }
  | { readonly kind: 'missing' }
  /** Something above the directory may not be entered, or that user leads the daemon elsewhere. */
  | { readonly kind: 'closed'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string };

export interface LocalDirectory {
  readonly directory: string;
  /** Uids whose files may allow. */
  readonly trustedOwners: readonly number[];
  /** The home that it lies in, if it is a user's own; null for everybody's. */
  readonly home: string | null;
  /** What its rule files may have together; in the order of their names, those beyond it are broken. */
  readonly maxBytes: number;
}

/** Reads every rule file of a directory once. Never throws; nothing in it can make another file unread. */
export async function readLocalDirectory(place: LocalDirectory): Promise<DirectoryReading> {
  const { directory, home, trustedOwners } = place;
  if (home === null) return readThere(place);
  let way: Awaited<ReturnType<typeof wayInHome>>;
  try {
    way = await wayInHome({ directory, home, trustedOwners });
  } catch (error) {
    return refusalOf(error);
  }
  if (way.kind === 'closed') return way;
  try {
    const reading = await readThere({ ...place, directory: way.path });
    return (await way.holds()) ? reading : { kind: 'closed', message: 'was exchanged while it was read' };
  } finally {
    await way.close();
  }
}

async function readThere(place: LocalDirectory): Promise<DirectoryReading> {
  const { directory, trustedOwners } = place;
  let untrusted: string | null;
  try {
    const stats = await stat(directory);
    if (!stats.isDirectory()) return { kind: 'unreadable', message: 'is no directory' };
    untrusted = distrust(stats, trustedOwners, 'the directory');
  } catch (error) {
    return refusalOf(error);
  }
  return readNames(place, untrusted);
}

function refusalOf(error: unknown): DirectoryReading {
  const code = codeOf(error) ?? 'unknown error';
  if (code === 'ENOENT') return { kind: 'missing' };
  const denied = code === 'EACCES' || code === 'EPERM';
  return { kind: denied ? 'closed' : 'unreadable', message: `cannot be entered (${code})` };
}

async function readNames(place: LocalDirectory, untrusted: string | null): Promise<DirectoryReading> {
  const { directory } = place;
  let names: readonly Buffer[];
  try {
    names = await readdir(directory, { encoding: 'buffer' });
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', message: `cannot be listed (${code})` };
  }
  const wanted = names.filter((name) => RULE_FILE.test(name.toString('latin1')));
  if (wanted.length > MAX_FILES) return { kind: 'unreadable', message: `holds more than ${MAX_FILES} rule files` };
  const files: FoundFile[] = [];
  let left = place.maxBytes;
  for (const bytes of wanted.toSorted((a, b) => a.compare(b))) {
    const name = bytes.toString('utf8');
    if (!Buffer.from(name, 'utf8').equals(bytes)) {
      files.push({ kind: 'broken', name, message: 'has a name that is not UTF-8; rename it', untrusted });
      continue;
    }
    const file = await readFile({ ...place, maxBytes: left }, name);
    if (file?.kind === 'content') left -= Buffer.byteLength(file.text);
    if (file !== null) files.push(file.kind === 'skipped' ? file : { ...file, untrusted: untrusted ?? file.untrusted });
  }
  return { kind: 'files', files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

async function readFile(place: LocalDirectory, name: string): Promise<FoundFile | null> {
  const { directory, trustedOwners } = place;
  const path = `${directory}/${name}`;
  let untrusted: string | null = 'its owner is not known';
  let handle: FileHandle | undefined;
  try {
    // looked at before it is opened: opening a device can already do something
    const before = await lstat(path);
    if (before.isSymbolicLink()) return { kind: 'skipped', name, message: 'is a link; put the file itself here' };
    if (!before.isFile()) return { kind: 'skipped', name, message: 'is no regular file' };
    untrusted = distrust(before, trustedOwners, 'the file');
    handle = await open(path, OPEN_FLAGS);
    return await readHandle(handle, name, place);
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') return { kind: 'skipped', name, message: 'is a link; put the file itself here' };
    return { kind: 'broken', name, message: `cannot be read (${code})`, untrusted };
  } finally {
    // a file system may refuse even that; what was read is judged by its size and time
    await handle?.close().catch(() => undefined);
  }
}

async function readHandle(handle: FileHandle, name: string, place: LocalDirectory): Promise<FoundFile> {
  const { trustedOwners, maxBytes } = place;
  const stats = await handle.stat();
  if (!stats.isFile()) return { kind: 'skipped', name, message: 'is no regular file' };
  const untrusted = distrust(stats, trustedOwners, 'the file');
  const broken = (message: string): FoundFile => ({ kind: 'broken', name, message, untrusted });
  const bytes = await readBounded(handle, Math.min(LOCAL_FILE_BYTES, maxBytes));
  if (bytes === null) {
    const alone = maxBytes >= LOCAL_FILE_BYTES;
    return broken(alone ? 'is larger than 1 MiB; split it' : 'is too much for this directory; write fewer rules');
  }
  const after = await handle.stat();
  if (after.size !== bytes.length || after.mtimeMs !== stats.mtimeMs) return broken('was being written');
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  try {
    return { kind: 'content', name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), digest, untrusted };
  } catch {
    return broken('is not UTF-8');
  }
}

/** Counts while reading: a file can grow after it was looked at. Null = over the limit. */
async function readBounded(handle: FileHandle, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(65_536), 0, 65_536, total);
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    total += bytesRead;
    if (total > limit) return null;
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function distrust(stats: Stats, trustedOwners: readonly number[], what: string): string | null {
  if (!trustedOwners.includes(stats.uid)) {
    return `${what} belongs to uid ${stats.uid}; it must belong to ${trustedOwners.map((uid) => `uid ${uid}`).join(' or ')}`;
  }
  if ((stats.mode & 0o022) !== 0) return `${what} can be written by its group or by others; run chmod go-w on it`;
  return null;
}

import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { type CrossedLink, walkLinks } from './walk.ts';

export type TrustedReading =
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'untrusted'; readonly message: string };

const GROUP_OR_OTHER_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Reads a file of the trusted config (delivery, "Trusted config"): it, every directory above it and every link on the
 * way belong to one of `owners`, and nobody else can write there. Messages never quote the content.
 */
export function readTrustedFile(path: string, owners: readonly number[], maxBytes: number): TrustedReading {
  try {
    const fault = directoriesFault(dirname(path), owners);
    return fault === null ? readFile(path, owners, maxBytes) : untrusted(fault);
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    if (code === 'ELOOP') return untrusted(`${shown(path)} is a link; name the file itself`);
    return untrusted(code === 'ENOENT' ? `there is no ${shown(path)}` : `cannot read ${shown(path)} (${code})`);
  }
}

/** Why somebody else could put another file in this place, whose links are all resolved; null = nobody can. */
export function placeFault(path: string, owners: readonly number[]): string | null {
  try {
    return directoriesFault(dirname(path), owners) ?? fileFault(path, lstatSync(path), owners);
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    return `cannot look at ${shown(path)} (${code})`;
  }
}

function readFile(path: string, owners: readonly number[], maxBytes: number): TrustedReading {
  // a FIFO in this place would otherwise hold the reader for ever
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return untrusted(`${shown(path)} is no regular file`);
    const fault = fileFault(path, stats, owners);
    if (fault !== null) return untrusted(fault);
    if (stats.size > maxBytes) return untrusted(`${shown(path)} is larger than ${maxBytes} bytes`);
    // one byte more than there was: a file that grows under the reader is not whole yet
    const buffer = Buffer.alloc(stats.size + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= stats.size; length += read) {
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    if (length > stats.size) return untrusted(`${shown(path)} is being written to`);
    return { kind: 'content', bytes: buffer.subarray(0, length) };
  } finally {
    closeSync(descriptor);
  }
}

function directoriesFault(directory: string, owners: readonly number[]): string | null {
  const links: CrossedLink[] = [];
  const resolution = walkLinks(directory, { crossed: (link) => links.push(link) });
  if (resolution.kind === 'unresolvable') return `cannot resolve ${shown(directory)}: ${resolution.reason}`;
  for (const place of [...links.map((link) => link.directory), resolution.real]) {
    for (let above = place; ; above = dirname(above)) {
      const fault = fileFault(above, lstatSync(above), owners);
      if (fault !== null) return fault;
      if (above === '/') break;
    }
  }
  const foreign = links.find((link) => !owners.includes(lstatSync(link.path).uid));
  return foreign === undefined ? null : `the link ${shown(foreign.path)} belongs to somebody else`;
}

function fileFault(path: string, stats: Stats, owners: readonly number[]): string | null {
  if (!owners.includes(stats.uid)) {
    return `${shown(path)} belongs to uid ${stats.uid}; it must belong to ${owners.map((uid) => `uid ${uid}`).join(' or ')}`;
  }
  // in a sticky directory only the owner can replace an entry, and the entry's owner is one of ours: checked one step below
  const sticky = stats.isDirectory() && (stats.mode & STICKY) !== 0;
  if (sticky || (stats.mode & GROUP_OR_OTHER_WRITE) === 0) return null;
  return `${shown(path)} can be written by its group or by others: chmod go-w it`;
}

function untrusted(message: string): TrustedReading {
  return { kind: 'untrusted', message };
}

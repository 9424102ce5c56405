import { lstatSync, readlinkSync } from 'node:fs';
import { codeOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';

/** What stands at a name. */
export type Seen =
  | { readonly kind: 'directory' | 'other' | 'missing' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Looks at one name in a directory that no link leads to; never throws. */
export type Look = (path: string) => Seen;

const DIRECTORY: Seen = { kind: 'directory' };
const OTHER: Seen = { kind: 'other' };
const MISSING: Seen = { kind: 'missing' };
/** An exception costs more than the rest of a look. */
const QUIETLY = { throwIfNoEntry: false } as const;

/** At the disk itself, for as long as that takes. */
export function look(path: string): Seen {
  try {
    const stat = lstatSync(path, QUIETLY);
    if (stat === undefined) return MISSING;
    if (stat.isDirectory()) return DIRECTORY;
    if (!stat.isSymbolicLink()) return OTHER;
    return targetOf(path, readlinkSync(path, { encoding: 'buffer' }));
  } catch (error) {
    const code = codeOf(error) ?? 'unknown error';
    return code === 'ENOENT' ? MISSING : { kind: 'unreadable', reason: `cannot look at ${shown(path)}: ${code}` };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A target that is not UTF-8 cannot be written in a rule or an answer (Paths 2). */
function targetOf(path: string, bytes: Buffer): Seen {
  try {
    return { kind: 'link', target: utf8.decode(bytes) };
  } catch {
    return { kind: 'unreadable', reason: `the link ${shown(path)} leads to a name that is not utf-8` };
  }
}

import { closeSync, constants, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../base/coded-error.ts';
import { createDurably, syncDirectory } from '../files/durable-file.ts';
import { StoreError } from './store-error.ts';

/** A policy as the mark remembers it: enough to know it again, and to know an older one. */
export interface Mark {
  readonly source: string;
  readonly org: string;
  readonly revision: string;
  /** Of the stored row. */
  readonly digest: string;
  /** Signed bundles only; see `BundleOrigin`. */
  readonly epoch: number | null;
  readonly rootVersion: number | null;
  /** What had confirmed it when it was activated, in milliseconds since the epoch; signed bundles only. */
  readonly issuedAt: number | null;
}

/** What is written before a change and after it: `next` before the transaction, `active` behind it. */
export interface Marks {
  readonly active: Mark | null;
  readonly next: Mark | null;
}

export type MarkReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly message: string }
  | { readonly kind: 'marks'; readonly marks: Marks };

/**
 * The high-water mark beside the database (delivery, "What always holds"), in a file of its own: whoever brings back an
 * old database does not bring back an old mark.
 */
export interface MarkFile {
  /** Never throws. */
  read(): MarkReading;
  /** On the disk when it returns. Throws a `StoreError`; the old mark is there then. */
  write(marks: Marks): void;
  remove(): void;
}

const MAX_BYTES = 16 * 1024;

export function openMarkFile(path: string): MarkFile {
  return {
    read: () => read(path),
    write(marks) {
      try {
        write(path, `${JSON.stringify(marks)}\n`);
      } catch (error) {
        throw new StoreError('mark_unwritable', `cannot write \`${path}\`: ${messageOf(error)}`, { cause: error });
      }
    },
    remove() {
      rmSync(path, { force: true });
      syncDirectory(dirname(path));
    },
  };
}

function read(path: string): MarkReading {
  let text: string;
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      text = readFileSync(descriptor, 'utf8').slice(0, MAX_BYTES);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unreadable', message: `\`${path}\` cannot be read: ${messageOf(error)}` };
  }
  const marks = parsed(text);
  return marks === null
    ? { kind: 'unreadable', message: `\`${path}\` is not what was written` }
    : { kind: 'marks', marks };
}

function parsed(text: string): Marks | null {
  try {
    const { active, next } = JSON.parse(text) as { active?: unknown; next?: unknown };
    return isMark(active) && isMark(next) ? { active, next } : null;
  } catch {
    return null;
  }
}

function isMark(value: unknown): value is Mark | null {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { source, org, revision, digest, epoch, rootVersion, issuedAt } = value as Readonly<Record<string, unknown>>;
  const texts = [source, org, revision, digest].every((text) => typeof text === 'string');
  const numbers = [epoch, rootVersion, issuedAt].every((number) => number === null || Number.isSafeInteger(number));
  return texts && numbers;
}

function write(path: string, text: string): void {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  createDurably(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

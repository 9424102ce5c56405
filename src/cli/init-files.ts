import { existsSync, linkSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { createDurably } from '../files/durable-file.ts';
import { CliError } from './cli-error.ts';

/** A file that `reeve init` writes. */
export interface NewFile {
  readonly path: string;
  readonly bytes: string | Uint8Array;
  readonly mode: number;
}

/** Files that are written and not in force yet: all of them become so, or none is left. */
export interface StagedFile extends NewFile {
  /** Where it lies meanwhile, beside its own place. */
  readonly staged: string;
}

export interface Staging {
  readonly files: readonly StagedFile[];
  /** Those that were made for them; the innermost is the first. */
  readonly directories: readonly string[];
}

/** Writes all beside their places, durably. Throws a `CliError`; then none is left. */
export function stageFiles(files: readonly NewFile[], directoryMode: number): Staging {
  const staged: StagedFile[] = [];
  const directories: string[] = [];
  try {
    for (const file of files) {
      directories.unshift(...makeDirectory(dirname(file.path), directoryMode));
      const path = `${file.path}.${process.pid}.new`;
      staged.push({ ...file, staged: path });
      createDurably(path, file.bytes, { mode: file.mode });
    }
    return { files: staged, directories };
  } catch (error) {
    dropStaged({ files: staged, directories });
    const code = codeOf(error) ?? 'error';
    const place = shown(staged.at(-1)?.path ?? files[0]?.path ?? '');
    throw new CliError(
      'failed',
      `cannot write ${place} (${code})`,
      'a system install is for root: use sudo, or --config FILE',
    );
  }
}

/**
 * What is in place stays, with its directories. An empty /etc/reeve would say that this machine has a system install,
 * and stop every user's own service.
 */
export function dropStaged({ files, directories }: Staging): void {
  for (const { staged } of files) {
    try {
      unlinkSync(staged);
    } catch {
      // it never came to be
    }
  }
  for (const directory of directories) {
    try {
      rmdirSync(directory);
    } catch {
      // something is in it, ours or by now somebody else's
    }
  }
}

/** Gives back which directories that took, the innermost first. */
function makeDirectory(path: string, mode: number): readonly string[] {
  const first = mkdirSync(path, { recursive: true, mode });
  const made: string[] = [];
  if (first === undefined) return made;
  for (let at = path; at.length >= first.length; at = dirname(at)) made.push(at);
  return made;
}

/** What is there already is kept under the second name, if it may be replaced. */
export interface Replacing {
  readonly replace: boolean;
  readonly kept: (path: string) => string;
}

/** Puts a staged file in its place. What it gives back undoes that. Throws a `CliError` where something is there already. */
export function placeFile({ path, staged }: StagedFile, { replace, kept }: Replacing): () => void {
  const old = replace && existsSync(path) ? kept(path) : null;
  if (old !== null) renameSync(path, old);
  try {
    // a link, not a rename: a rename would replace a file that somebody has put there meanwhile
    linkSync(staged, path);
  } catch (error) {
    if (old !== null) renameSync(old, path);
    if (codeOf(error) !== 'EEXIST') throw error;
    const hint = 'say `--replace` to keep it under another name and write a new one';
    throw new CliError('failed', `there is a ${shown(path)} already`, hint);
  }
  return () => {
    unlinkSync(path);
    if (old !== null) renameSync(old, path);
  };
}

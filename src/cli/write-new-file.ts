import { linkSync, mkdirSync, unlinkSync } from 'node:fs';
import { codeOf } from '../base/coded-error.ts';
import { createDurably, syncDirectory } from '../files/durable-file.ts';
import { CliError } from './cli-error.ts';
import type { LocalDirectory } from './local-directory.ts';

const MOST_NAMES = 100;

/**
 * Writes a file that was not there: whole or not at all, on the disk when this returns, and never over another one.
 * Gives its path; a taken name gets a number.
 */
export function writeNewFile(directory: LocalDirectory, stem: string, text: string): string {
  const temporary = `${directory.path}/.${stem}.${process.pid}.tmp`;
  try {
    mkdirSync(directory.path, { recursive: true, mode: directory.directoryMode });
    createDurably(temporary, text, { mode: directory.fileMode });
    try {
      return linkUnderFreeName(directory.path, temporary, stem);
    } finally {
      unlinkSync(temporary);
      syncDirectory(directory.path);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = codeOf(error) ?? 'error';
    throw new CliError(
      'failed',
      `cannot write to \`${directory.path}\` (${code})`,
      'a system install’s directory is for root: use sudo, or name another one with --directory',
    );
  }
}

/** A link, not a rename: a rename would replace a file of that name. */
function linkUnderFreeName(directory: string, temporary: string, stem: string): string {
  for (let number = 1; number <= MOST_NAMES; number++) {
    const path = `${directory}/${stem}${number === 1 ? '' : `-${number}`}.yaml`;
    try {
      linkSync(temporary, path);
      return path;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  throw new CliError(
    'failed',
    `\`${directory}\` holds ${MOST_NAMES} files like this one`,
    'remove some: reeve local rm FILE',
  );
}

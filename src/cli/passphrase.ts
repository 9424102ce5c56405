import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import { ReadStream } from 'node:tty';
import { codeOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { CliError } from './cli-error.ts';
import type { OptionSpec } from './command.ts';

/** Never on the command line nor in the environment: both are shown to others. */
export const PASSPHRASE_OPTION: OptionSpec = {
  flags: '--passphrase-file <file>',
  description: 'file with the passphrase, for you only (mode 0600); without it the terminal asks',
};

const MAX_PASSPHRASE_BYTES = 1_024;

/** The passphrase of a key that there is. */
export async function passphrase(what: string, file: string | undefined): Promise<string> {
  return file === undefined ? await askHidden(`passphrase of ${what}: `) : fromFile(file);
}

/** The passphrase of a key that is about to be made: asked twice, since nobody sees what was typed. */
export async function newPassphrase(what: string, file: string | undefined): Promise<string> {
  if (file !== undefined) return fromFile(file);
  const first = await askHidden(`new passphrase for ${what}: `);
  if (first === (await askHidden('the same again: '))) return first;
  throw new CliError('failed', 'the two passphrases differ: nothing was written');
}

function fromFile(path: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    throw new CliError('failed', `cannot read the passphrase file ${shown(path)} (${code})`);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new CliError('failed', `the passphrase file ${shown(path)} is no regular file`);
    if ((stats.mode & 0o077) !== 0 || (stats.uid !== 0 && stats.uid !== userInfo().uid)) {
      throw new CliError('failed', `others may read the passphrase file ${shown(path)}`, `chmod 600 ${path}`);
    }
    const buffer = Buffer.alloc(MAX_PASSPHRASE_BYTES + 1);
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    if (length > MAX_PASSPHRASE_BYTES) throw new CliError('failed', `the passphrase file ${shown(path)} is too long`);
    const text = buffer.toString('utf8', 0, length).replace(/\r?\n$/, '');
    if (text !== '' && !text.includes('\n')) return text;
    throw new CliError('failed', `the passphrase file ${shown(path)} does not hold one line`);
  } finally {
    closeSync(descriptor);
  }
}

/** Return, and Ctrl-C and Ctrl-D, which are characters like any other while the terminal is raw. */
const ENDS: ReadonlySet<string> = new Set(['\r', '\n', '\u0003', '\u0004']);
const ERASES: ReadonlySet<string> = new Set(['\b', '\u007f']);

/** On the terminal itself, wherever standard input comes from, and without an echo; `instead` is the option without one. */
export function askHidden(prompt: string, instead = '--passphrase-file FILE'): Promise<string> {
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch {
    throw new CliError('failed', 'there is no terminal to ask for the secret', `give it with ${instead}`);
  }
  const terminal = new ReadStream(descriptor).setRawMode(true);
  writeSync(descriptor, prompt);
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    let typed: readonly string[] = [];
    const end = (settle: () => void): void => {
      terminal.setRawMode(false);
      writeSync(descriptor, '\n');
      terminal.destroy();
      settle();
    };
    terminal.on('error', (error) => end(() => reject(error)));
    terminal.on('data', (chunk: Buffer) => {
      for (const character of decoder.write(chunk)) {
        if (ENDS.has(character)) {
          const entered = character === '\r' || character === '\n';
          end(() => (entered ? resolve(typed.join('')) : reject(new CliError('failed', 'nothing was entered'))));
          return;
        }
        typed = ERASES.has(character) ? typed.slice(0, -1) : [...typed, character];
      }
    });
  });
}

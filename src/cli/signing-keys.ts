import type { SigningKey } from '../publisher/signers.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textsOption } from './command.ts';
import { passphrase } from './passphrase.ts';

export const KEYS_OPTION: OptionSpec = {
  flags: '--key <file>',
  description: 'private key file; the root says what it may sign; may be repeated',
  repeatable: true,
};

export const PASSPHRASES_OPTION: OptionSpec = {
  flags: '--passphrase-file <file>',
  description: 'file with the passphrase (mode 0600): one for all keys, or one for each in their order',
  repeatable: true,
};

/** Opens the private keys that were named; the terminal asks where no file says a passphrase. */
export async function openKeys(input: CommandInput): Promise<readonly SigningKey[]> {
  const { openKeyFile, readEncryptedKey } = await import('../publisher/key-file.ts');
  const paths = textsOption(input, 'key');
  const files = textsOption(input, 'passphraseFile');
  if (files.length > 1 && files.length !== paths.length) {
    throw new CliError('usage', `${paths.length} keys and ${files.length} passphrase files: give one, or one for each`);
  }
  const keys: SigningKey[] = [];
  for (const [index, path] of paths.entries()) {
    // whether it is there, before anybody is asked
    readEncryptedKey(path);
    keys.push(openKeyFile(path, await passphrase(path, files.length > 1 ? files[index] : files[0])));
  }
  return keys;
}

import { hasSystemInstall, homeOf, ownSocketLayout } from '../socket/find-socket.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textOption } from './command.ts';

/** Where `reeve local` writes, and how its files are made. */
export interface LocalDirectory {
  readonly path: string;
  readonly directoryMode: number;
  readonly fileMode: number;
}

export const DIRECTORY_OPTION: OptionSpec = {
  flags: '--directory <path>',
  description:
    'directory of the local files (default: /etc/reeve/local.d, without a system install ~/.config/reeve/local.d)',
};

/** A system install's directory is public; a user's own is private. */
export function localDirectory(input: CommandInput): LocalDirectory {
  const named = textOption(input, 'directory');
  const system = hasSystemInstall(ownSocketLayout());
  const modes = system ? { directoryMode: 0o755, fileMode: 0o644 } : { directoryMode: 0o700, fileMode: 0o600 };
  if (named !== undefined) return { path: named.replace(/(?<=.)\/+$/, ''), ...modes };
  if (system) return { path: '/etc/reeve/local.d', ...modes };
  const home = homeOf(process.geteuid?.() ?? -1);
  if (home === null) throw new CliError('usage', 'this user has no home', 'name the directory with --directory');
  return { path: `${home}/.config/reeve/local.d`, ...modes };
}

/** A file name in the directory, as `local ls` shows it: no path. */
export function localFileName(text: string): string {
  if (/^[^./][^/]*\.(?:ya?ml|json)$/.test(text)) return text;
  throw new CliError('usage', `\`${text}\` is no file of the local directory`, '`reeve local ls` shows their names');
}

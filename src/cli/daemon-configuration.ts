import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import type { Installation } from '../daemon/config/load-config.ts';
import { hasSystemInstall, homeOf, ownSocketLayout } from '../socket/find-socket.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textOption } from './command.ts';

export const CONFIG_OPTION: OptionSpec = {
  flags: '--config <file>',
  description:
    'configuration file of the daemon (default: /etc/reeve/reeve.yaml, without a system install ~/.config/reeve/reeve.yaml)',
};

const SYSTEM_CONFIGURATION = '/etc/reeve/reeve.yaml';

/** The configuration that the daemon of this machine has or would have; null = none is named, and there is none. */
export async function daemonConfiguration(cwd: string, input: CommandInput): Promise<DaemonConfig | null> {
  const named = textOption(input, 'config');
  const file = named === undefined ? configurationFile() : resolve(cwd, named);
  if (file === null) return null;
  const { loadConfig, ownInstallation } = await import('../daemon/config/load-config.ts');
  try {
    return loadConfig(file, ownInstallation());
  } catch (error) {
    throw new CliError('failed', messageOf(error), 'name another configuration with `--config FILE`');
  }
}

/** Where the daemon of this machine has its configuration; null = it has none. */
export function configurationFile(): string | null {
  const file = configurationPlace();
  return file !== null && existsSync(file) ? file : null;
}

/** Where it has or would have one; null = this user has no home. */
export function configurationPlace(): string | null {
  if (hasSystemInstall(ownSocketLayout())) return SYSTEM_CONFIGURATION;
  const home = homeOf(process.geteuid?.() ?? -1);
  return home === null ? null : join(home, '.config/reeve/reeve.yaml');
}

/** Whose daemon a configuration is for: the system's is root's, whoever asks about it. */
export async function installationOf(file: string | null): Promise<Installation> {
  const { ownInstallation } = await import('../daemon/config/load-config.ts');
  const own = ownInstallation();
  return file === SYSTEM_CONFIGURATION ? { ...own, service: 'system' } : own;
}
